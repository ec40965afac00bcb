#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library as users have it: installed, under a prefix of its own, with the variables that such a prefix takes.

A tree is built and installed, and the build is taken away before anything is tried; what came from there is missing.

usage: installed.py SOURCE_ROOT [PYTHON GJS]
"""

import gettext
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

SAID = {
    'C.UTF-8': 'The address is empty',
    'de_DE.UTF-8': 'Die Adresse ist leer',
    'ja_JP.UTF-8': 'アドレスが空です',
}
WHERE_PYTHON = '''
import gi
gi.require_version('Qmp', '1.0')
from gi.repository import Qmp
import gi.overrides.Qmp
print(gi.overrides.Qmp.__file__)
print(open('/proc/self/maps').read())
'''
WHERE_JAVASCRIPT = '''
import GLib from 'gi://GLib';
import Qmp from 'gi://Qmp?version=1.0';
print(imports.overrides.Qmp.__file__);
print(new TextDecoder().decode(GLib.file_get_contents('/proc/self/maps')[1]), Qmp.Client);
'''


class Installation:
    """A tree that was installed, and the environment in which it is found."""

    def __init__(self, source, directory):
        self.source = pathlib.Path(source).resolve()
        self.directory = pathlib.Path(directory).resolve()
        self.prefix = self.directory / 'prefix'
        self.environment = {'PATH': os.environ['PATH'], 'HOME': str(self.directory), 'LC_ALL': 'C.UTF-8'}
        self._install()
        self.libraries = self.find('libqmp-glib-1.0.so').parent
        self.environment.update({
            'PATH': f'{self.prefix}/bin:{os.environ["PATH"]}',
            'G_DEBUG': 'fatal-criticals',
            'LD_LIBRARY_PATH': str(self.libraries),
            'PKG_CONFIG_PATH': str(self.find('qmp-glib-1.0.pc').parent),
            'GI_TYPELIB_PATH': str(self.find('Qmp-1.0.typelib').parent),
            'PYTHONPATH': str(self.find('gi/overrides/Qmp.py').parents[2]),
            'PYTHONDONTWRITEBYTECODE': '1',
            'XDG_DATA_DIRS': f'{self.prefix}/share:/usr/local/share:/usr/share',
        })

    def _install(self):
        build = self.directory / 'build'
        self.run('meson', 'setup', build, self.source, '--prefix', self.prefix, '-Dbuildtype=plain', '-Dtests=false',
                 '-Dintrospection=enabled', '-Dvapi=enabled', '-Dtools=enabled', '-Ddocumentation=disabled')
        self.run('meson', 'compile', '-C', build)
        self.run('meson', 'install', '--no-rebuild', '-C', build)
        shutil.rmtree(build)

    def run(self, *command, **variables):
        """Returns what a command prints; its failure is one of the test's."""
        done = subprocess.run(list(map(str, command)), env={**self.environment, **variables}, cwd=self.directory,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              encoding='utf-8', check=False)
        if done.returncode != 0:
            raise AssertionError(f'{shlex.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}')
        return done.stdout

    def find(self, name):
        """The only installed file of this name, which may begin with its directories."""
        found = list(self.prefix.rglob(name))
        if len(found) != 1:
            raise AssertionError(f'{name} is not installed once, but as {found}')
        return found[0]

    def compile_c(self, path):
        program = self.directory / path.stem
        flags = self.run('pkg-config', '--cflags', '--libs', 'qmp-glib-1.0', 'gio-unix-2.0')
        self.run('cc', path, '-o', program, *shlex.split(flags))
        return program

    def compile_vala(self, path):
        program = self.directory / f'{path.stem}-vala'
        self.run('valac', '--pkg', 'qmp-glib-1.0', '--pkg', 'gio-unix-2.0', path, '-o', program)
        return program


def stands_in(text, message):
    """Whether a message stands there, whatever was put in for its %s."""
    parts = re.split(r'%(?:\d+\$)?[a-z]+', message.strip())
    return re.search('.+?'.join(map(re.escape, parts)), text) is not None


