# SPDX-License-Identifier: LGPL-2.1-or-later
"""Prints where this Python takes modules from that are installed under a prefix, and in a line of its own where it looks untold.

usage: PYTHON python-directory.py PREFIX
"""

import os
import pathlib
import site
import sys
import sysconfig


def find_own_directories():
    """Not sys.path, which also has what PYTHONPATH says."""
    directories = list(site.getsitepackages())
    if site.ENABLE_USER_SITE:
        directories.append(site.getusersitepackages())
    return directories


def belongs(directory, prefix):
    """Whether it is PREFIX/lib/python3.X/site-packages or the like: /usr/local/lib/… is not of the prefix /usr."""
    directory, prefix = map(pathlib.Path, map(os.path.realpath, (directory, prefix)))
    return prefix in directory.parents and len(directory.relative_to(prefix).parts) == 3


def choose(directories, prefix):
    candidates = [directory for directory in directories if belongs(directory, prefix)]
    # lib64 is for modules in C.
    candidates.sort(key=lambda directory: '/lib/' not in directory)
    if candidates:
        return candidates[0]
    return sysconfig.get_path('purelib', 'posix_prefix', {'base': prefix, 'platbase': prefix})


if __name__ == '__main__':
    OWN = find_own_directories()
    print(choose(OWN, sys.argv[1]))
    print(':'.join(OWN))
