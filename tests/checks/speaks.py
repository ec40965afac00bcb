#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library, installed under a prefix of its own, speaks the languages that it has.

A program is built against what was installed, with what its pkg-config file says.

usage: speaks.py SOURCE_ROOT MESON
"""

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

import checklib

SAID = {
    'C.UTF-8': 'The address is empty',
    'de_DE.UTF-8': 'Die Adresse ist leer',
    'ja_JP.UTF-8': 'アドレスが空です',
}


def make_locale(locale, directory):
    name, charmap = locale.split('.')
    subprocess.run(['localedef', '-i', name, '-f', charmap, f'{directory}/{locale}'], check=True,
                   stdout=subprocess.DEVNULL)


def install(root, meson, directory):
    prefix = f'{directory}/prefix'
    log = pathlib.Path(directory, 'log')
    with log.open('w', encoding='utf-8') as output:
        for command in [
            ['setup', f'{directory}/build', root, '--prefix', prefix, '--libdir=lib', '-Dbuildtype=plain',
             '-Dtests=false', '-Dintrospection=disabled', '-Dvapi=disabled', '-Ddocumentation=disabled'],
            ['install', '-C', f'{directory}/build'],
        ]:
            if subprocess.run([*meson, *command], stdout=output, stderr=output, check=False).returncode != 0:
                sys.exit(log.read_text(encoding='utf-8'))
    return prefix


def build(root, prefix, directory):
    environment = {**os.environ, 'PKG_CONFIG_PATH': f'{prefix}/lib/pkgconfig'}
    flags = subprocess.run(['pkg-config', '--cflags', '--libs', 'qmp-glib-1.0'], env=environment, check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    program = f'{directory}/speaks'
    subprocess.run(['cc', f'{root}/tests/checks/speaks.c', '-o', program, *shlex.split(flags)], check=True)
    return program


def speak(program, prefix, directory, locale):
    environment = {**os.environ, 'LD_LIBRARY_PATH': f'{prefix}/lib', 'LOCPATH': directory, 'LC_ALL': locale}
    environment.pop('LANGUAGE', None)
    return subprocess.run([program], env=environment, check=True, stdout=subprocess.PIPE,
                          encoding='utf-8').stdout.rstrip('\n')


def compare(locale, said):
    if said != SAID[locale]:
        yield f'with {locale} the library says “{said}” and not “{SAID[locale]}”'


def check(root, *meson):
    with tempfile.TemporaryDirectory(prefix='qmp-glib-') as directory:
        prefix = install(root, meson, directory)
        program = build(root, prefix, directory)
        for locale in SAID:
            if not locale.startswith('C.'):
                make_locale(locale, directory)
            yield from compare(locale, speak(program, prefix, directory, locale))


def right():
    return list(SAID.items())


def wrong():
    return [('de_DE.UTF-8', SAID['C.UTF-8']), ('ja_JP.UTF-8', SAID['de_DE.UTF-8'])]


if __name__ == '__main__':
    checklib.main(compare if sys.argv[1:] == ['--self-test'] else check, right, wrong)
