#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The types for TypeScript have what the GIR has, and tsc finds with them what is wrong in a program.

usage: javascript.py NODE_MODULES GIR TYPES
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


if __name__ == '__main__':
    GENERATOR, COMPILER = [programs.find_program(sys.argv[1], name) for name in ('ts-for-gir', 'tsc')]
    GIR, TYPES = map(os.path.abspath, sys.argv[2:])
    unittest.main(argv=sys.argv[:1], verbosity=2)
