#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""pyright finds the stub where it is installed, and with it what is wrong in a program.

usage: python.py NODE_MODULES PYTHON STUB PY_TYPED
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

import programs

# As PyGObject-stubs has them: not partial, and a module for each namespace.
STUBS = {
    '__init__.pyi': 'def require_version(namespace: str, version: str) -> None: ...\n',
    'repository/__init__.pyi': '',
    'repository/GObject.pyi': 'from typing import Any, Callable\n'
                              'class Object:\n'
                              '    class Props: ...\n'
                              '    def __init__(self, **properties: Any) -> None: ...\n'
                              '    def connect(self, signal: str, handler: Callable[..., Any], *args: Any) -> int: ...\n'
                              'class GBoxed: ...\n'
                              'class GEnum(int): ...\n'
                              'class GType: ...\n',
    'repository/GLib.pyi': 'class Bytes: ...\n'
                           'class Error(RuntimeError):\n'
                           '    message: str\n',
    'repository/Gio.pyi': 'from typing import Protocol\n'
                          'class SocketConnectable(Protocol):\n'
                          '    def enumerate(self) -> object: ...\n'
                          'class ListModel: ...\n'
                          + ''.join(f'class {name}: ...\n' for name in [
                              'AsyncResult', 'Cancellable', 'IOStream', 'SocketAddress', 'TlsCertificate', 'TlsDatabase',
                              'UnixFDList']),
    'repository/Json.pyi': 'class Node: ...\n',
}


def write_stubs(directory):
    for name, text in STUBS.items():
        path = directory / 'gi-stubs' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')


class Types(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix='qmp-glib-')
        self.addCleanup(directory.cleanup)
        self.home = pathlib.Path(directory.name)
        self.program = self.home / 'work/program.py'
        self.program.parent.mkdir()
        shutil.copy(programs.DIRECTORY / 'program.py', self.program)
        ask = programs.run(PYTHON, '-c', 'import site; print(site.getusersitepackages())', directory=self.home,
                           HOME=str(self.home))
        self.modules = pathlib.Path(ask.stdout.strip())
        self.repository = self.modules / 'gi-stubs/repository'
        self.repository.mkdir(parents=True)
        shutil.copy(STUB, self.repository)
        shutil.copy(PY_TYPED, self.repository.parent)

    def check(self, python):
        """The lines that pyright calls wrong, and what it says of the import."""
        done = programs.run(PYRIGHT, '--outputjson', '--pythonpath', python, self.program, directory=self.program.parent,
                            HOME=str(self.home))
        said = json.loads(done.stdout[done.stdout.index('{'):])['generalDiagnostics']
        errors = [item for item in said if item['severity'] == 'error']
        self.assertEqual([item['message'] for item in errors if 'import' in item['message']], [])
        return sorted({item['range']['start']['line'] + 1 for item in errors})

    def make_environment(self):
        environment = self.home / 'venv'
        done = programs.run(PYTHON, '-m', 'venv', '--without-pip', '--system-site-packages', environment,
                            directory=self.home)
        self.assertEqual(done.returncode, 0, done.stdout)
        return environment, next(environment.glob('lib/python*/site-packages'))

    def test_alone(self):
        """Without PyGObject's stubs the bases of the classes are unknown, and with them what they lack."""
        self.assertLess(set(self.check(PYTHON)), set(programs.marked_lines(self.program)))
        self.assertTrue(self.check(PYTHON))

    def test_beside_stubs(self):
        write_stubs(self.modules)
        self.assertEqual(self.check(PYTHON), programs.marked_lines(self.program))

    def test_stubs_elsewhere(self):
        """A type checker takes the stubs of PyGObject from one place: the file has to be there."""
        environment, modules = self.make_environment()
        write_stubs(modules)
        shutil.copy(self.repository / 'Qmp.pyi', modules / 'gi-stubs/repository')
        self.assertEqual(self.check(environment / 'bin/python3'), programs.marked_lines(self.program))


if __name__ == '__main__':
    PYRIGHT = programs.find_program(sys.argv[1], 'pyright')
    PYTHON, STUB, PY_TYPED = map(os.path.abspath, sys.argv[2:])
    unittest.main(argv=sys.argv[:1], verbosity=2)
