#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each public header compiles alone, and all together do in C and C++; the umbrella has them all and is the only way in.

The compilers are strict, and the flags say the newest GLib whose API the headers may use.

usage: headers.py UMBRELLA HEADER... -- COMPILER_FLAG...
"""

import pathlib
import shutil
import subprocess

import checklib

FLAGS = ['-fsyntax-only', '-Wall', '-Wextra', '-pedantic', '-Werror']
COMPILERS = {'c': ['cc', '-std=c11'], 'c++': ['c++', '-std=c++17']}


def compiles(language, text, flags):
    compiler = COMPILERS[language]
    if shutil.which(compiler[0]) is None:
        raise SystemExit(f'no {compiler[0]}')
    return subprocess.run([*compiler, '-x', language, *FLAGS, *flags, '-'], input=text, text=True,
                          stderr=subprocess.PIPE, check=False).returncode == 0


def check(umbrella, *arguments):
    end = arguments.index('--')
    headers, flags = arguments[:end], arguments[end + 1:]
    umbrella_text = pathlib.Path(umbrella).read_text(encoding='utf-8')
    for language in ('c', 'c++'):
        if not compiles(language, f'#include "{umbrella}"\n', flags):
            yield f'the umbrella does not compile as {language}'
    for header in headers:
        name = pathlib.Path(header).name
        if name == pathlib.Path(umbrella).name:
            continue
        include = f'#include "{header}"\n'
        # A unit of macros alone would be an empty one, which the standard forbids.
        if not compiles('c', f'#define QMP_COMPILATION\n{include}extern int unit;\n', flags):
            yield f'{name} does not compile alone'
        if f'/{name}>' in umbrella_text:
            if compiles('c', include, flags):
                yield f'{name} can be included without the umbrella'
        else:
            # The version headers hold macros alone and come with qmp-types.h.
            if not name.startswith('qmp-version'):
                yield f'{name} is not in the umbrella'


def fixture(umbrella, header, *flags):
    root = checklib.tree({
        'qmp/all.h': umbrella,
        'qmp/part.h': header,
    })
    return (f'{root}/qmp/all.h', f'{root}/qmp/part.h', '--', f'-I{root}', *flags)


def fenced(text):
    glib = checklib.output(['pkg-config', '--cflags', 'glib-2.0']).split()
    return fixture(UMBRELLA, GUARD + '#include <glib.h>\n' + text, *glib,
                   '-DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_56', '-DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_56')


UMBRELLA = '#define QMP_INSIDE\n#include <qmp/part.h>\n#undef QMP_INSIDE\n'
GUARD = '#if !defined(QMP_INSIDE) && !defined(QMP_COMPILATION)\n#error "no"\n#endif\n'


def right():
    return [
        fixture(UMBRELLA, GUARD + 'int qmp_part (int number);\n'),
        fenced('G_BEGIN_DECLS\ngboolean qmp_part (gsize number);\nG_END_DECLS\n'),
    ]


def wrong():
    return [
        fixture(UMBRELLA, 'int qmp_part (int number);\n'),              # no guard
        fixture(UMBRELLA, GUARD + 'gsize qmp_part (void);\n'),           # not by itself
        fixture(UMBRELLA, GUARD + 'int qmp_part (int class);\n'),        # not C++
        fixture('', GUARD + 'int qmp_part (int number);\n'),             # not in the umbrella
        fixture(UMBRELLA, GUARD + 'int qmp_part (int numbers[0]);\n'
                'struct part { int length; int numbers[]; };\n'),        # not C++ by the standard
        fenced('static inline guint qmp_part (GSourceOnceFunc f) { return g_idle_add_once (f, NULL); }\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
