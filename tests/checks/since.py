#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever is public says since when it is, and its availability macro says the same.

Types, functions, properties, signals and constants are looked for in the GIR, macros in the headers. A value of an
enumeration is as old as its type, unless its own text has a Since; it has to have a text.

usage: since.py GIR HEADER...
"""

import pathlib
import re
import sys
import xml.etree.ElementTree

import checklib

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
DATED = {CORE + kind for kind in ('alias', 'bitfield', 'callback', 'class', 'constant', 'constructor', 'enumeration',
                                  'function', 'interface', 'method', 'property', 'record', 'union')} | {f'{GLIB}signal'}
VERSION = re.compile(r'[0-9]+\.[0-9]+')
PROJECT = re.compile(r'#define QMP_(?:MAJOR|MINOR)_VERSION \(([0-9]+)\)')
DECLARED = re.compile(r'QMP_AVAILABLE_IN_(\w+)\s[^;#]*?\b(qmp_\w+)\s*\(')
BLOCK = re.compile(r'/\*\*\n \* (QMP_\w+):.*?\*/', re.DOTALL)
MACRO = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(QMP_\w+)', re.MULTILINE)
UNDEFINED = re.compile(r'^[ \t]*#[ \t]*undef[ \t]+(\w+)', re.MULTILINE)
# QMP_TYPE_CLIENT, QMP_CLIENT (obj) and QMP_IS_CLIENT (obj) belong to their type.
CAST = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(QMP_TYPE_\w+|QMP_\w+)(?:\(obj\))?[ \t]+\((?:G_TYPE_CHECK|qmp_\w+_get_type)',
                  re.MULTILINE)
SINCE = re.compile(r'^ \* Since: ([0-9]+\.[0-9]+)$', re.MULTILINE)


def number(version):
    return tuple(map(int, version.split('.')))


def check_version(name, version, current):
    if version is None or not VERSION.fullmatch(version):
        yield f'{name}: no “Since:”'
    elif number(version) > current:
        yield f'{name}: since {version}, which is not yet'


def check_element(owner, element, current):
    name = f'{owner}.{element.get("name")}'
    if element.tag in DATED and element.get('moved-to') is None and element.get(GLIB + 'is-gtype-struct-for') is None:
        yield from check_version(name, element.get('version'), current)
    if element.tag == f'{CORE}member':
        document = element.find(f'{CORE}doc')
        if document is None or not document.text:
            yield f'{name}: not documented'
    for member in element:
        yield from check_element(name, member, current)


def check_availability(namespace, headers):
    since = {element.get(C + 'identifier'): element.get('version') for element in namespace.iter()
             if element.get(C + 'identifier') and element.get('moved-to') is None}
    since |= {element.get(GLIB + 'get-type'): element.get('version') for element in namespace
              if element.get(GLIB + 'get-type')}
    for header in headers:
        for declared, function in DECLARED.findall(header):
            version = declared.replace('_', '.')
            # mkenums has one macro for all of them.
            if declared != 'ALL' and since.get(function) != version:
                yield f'{function}: declared since {version}, documented since {since.get(function)}'


def check_macros(header, current):
    blocks = {match[1]: SINCE.findall(match[0]) for match in BLOCK.finditer(header)}
    exempt = set(CAST.findall(header)) | set(UNDEFINED.findall(header))
    for name in sorted(set(MACRO.findall(header)) - exempt):
        yield from check_version(name, ''.join(blocks.get(name, [])), current)


def check_texts(gir, headers):
    current = tuple(map(int, PROJECT.findall('\n'.join(headers))))
    namespace = xml.etree.ElementTree.fromstring(gir).find(f'{CORE}namespace')
    for element in namespace:
        if element.tag != f'{CORE}function-macro':
            yield from check_element('Qmp', element, current)
    yield from check_availability(namespace, headers)
    for header in headers:
        yield from check_macros(header, current)


def check(gir, *headers):
    yield from check_texts(pathlib.Path(gir).read_text(encoding='utf-8'),
                           [pathlib.Path(header).read_text(encoding='utf-8') for header in headers])


GIR = f'''<repository xmlns="{CORE[1:-1]}" xmlns:c="{C[1:-1]}" xmlns:glib="{GLIB[1:-1]}"><namespace name="Qmp">
  <class name="A" glib:get-type="qmp_a_get_type" version="1.0">
    <method name="run" c:identifier="qmp_a_run" version="1.2"/>
    <property name="size" version="1.0"/>
    <glib:signal name="ran" version="1.0"/>
  </class>
  <enumeration name="E" version="1.0"><member name="one"><doc>One.</doc></member></enumeration>
  <callback name="Func" version="1.0"/></namespace></repository>'''
HEADER = '''#define QMP_INSIDE
/**
 * QMP_MAJOR_VERSION:
 *
 * Since: 1.0
 */
#define QMP_MAJOR_VERSION (1)
/**
 * QMP_MINOR_VERSION:
 *
 * Since: 1.0
 */
#define QMP_MINOR_VERSION (2)
#define QMP_TYPE_A (qmp_a_get_type ())
#define QMP_A(obj) (G_TYPE_CHECK_INSTANCE_CAST ((obj), QMP_TYPE_A, QmpA))
QMP_AVAILABLE_IN_1_0
GType qmp_a_get_type (void);
QMP_AVAILABLE_IN_1_2
int  *qmp_a_run (QmpA *self);
#undef QMP_INSIDE
'''


def right():
    return [(GIR, [HEADER])]


def wrong():
    versions = [match.start() for match in re.finditer(r' version="1\.."', GIR)]
    return [
        *((GIR[:at] + GIR[at + len(' version="1.0"'):], [HEADER]) for at in versions),
        (GIR.replace('"1.2"', '"1.4"'), [HEADER.replace('IN_1_2', 'IN_1_4')]),
        (GIR.replace('<doc>One.</doc>', ''), [HEADER]),
        (GIR, [HEADER.replace('IN_1_2', 'IN_1_0')]),
        (GIR, [HEADER.replace(' * Since: 1.0\n', '', 1)]),
        (GIR, [HEADER + '#define QMP_MORE 1\n']),
    ]


if __name__ == '__main__':
    checklib.main(check_texts if sys.argv[1:] == ['--self-test'] else check, right, wrong)