class Installed(unittest.TestCase):
    def with_qemu(self, *command):
        installed.run(sys.executable, installed.source / 'tests/with-qemu', *command)

    def tell(self, hello, story):
        """Runs the programs of a language's that print what those of every other print."""
        tests = installed.source / 'tests'
        installed.run(sys.executable, tests / 'checks/story.py', installed.source / 'README.md',
                      tests / 'with-qemu', '--quits', *hello)
        installed.run(sys.executable, tests / 'story/run.py', tests / 'story/expected.txt', *story)

    def assert_library_in(self, text):
        lines = [line for line in text.splitlines() if 'libqmp-glib' in line]
        self.assertTrue(lines, f'no library in\n{text}')
        for line in lines:
            self.assertIn(f' {installed.libraries}/', line)

    def test_nothing_points_back(self):
        places = [re.escape(bytes(place)) for place in (installed.directory / 'build', installed.source)]
        back = re.compile(rb'(?<![\w.}-])(?:' + b'|'.join(places) + rb')/[^\0\s]*')
        for path in filter(pathlib.Path.is_file, installed.prefix.rglob('*')):
            self.assertEqual(back.findall(path.read_bytes()), [], path)

    def test_c(self):
        hello, story = [installed.compile_c(installed.source / path)
                        for path in ('docs/examples/hello.c', 'tests/story/story.c')]
        self.assert_library_in(installed.run('ldd', hello))
        self.tell([hello], [story])

    def test_vala(self):
        hello, story = [installed.compile_vala(installed.source / path)
                        for path in ('docs/examples/hello.vala', 'tests/story/story.vala')]
        self.assert_library_in(installed.run('ldd', hello))
        self.tell([hello], [story])

    def test_python(self):
        overrides, maps = installed.run(PYTHON, '-c', WHERE_PYTHON).split('\n', 1)
        self.assertEqual(pathlib.Path(overrides), installed.find('gi/overrides/Qmp.py'))
        self.assert_library_in(maps)
        self.tell([PYTHON, installed.source / 'docs/examples/hello.py'],
                  [PYTHON, installed.source / 'tests/story/story.py'])
        self.with_qemu(PYTHON, installed.source / 'tests/introspection/overrides.py')
        installed.find('gi-stubs/repository/Qmp.pyi')

    def test_javascript(self):
        script = installed.directory / 'where.js'
        script.write_text(WHERE_JAVASCRIPT, encoding='utf-8')
        overrides, maps = installed.run(GJS, '-m', script).split('\n', 1)
        self.assertEqual(pathlib.Path(overrides), installed.find('overrides/Qmp.js'))
        self.assert_library_in(maps)
        self.tell([GJS, '-m', installed.source / 'docs/examples/hello.js'],
                  [GJS, '-m', installed.source / 'tests/story/story.js'])
        self.with_qemu(GJS, '-m', installed.source / 'tests/introspection/overrides.js')

    def test_programs(self):
        version = installed.run('pkg-config', '--modversion', 'qmp-glib-1.0').strip()
        programs = {path.name for path in (installed.prefix / 'bin').iterdir()}
        self.assertLessEqual({'qmp-shell', 'qmp-shell-wrap'}, programs)
        for name in programs:
            self.assert_library_in(installed.run('ldd', installed.prefix / 'bin' / name))
            self.assertIn(version, installed.run(name, '--version'))
            self.assertIn(f'.TH "{name.upper()}"', installed.find(f'man1/{name}.1').read_text(encoding='utf-8').upper())
            completion = installed.find(f'bash-completion/completions/{name}')
            self.assertIn(name, installed.run('bash', '-c', '. "$0"; complete -p "$1"', completion, name))
            functions = installed.find('zsh/site-functions/_qmp').parent
            load = 'fpath=($0 $fpath); autoload -U compinit; compinit -u -D; print $_comps[$1]'
            self.assertEqual(installed.run('zsh', '-f', '-c', load, functions, name), '_qmp\n')

    def test_translations(self):
        program = installed.compile_c(installed.source / 'tests/installed/speaks.c')
        for locale, said in SAID.items():
            if not locale.startswith('C.'):
                name, charmap = locale.split('.')
                installed.run('localedef', '-i', name, '-f', charmap, installed.directory / locale)
            spoken = installed.run(program, LOCPATH=str(installed.directory), LC_ALL=locale)
            self.assertEqual(spoken, f'{said}\n')

    def test_tools_translated(self):
        """What the catalogue has of a tool's help, and of its complaint about an option, it says in German."""
        installed.run('localedef', '-i', 'de_DE', '-f', 'UTF-8', installed.directory / 'de_DE.UTF-8')
        catalogue = gettext.translation('qmp-glib-1.0', installed.prefix / 'share/locale', ['de'])
        for program in sorted((installed.prefix / 'bin').iterdir()):
            for option in '--help', '--nonsense':
                with self.subTest(program=program.name, option=option):
                    english, german = [self.ask(program, option, locale) for locale in ('C.UTF-8', 'de_DE.UTF-8')]
                    # Short ones may stand there by chance.
                    spoken = [message for message in catalogue._catalog
                              if isinstance(message, str) and len(message) > 12 and stands_in(english, message)]
                    self.assertTrue(spoken, f'nothing of this is in the catalogue:\n{english}')
                    for message in spoken:
                        self.assertTrue(stands_in(german, catalogue.gettext(message)), f'{message} in\n{german}')
                    self.assertNotEqual(english, german)

    def ask(self, program, option, locale):
        environment = {**installed.environment, 'LOCPATH': str(installed.directory), 'LC_ALL': locale}
        return subprocess.run([program, option], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding='utf-8', check=False).stdout


if __name__ == '__main__':
    SOURCE, PYTHON, GJS = (*sys.argv[1:], '/usr/bin/python3', 'gjs')[:3]
    with tempfile.TemporaryDirectory(prefix='qmp-glib-') as scratch:
        installed = Installation(SOURCE, scratch)
        unittest.main(argv=sys.argv[:1], verbosity=2)
