#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gets QEMU's own Python client, which tests and benchmarks compare with: from the sources of this Debian's QEMU.

usage: get.py DIRECTORY

DIRECTORY/python is that of the sources afterwards; when it is there already nothing is done. apt downloads the sources and
checks them, with lists of its own: the computer's are left alone. Where they cannot be had this is said, and the status is 0:
what needs them is skipped then.
"""

import pathlib
import platform
import re
import subprocess
import sys
import tarfile
import tempfile

KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'


class Missing(Exception):
    pass


def apt(directory, *arguments):
    command = ['apt-get', '-q', '-q', '-o', f'Dir::Etc::SourceList={directory}/sources.list', '-o', 'Dir::Etc::SourceParts=/dev/null',
               '-o', f'Dir::State::Lists={directory}/lists', '-o', 'APT::Sandbox::User=root', *arguments]
    try:
        subprocess.run(command, check=True, cwd=directory, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(error) from error


def get_release():
    try:
        release = platform.freedesktop_os_release()
    except OSError as error:
        raise Missing(error) from error
    if release['ID'] != 'debian' or 'VERSION_CODENAME' not in release:
        raise Missing('this is not a Debian that has been released')
    return release['VERSION_CODENAME']


def download(directory):
    (directory / 'lists' / 'partial').mkdir(parents=True)
    (directory / 'sources.list').write_text(f'deb-src [signed-by={KEYS}] http://deb.debian.org/debian {get_release()} main\n',
                                            encoding='utf-8')
    apt(directory, 'update')
    apt(directory, 'source', '--download-only', '--tar-only', 'qemu')
    for path in directory.glob('qemu_*.orig.tar.*'):
        return path
    raise Missing('apt has not said why')


def unpack(path, directory):
    """What stands below python/, and no more."""
    part = directory / 'part'
    with tarfile.open(path) as archive:
        for member in archive:
            found = re.fullmatch(r'[^/]+/(python/qemu/[\w./-]+\.py)', member.name)
            if not found or not member.isfile() or '..' in found[1]:
                continue
            target = part / found[1]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.extractfile(member).read())
    if not (part / 'python' / 'qemu' / 'qmp').is_dir():
        raise Missing(f'{path.name} has no python/qemu/qmp')
    (part / 'python').rename(directory / 'python')
    part.rmdir()


def main(directory):
    if (directory / 'python').exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        try:
            unpack(download(pathlib.Path(temporary)), directory)
        except Missing as error:
            print(f"what needs QEMU's own Python client is skipped: its source could not be had: {error}", file=sys.stderr)


main(pathlib.Path(sys.argv[1]))
