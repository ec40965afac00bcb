#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the tests' guest: Debian's kernel, and an initramfs of one program of ours, the guest agent and a shell.

usage: make-guest.py INIT DIRECTORY

INIT is the program, linked statically. In DIRECTORY are vmlinuz and initramfs afterwards. The kernel is downloaded by apt, and
not installed; what is there of an earlier time is not downloaded again. Where it cannot be had this is said, and the status
is 0: tests that need a guest are skipped then.
"""

import lzma
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = 'linux-image-cloud-amd64'
# In the order of loading. Those that are not in the package are parts of the kernel.
MODULES = ('virtio_ring', 'virtio', 'virtio_pci_modern_dev', 'virtio_pci_legacy_dev', 'virtio_pci', 'virtio_console',
           'button', 'evdev', 'pvpanic', 'pvpanic-mmio', 'pvpanic-pci')
# The agent does nothing without a program that it can run.
PROGRAMS = {'usr/sbin/qemu-ga': 'qemu-ga', 'bin/sh': 'dash', 'bin/cat': 'cat'}


class Missing(Exception):
    pass


# --- the kernel ---

def call(*command, **keywords):
    try:
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, **keywords).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f'{command[0]}: {error}') from error


def download_listed(directory):
    """The package of the kernel that the other one stands for."""
    listed = call('apt-cache', 'depends', PACKAGE, text=True)
    names = re.findall(r'Depends: (linux-image-\S+)', listed)
    if not names:
        raise Missing(f'apt knows no {PACKAGE}')
    call('apt-get', 'download', '-q', names[0], cwd=directory)
    return next(pathlib.Path(directory).glob('*.deb'))


def download(directory):
    """What apt knows may be old, or nothing yet."""
    try:
        return download_listed(directory)
    except Missing:
        call(*([] if os.geteuid() == 0 else ['sudo', '-n']), 'apt-get', 'update', '-q')
        return download_listed(directory)


def unpack(package, directory):
    """vmlinuz comes last, and stands for the whole."""
    process = subprocess.Popen(['dpkg-deb', '--fsys-tarfile', package], stdout=subprocess.PIPE)
    (directory / 'modules').mkdir(parents=True, exist_ok=True)
    kernel = None
    with process, tarfile.open(fileobj=process.stdout, mode='r|') as archive:
        for member in archive:
            name = pathlib.PurePath(member.name).name
            if name.startswith('vmlinuz-'):
                kernel = archive.extractfile(member).read()
            elif name.split('.')[0] in MODULES and '.ko' in name:
                (directory / 'modules' / name).write_bytes(archive.extractfile(member).read())
    if process.returncode != 0 or kernel is None:
        raise Missing(f'{package} has no kernel')
    part = directory / 'vmlinuz.part'
    part.write_bytes(kernel)
    part.rename(directory / 'vmlinuz')


def get_kernel(directory):
    if (directory / 'vmlinuz').exists():
        return
    with tempfile.TemporaryDirectory() as temporary:
        unpack(download(temporary), directory)


# --- the initramfs ---

class Archive:
    """cpio, as the kernel wants it."""

    def __init__(self):
        self.data = bytearray()
        self.names = set()

    def add(self, name, mode, content=b'', device=(0, 0)):
        if name in self.names:
            return
        self.names.add(name)
        if '/' in name:
            self.add_folder(name.rpartition('/')[0])
        path = name.encode() + b'\0'
        fields = (len(self.names), mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(path), 0)
        self.data += b'070701' + b''.join(b'%08x' % field for field in fields) + path
        self.pad()
        self.data += content
        self.pad()

    def pad(self):
        self.data += bytes(-len(self.data) % 4)

    def add_folder(self, name):
        self.add(name, stat.S_IFDIR | 0o755)

    def add_file(self, name, content):
        self.add(name, stat.S_IFREG | 0o755, content)

    def finish(self):
        self.add('TRAILER!!!', 0)
        return bytes(self.data)


def read_module(path):
    content = path.read_bytes()
    return lzma.decompress(content) if path.suffix == '.xz' else content


def find_libraries(program):
    """What it is linked with, and the loader of that."""
    return re.findall(r'(/\S+) \(0x', subprocess.run(['ldd', program], check=True, stdout=subprocess.PIPE, text=True).stdout)


def add_program(archive, name, program):
    path = shutil.which(program, path=os.environ['PATH'] + ':/usr/sbin:/sbin')
    if path is None:
        return
    archive.add_file(name, pathlib.Path(path).read_bytes())
    for library in find_libraries(path):
        archive.add_file(library[1:], pathlib.Path(library).read_bytes())


def make_initramfs(init, directory):
    archive = Archive()
    # Messages of a process before it has mounted anything.
    archive.add('dev/console', stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add_file('init', init.read_bytes())
    archive.add_file('sbin/shutdown', init.read_bytes())
    for number, name in enumerate(MODULES):
        for path in (directory / 'modules').glob(f'{name}.ko*'):
            archive.add_file(f'modules/{number:02}-{name}.ko', read_module(path))
    for name, program in PROGRAMS.items():
        add_program(archive, name, program)
    part = directory / 'initramfs.part'
    part.write_bytes(archive.finish())
    part.rename(directory / 'initramfs')


def main(init, directory):
    directory.mkdir(parents=True, exist_ok=True)
    try:
        get_kernel(directory)
    except Missing as error:
        print(f'the tests that need a guest are skipped: no kernel could be had: {error}', file=sys.stderr)
        return
    make_initramfs(init, directory)


main(*map(pathlib.Path, sys.argv[1:]))
