#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The types for TypeScript have what the GIR has, and tsc finds with them what is wrong in a program.

usage: javascript.py NODE_MODULES GIR TYPES INSTALLING
"""

import json
import os
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

import programs

OPTIONS = {
    'target': 'es2022', 'module': 'es2022', 'moduleResolution': 'bundler', 'lib': ['es2022'], 'types': [],
    'strict': True, 'noEmit': True,
}
RECIPE = re.compile(r'<!-- run:typescript -->\n```sh\n(.*?)```', re.DOTALL)


class Types(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The types of the GIR, of which those of this library get another name."""
        directory = tempfile.TemporaryDirectory(prefix='qmp-glib-')
        cls.addClassCleanup(directory.cleanup)
        cls.directory = pathlib.Path(directory.name)
        types = cls.directory / 'types'
        done = programs.run(GENERATOR, 'generate', 'Qmp-1.0', '-g', pathlib.Path(GIR).parent, '/usr/share/gir-1.0',
                            '-o', types, '--ignoreVersionConflicts', '--noComments', directory=cls.directory)
        made = types / 'qmp-1.0.d.ts'
        if done.returncode != 0 or not made.exists():
            raise AssertionError(done.stdout)
        text = made.read_text(encoding='utf-8').replace("'gi://Qmp", "'plain://Qmp")
        (types / 'plain.d.ts').write_text(text, encoding='utf-8')
        shutil.copy(TYPES, made)

    def check(self, name):
        """The lines of a program that tsc calls wrong; nothing else may be."""
        shutil.copy(programs.DIRECTORY / name, self.directory)
        types = [f'types/{file}' for file in ('gjs.d.ts', 'gio-2.0.d.ts', 'json-1.0.d.ts', 'qmp-1.0.d.ts', 'plain.d.ts')]
        config = {'compilerOptions': OPTIONS, 'files': [*types, name]}
        (self.directory / 'tsconfig.json').write_text(json.dumps(config), encoding='utf-8')
        done = programs.run(COMPILER, '--pretty', 'false', '-p', '.', directory=self.directory)
        errors = re.findall(r'^(\S+)\((\d+),', done.stdout, re.MULTILINE)
        self.assertEqual([place for place, _line in errors if place != name], [], done.stdout)
        self.assertEqual(done.returncode != 0, bool(errors), done.stdout)
        self.assertEqual(sorted({int(line) for _place, line in errors}),
                         programs.marked_lines(self.directory / name), done.stdout)

    def test_compare(self):
        self.check('compare.ts')

    def test_program(self):
        self.check('program.ts')

    def test_recipe(self):
        """What docs/installing.md says is done, where things are as it says; npx runs what npm has brought already."""
        home = self.directory / 'home'
        for source, place in (GIR, 'share/gir-1.0'), (TYPES, 'share/qmp-glib-1.0'):
            (home / '.local' / place).mkdir(parents=True)
            shutil.copy(source, home / '.local' / place)
        npx = home / 'npx'
        npx.write_text(f'#!/bin/sh\n[ "$1" = @ts-for-gir/cli ] && shift && exec "{GENERATOR}" "$@"\n', encoding='utf-8')
        npx.chmod(0o755)
        recipe = RECIPE.search(INSTALLING.read_text(encoding='utf-8'))[1]
        done = programs.run('sh', '-euc', recipe, directory=home, HOME=str(home), PATH=f'{home}:{os.environ["PATH"]}')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual((home / 'types/qmp-1.0.d.ts').read_bytes(), pathlib.Path(TYPES).read_bytes())
        self.assertTrue((home / 'types/gio-2.0.d.ts').exists())


if __name__ == '__main__':
    GENERATOR, COMPILER = [programs.find_program(sys.argv[1], name) for name in ('ts-for-gir', 'tsc')]
    GIR, TYPES = map(os.path.abspath, sys.argv[2:4])
    INSTALLING = pathlib.Path(sys.argv[4])
    unittest.main(argv=sys.argv[:1], verbosity=2)
