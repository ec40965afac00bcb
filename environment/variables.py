#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints, for a shell, how to read a file, and the variables without which programs would not find what is installed.

usage: variables.py FILE NAME=DIRECTORY[:FOUND...]...

FOUND are directories in which programs look without the variable; the loader and pkg-config are asked.
"""

import os
import re
import shlex
import subprocess
import sys

DEFAULTS = {'XDG_DATA_DIRS': '/usr/local/share:/usr/share'}


def output(*command):
    try:
        done = subprocess.run(command, env={**os.environ, 'LC_ALL': 'C'}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding='utf-8', errors='surrogateescape', check=False)
    except OSError:
        return ''
    return done.stdout


def find_loader_directories():
    """Also those that are not there yet, about which ldconfig complains."""
    text = output('/sbin/ldconfig', '-N', '-X', '-v')
    return re.findall(r"^(?:\S*ldconfig: Can't stat )?(/[^:\n]*):", text, re.MULTILINE)


def find_directories(name, found):
    if name == 'LD_LIBRARY_PATH':
        return find_loader_directories()
    if name == 'PKG_CONFIG_PATH':
        return output('pkg-config', '--variable', 'pc_path', 'pkg-config').strip().split(':')
    return found


def is_needed(name, directory, found):
    directories = {os.path.realpath(path) for path in find_directories(name, found) if path}
    return os.path.realpath(directory) not in directories


def print_variable(name, directory):
    if name in DEFAULTS:
        print(f': "${{{name}:={DEFAULTS[name]}}}"')
    print(f'qmp_glib_prepend {name} {shlex.quote(directory)}')


if __name__ == '__main__':
    print('.', shlex.quote(sys.argv[1]))
    for argument in sys.argv[2:]:
        NAME, DIRECTORIES = argument.split('=', 1)
        WANTED, *FOUND = DIRECTORIES.split(':')
        if is_needed(NAME, WANTED, FOUND):
            print_variable(NAME, WANTED)
