#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library as users have it: installed as docs/installing.md says, with the variables that it names and no other.

A copy of the tree is built and installed, and is taken away before anything is tried; what came from there is missing.

usage: installed.py home|system SOURCE_ROOT [PYTHON GJS]

home: below the home directory, whose name has a blank; system: in a /usr/local that nobody else sees, which root can have.
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

RECIPE = re.compile(r'<!-- run:(\w+) -->\n```sh\n(.*?)```', re.DOTALL)
NOT_FOUND = re.compile(r'^\| `(.+?)` \|', re.MULTILINE)
SKIPPED = 77
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

    def __init__(self, kind, source, directory):
        self.source = pathlib.Path(source).resolve()
        self.directory = pathlib.Path(directory).resolve() / 'ho me'
        self.prefix = {'home': self.directory / '.local', 'system': pathlib.Path('/usr/local')}[kind]
        self.built = self.directory / 'source'
        text = (self.source / 'docs/installing.md').read_text(encoding='utf-8')
        self.recipes = [recipe for name, recipe in RECIPE.findall(text) if name == kind]
        self.not_found = NOT_FOUND.findall(text.split('## When it is not found')[1])
        self.environment = {'PATH': f'{self.directory}/bin:/usr/local/bin:/usr/bin:/bin', 'HOME': str(self.directory),
                            'LC_ALL': 'C.UTF-8', 'PYTHONDONTWRITEBYTECODE': '1'}
        self._install()
        self.libraries = self.find('libqmp-glib-1.0.so').parent

    def _install(self):
        """Runs the recipes, and keeps what they have told the shell to set."""
        shutil.copytree(self.source, self.built, ignore=lambda directory, names: [
            name for name in names if name == '.git' or (pathlib.Path(directory, name) / 'meson-private').exists()])
        sudo = self.directory / 'bin/sudo'
        sudo.parent.mkdir()
        sudo.write_text('#!/bin/sh\nexec "$@"\n', encoding='utf-8')
        sudo.chmod(0o755)
        variables = self.directory / 'variables'
        script = '\n'.join(['set -eu', *self.recipes, 'env -0 >"$HOME/variables"'])
        self.recipe_said = self.run('sh', '-c', script, cwd=self.built, CFLAGS="-O0 -g0")
        given = dict(line.split('=', 1) for line in variables.read_text(encoding='utf-8').split('\0') if line)
        self.set = {name: value for name, value in given.items()
                    if value != self.environment.get(name) and name not in ('CFLAGS', 'PWD', 'OLDPWD', '_')}
        self.environment.update(self.set, G_DEBUG='fatal-criticals')
        shutil.rmtree(self.built)

    def run(self, *command, cwd=None, **variables):
        """Returns what a command prints; its failure is one of the test's."""
        done = subprocess.run(list(map(str, command)), env={**self.environment, **variables}, cwd=cwd or self.directory,
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
    def use_all(self, *command):
        """Runs all tests of the overrides, in one of the places: where they were found does not change what they do."""
        if KIND == 'home':
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
        places = [re.escape(bytes(place)) for place in (installed.built, installed.source)]
        back = re.compile(rb'(?<![\w.}-])(?:' + b'|'.join(places) + rb')/[^\0\s]*')
        for path in filter(pathlib.Path.is_file, installed.prefix.rglob('*')):
            self.assertEqual(back.findall(path.read_bytes()), [], path)

    def test_variables(self):
        names = {'home': {'PATH', 'LD_LIBRARY_PATH', 'PKG_CONFIG_PATH', 'GI_TYPELIB_PATH', 'XDG_DATA_DIRS'},
                 'system': {'GI_TYPELIB_PATH'}}
        self.assertEqual(set(installed.set), names[KIND])

    def test_recipes(self):
        self.assertTrue('bound method' in installed.recipe_said, installed.recipe_said[-500:])
        places = re.findall('^Installing .* to (.*)', installed.recipe_said, re.MULTILINE)
        self.assertTrue(places)
        self.assertEqual([place for place in places if '/../' in place], [])

    def test_read_again(self):
        """The file adds what is not there, and no more, in each shell."""
        path = installed.find('qmp-glib-1.0/environment.sh')
        names = sorted(installed.set)
        show = '; '.join(f'echo "${{{name}-}}"' for name in names)
        for shell in ['sh', 'bash', 'dash', 'zsh']:
            for first, want in [('', installed.set), ('old', {name: f'{installed.set[name]}:old' for name in names})]:
                with self.subTest(shell=shell, first=first):
                    start = {name: first for name in names if name not in ('PATH', 'XDG_DATA_DIRS')}
                    script = f'set -eu; . "$0"; . "$0"; {show}'
                    said = installed.run(shell, '-c', script, path, **start).splitlines()
                    self.assertEqual(said, [want[name] if name in start else installed.environment[name]
                                            for name in names])

    def test_not_found(self):
        if KIND == 'system':
            self.skipTest('of a prefix of its own')
        javascript = installed.directory / 'open.js'
        javascript.write_text("import Qmp from 'gi://Qmp?version=1.0'; Qmp.Client.open_address('');\n", encoding='utf-8')
        vala = installed.directory / 'empty.vala'
        vala.write_text('void main () {}\n', encoding='utf-8')
        python = 'import gi; gi.require_version("Qmp", "1.0"); from gi.repository import Qmp; Qmp.Client.open_address'
        modules = str(installed.find('gi/overrides/Qmp.py').parents[2])
        said = [self.fail_without(*case) for case in [
            ('GI_TYPELIB_PATH', [PYTHON, '-c', python]),
            ('', [PYTHON, '-s', '-c', python]),
            ('', [PYTHON, '-S', '-c', python]),
            ('', [PYTHON, '-S', '-c', python], {'PYTHONPATH': modules}),
            ('LD_LIBRARY_PATH', ['qmp', '--version']),
            ('LD_LIBRARY_PATH', [PYTHON, '-c', python]),
            ('GI_TYPELIB_PATH', [GJS, '-m', javascript]),
            ('XDG_DATA_DIRS', [GJS, '-m', javascript]),
            ('PKG_CONFIG_PATH', ['pkg-config', '--print-errors', 'qmp-glib-1.0']),
            ('XDG_DATA_DIRS', ['valac', '--pkg', 'qmp-glib-1.0', vala, '-o', installed.directory / 'empty']),
        ]]
        for text, message in zip(said, installed.not_found, strict=True):
            self.assertIn(message, text)

    def fail_without(self, name, command, more=None):
        environment = {**installed.environment, **(more or {})}
        environment.pop(name, None)
        done = subprocess.run(list(map(str, command)), env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', check=False)
        self.assertNotEqual(done.returncode, 0, f'{command} without {name}: {done.stdout}')
        return done.stdout

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
        for name in ('overrides.py', 'overrides_values.py', 'overrides_waiting.py'):
            self.use_all(PYTHON, installed.source / 'tests/introspection' / name)
        installed.find('gi-stubs/repository/Qmp.pyi')
        installed.find('gi-stubs/py.typed')

    def test_javascript(self):
        script = installed.directory / 'where.js'
        script.write_text(WHERE_JAVASCRIPT, encoding='utf-8')
        overrides, maps = installed.run(GJS, '-m', script).split('\n', 1)
        self.assertEqual(pathlib.Path(overrides), installed.find('overrides/Qmp.js'))
        self.assert_library_in(maps)
        self.tell([GJS, '-m', installed.source / 'docs/examples/hello.js'],
                  [GJS, '-m', installed.source / 'tests/story/story.js'])
        self.use_all(GJS, '-m', installed.source / 'tests/introspection/overrides.js')
        installed.find('qmp-glib-1.0/Qmp.d.ts')

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
            completion = installed.find(f'fish/vendor_completions.d/{name}.fish')
            if shutil.which('fish'):
                show = 'source $argv[1]; complete $argv[2]'
                self.assertIn('__qmp_complete', installed.run('fish', '--no-config', '-c', show, completion, name))
        functions = installed.find('zsh/site-functions/_qmp').parent
        load = 'fpath=($0 $fpath); autoload -U compinit; compinit -u -D; for name; do print $_comps[$name]; done'
        self.assertEqual(installed.run('zsh', '-f', '-c', load, functions, *programs), '_qmp\n' * len(programs))

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


def hide_system(directory):
    """From here on the system's own places are this process' own, and empty where the library goes."""
    layers = directory / 'etc'
    layers.mkdir()
    subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', layers], check=True)
    for name in 'upper', 'work':
        (layers / name).mkdir()
    overlay = f'lowerdir=/etc,upperdir={layers}/upper,workdir={layers}/work'
    subprocess.run(['mount', '-t', 'overlay', 'overlay', '-o', overlay, '/etc'], check=True)
    for place in '/usr/local', '/var/cache/ldconfig':
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', place], check=True)


def enter_namespace(arguments):
    """Does it all over again where mounts are its own, or says why it cannot."""
    for command in [['true'], ['mount', '-t', 'tmpfs', 'tmpfs', '/usr/local']]:
        if os.geteuid() != 0 or subprocess.run(['unshare', '--mount', *command], check=False).returncode != 0:
            print('skipped: a /usr/local of one\'s own takes root, and unshare')
            sys.exit(SKIPPED)
    os.execvp('unshare', ['unshare', '--mount', 'env', f'{INSIDE}=yes', sys.executable, *arguments])


INSIDE = 'QMP_INSTALLED_INSIDE'

if __name__ == '__main__':
    KIND, SOURCE, PYTHON, GJS = (*sys.argv[1:], '/usr/bin/python3', 'gjs')[:4]
    if KIND == 'system' and INSIDE not in os.environ:
        enter_namespace(sys.argv)
    with tempfile.TemporaryDirectory(prefix='qmp-glib-') as scratch:
        if KIND == 'system':
            hide_system(pathlib.Path(scratch))
        installed = Installation(KIND, SOURCE, scratch)
        done = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False)
        if KIND == 'system':
            subprocess.run(['umount', '/etc', pathlib.Path(scratch) / 'etc'], check=True)
    sys.exit(not done.result.wasSuccessful())
