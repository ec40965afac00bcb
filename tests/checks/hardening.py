#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was linked is hardened: its headers, and the functions that it calls, say so. The library binds its own by itself.

FLAGS is what the compiler was asked for: of canary, fortify, a comma between them.

usage: hardening.py FLAGS LIBRARY PROGRAM...
"""

import re
import sys

import checklib

SEGMENT = re.compile(r'^ +(GNU_\w+|LOAD)\s+0x\S+ 0x\S+ 0x\S+\s+0x\S+ 0x\S+ ([RWE ]{3})', re.MULTILINE)
FLAGS = re.compile(r'\((?:FLAGS|FLAGS_1)\)\s+(?:Flags: )?(.*)$', re.MULTILINE)
CALLED = re.compile(r' UND (\w+)')
# A call by name of what is defined here, which has a value.
OWN = re.compile(r'R_\w+_JU?MP_SLOT +0*[1-9a-f]\w* (\w+)')


def check_text(name, asked, text):
    """text: what readelf says of its headers, segments, dynamic section, symbols and relocations."""
    segments = SEGMENT.findall(text)
    dynamic = ' '.join(FLAGS.findall(text)).split()
    called = set(CALLED.findall(text))
    is_library = name.startswith('lib')
    if 'Type:                              DYN' not in text:
        yield f'{name}: not position independent'
    if not is_library and 'PIE' not in dynamic:
        yield f'{name}: not a position independent program'
    if is_library and 'NODELETE' not in dynamic:
        yield f'{name}: can be unloaded'
    if 'GNU_RELRO' not in dict(segments):
        yield f'{name}: no read-only relocations'
    if not {'BIND_NOW', 'NOW'} & set(dynamic):
        yield f'{name}: bound late'
    if 'E' in dict(segments).get('GNU_STACK', 'E'):
        yield f'{name}: an executable stack'
    if any('W' in flags and 'E' in flags for _, flags in segments):
        yield f'{name}: a segment that can be written and executed'
    if 'TEXTREL' in text:
        yield f'{name}: relocations in the code'
    if 'canary' in asked and '__stack_chk_fail' not in called:
        yield f'{name}: no stack protector'
    if 'fortify' in asked and is_library and not any(call.endswith('_chk') for call in called):
        yield f'{name}: not fortified'
    if is_library and OWN.search(text):
        yield f'{name}: looks for its own {OWN.search(text).group(1)}()'


def check(asked, *paths):
    for path in paths:
        text = checklib.output(['readelf', '--wide', '--file-header', '--segments', '--dynamic', '--dyn-syms', '--relocs', path])
        yield from check_text(path.rpartition('/')[2], asked.split(','), text)


ELF = '''  Type:                              DYN (Shared object file)
  LOAD           0x000000 0x0000000000000000 0x0000000000000000 0x009e90 0x009e90 R   0x1000
  LOAD           0x00a000 0x000000000000a000 0x000000000000a000 0x02d5d9 0x02d5d9 R E 0x1000
  GNU_STACK      0x000000 0x0000000000000000 0x0000000000000000 0x000000 0x000000 RW  0x10
  GNU_RELRO      0x046548 0x0000000000047548 0x0000000000047548 0x001ab8 0x001ab8 R   0x1
 0x000000000000001e (FLAGS)              BIND_NOW
 0x000000006ffffffb (FLAGS_1)            Flags: NOW NODELETE
     6: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND __stack_chk_fail@GLIBC_2.4 (3)
     7: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND __memcpy_chk@GLIBC_2.3.4 (4)
00000000000de018  0000000700000007 R_X86_64_JUMP_SLOT     0000000000000000 __memcpy_chk@GLIBC_2.3.4 + 0
'''
ASKED = ['canary', 'fortify']


def right():
    return [
        ('liba.so', ASKED, ELF),
        ('a', ASKED, ELF.replace('NOW NODELETE', 'NOW PIE')),
        ('liba.so', [], ELF.replace('__stack_chk_fail', 'puts').replace('__memcpy_chk', 'memcpy')),
    ]


def wrong():
    changes = [('DYN (Shared', 'EXEC (Some'), (' NODELETE', ''), ('GNU_RELRO', 'GNU_OTHER'), ('GNU_STACK', 'GNU_OTHER'),
               ('RW  0x10', 'RWE 0x10'), ('R E', 'RWE'), ('__stack_chk_fail', 'puts'), ('__memcpy_chk', 'memcpy'),
               ('BIND_NOW', 'TEXTREL BIND_NOW'), ('SLOT     0000000000000000', 'SLOT     000000000004ba00')]
    return [
        *(('liba.so', ASKED, ELF.replace(old, new)) for old, new in changes),
        ('liba.so', ASKED, ELF.replace('BIND_NOW', '').replace('NOW ', '')),
        ('a', ASKED, ELF),
    ]


if __name__ == '__main__':
    checklib.main(check_text if sys.argv[1:] == ['--self-test'] else check, right, wrong)
