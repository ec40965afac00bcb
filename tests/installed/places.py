#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where things go, and what has to be set there, for prefixes of all kinds; nothing is installed.

usage: places.py SOURCE_ROOT PYTHON
"""

import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest


def run(*command, **variables):
    environment = {'PATH': '/usr/bin:/bin', 'HOME': '/nonexistent/home', **variables}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.split('\n')


class Places(unittest.TestCase):
    def ask(self, prefix, python=None, **variables):
        """Where a Python takes modules from that are installed under a prefix, and whether it looks there untold."""
        script = SOURCE / 'introspection/overrides/python-directory.py'
        directory, own, _end = run(python or PYTHON, script, prefix, **variables)
        self.assertIn(pathlib.Path(prefix), pathlib.Path(directory).parents)
        return directory, directory in own.split(':')

    def test_python_own(self):
        """What is looked for where it goes is on the module path of that very Python."""
        for prefix in '/usr', '/usr/local', '/nonexistent/home/.local':
            with self.subTest(prefix=prefix):
                directory, found = self.ask(prefix, PYTHONPATH='/elsewhere')
                self.assertTrue(found)
                if prefix != '/nonexistent/home/.local':
                    self.assertIn(directory, run(PYTHON, '-c', 'import sys; print("\\n".join(sys.path))'))
        self.assertFalse(self.ask('/usr')[0].startswith('/usr/local/'))

    def test_python_other(self):
        for prefix in '/opt/x', '/opt/with a blank', "/opt/it's $HOME", '/nonexistent/other/.local', '/nonexistent/home':
            with self.subTest(prefix=prefix):
                self.assertFalse(self.ask(prefix, PYTHONPATH=f'{prefix}/lib/python3/dist-packages')[1])

    def test_python_virtual(self):
        with tempfile.TemporaryDirectory() as directory:
            run(PYTHON, '-m', 'venv', '--without-pip', '--system-site-packages', directory)
            self.assertTrue(self.ask(directory, f'{directory}/bin/python3')[1])
            self.assertFalse(self.ask(directory)[1])

    def variables(self, *arguments):
        return run(sys.executable, SOURCE / 'environment/variables.py', *arguments)[1:-1]

    def test_needed(self):
        self.assertEqual(self.variables('/f', 'LD_LIBRARY_PATH=/usr/local/lib', 'PKG_CONFIG_PATH=/usr/share/pkgconfig',
                                        'PATH=/usr/bin:/bin:/usr/bin', 'PATH=/bin:/usr/bin'), [])
        self.assertEqual(self.variables('/f', 'LD_LIBRARY_PATH=/opt/x/lib', 'PATH=/opt/x/bin:/bin:/usr/bin'),
                         ['qmp_glib_prepend LD_LIBRARY_PATH /opt/x/lib', 'qmp_glib_prepend PATH /opt/x/bin'])
        self.assertEqual(self.variables('/f', 'XDG_DATA_DIRS=/opt/x/share:/usr/share'),
                         [': "${XDG_DATA_DIRS:=/usr/local/share:/usr/share}"',
                          'qmp_glib_prepend XDG_DATA_DIRS /opt/x/share'])

    def test_quoted(self):
        for place in '/opt/a b', "/it's", '/$HOME', '/a"`b`\\c', '/*':
            read, *lines = run(sys.executable, SOURCE / 'environment/variables.py', f'{place}/f', f'PATH={place}')[:-1]
            self.assertEqual(shlex.split(read), ['.', f'{place}/f'])
            self.assertEqual([shlex.split(line) for line in lines], [['qmp_glib_prepend', 'PATH', place]])
            # The file itself, read by a shell.
            template = (SOURCE / 'environment/environment.sh.in').read_text(encoding='utf-8')
            script = template.replace('@READ@', read).replace('@VARIABLES@', '\n'.join(lines))
            said = run('/bin/sh', '-c', f'set -eu\n{script}{script}printf %s "$PATH"', PATH='/usr/bin:/bin')
            self.assertEqual(said, [f'{place}:/usr/bin:/bin'])


if __name__ == '__main__':
    SOURCE, PYTHON = pathlib.Path(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1])
