#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recipes of docs/installing.md for other projects and other Pythons: a Meson wrap builds a program, Flatpak's
module is one, and an interpreter that does not see what Debian has gets the overrides.

usage: recipes.py SOURCE_ROOT PYTHON
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BLOCK = re.compile(r'<!-- run:(\w+) -->\n```(\w+)\n(.*?)```', re.DOTALL)
URL = re.compile(r'^url = .*$', re.MULTILINE)
PROJECT = '''project('machines', 'c')
{}
executable('first', 'first.c', dependencies: qmp_glib_dep)
'''


def run(*command, cwd, **variables):
    done = subprocess.run(list(map(str, command)), cwd=cwd, env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding='utf-8', check=False)
    if done.returncode != 0:
        raise AssertionError(f'{" ".join(map(str, command))}:\n{done.stdout}')
    return done.stdout


def copy_tree(target):
    shutil.copytree(SOURCE, target, ignore=lambda directory, names: [
        name for name in names if name in ('.git', 'subprojects') or (pathlib.Path(directory, name) / 'meson-private').exists()])


class Recipes(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='qmp-glib-')
        self.addCleanup(scratch.cleanup)
        self.directory = pathlib.Path(scratch.name)
        text = (SOURCE / 'docs/installing.md').read_text(encoding='utf-8')
        self.blocks = {(name, language): block for name, language, block in BLOCK.findall(text)}

    def test_wrap(self):
        upstream = self.directory / 'upstream'
        copy_tree(upstream)
        wrap = self.blocks['wrap', 'ini']
        revision = re.search(r'^revision = (.*)$', wrap, re.MULTILINE)[1]
        git = ['git', '-c', 'user.name=Test', '-c', 'user.email=test@localhost', '-c', 'init.defaultBranch=main']
        for command in (['init', '-q'], ['add', '-A'], ['commit', '-q', '-m', 'All'], ['tag', revision]):
            run(*git, *command, cwd=upstream)
        project = self.directory / 'project'
        (project / 'subprojects').mkdir(parents=True)
        (project / 'subprojects/qmp-glib.wrap').write_text(URL.sub(f'url = file://{upstream}', wrap), encoding='utf-8')
        (project / 'meson.build').write_text(PROJECT.format(self.blocks['wrap', 'meson']), encoding='utf-8')
        shutil.copy(SOURCE / 'docs/examples/first.c', project)
        run('meson', 'setup', 'build', cwd=project)
        run('meson', 'compile', '-C', 'build', cwd=project)
        self.assertEqual([str(path) for path in project.glob('build/subprojects/qmp-glib/*/**/*-test')], [])
        said = subprocess.run([project / 'build/first'], stderr=subprocess.PIPE, encoding='utf-8', check=False).stderr
        self.assertIn('usage: first ADDRESS', said)

    def test_flatpak(self):
        module = json.loads(self.blocks['flatpak', 'json'])
        self.assertEqual(module['buildsystem'], 'meson')
        source = self.directory / 'source'
        copy_tree(source)
        # As flatpak-builder calls it.
        run('meson', 'setup', 'build', '--prefix=/app', '--libdir=/app/lib', *module['config-opts'], cwd=source)
        plan = json.loads(run('meson', 'introspect', '--install-plan', 'build', cwd=source))
        placed = [file['destination'] for files in plan.values() for file in files.values()]
        for name in ('Qmp-1.0.typelib', 'Qmp.py', 'Qmp.js'):
            self.assertTrue(any(place.endswith(f'/{name}') for place in placed), f'{name} is not in {placed}')
        self.assertFalse([place for place in placed if '/bin/' in place or place.startswith('{bindir}')])

    def test_python_of_its_own(self):
        """The PyGObject that pip would build is Debian's here, by links."""
        site = pathlib.Path(run(PYTHON, '-c', 'import gi; print(gi.__path__[0])', cwd='/').strip())
        environment = self.directory / 'venv'
        run(PYTHON, '-m', 'venv', '--without-pip', environment, cwd='/')
        place = next(environment.glob('lib/python3*/site-packages')) / 'gi'
        (place / 'overrides').mkdir(parents=True)
        for path in [*site.iterdir(), *(site / 'overrides').iterdir()]:
            if path.name != 'overrides':
                (place / path.relative_to(site)).symlink_to(path)
        source = self.directory / 'source'
        copy_tree(source)
        said = run('sh', '-euc', self.blocks['python', 'sh'], cwd=source, HOME=str(self.directory), CFLAGS='-O0 -g0')
        self.assertIn('bound method', said)
        self.assertTrue((place / 'overrides/Qmp.py').is_file())


if __name__ == '__main__':
    PYTHON = sys.argv.pop()
    SOURCE = pathlib.Path(sys.argv.pop()).resolve()
    unittest.main(verbosity=2)
