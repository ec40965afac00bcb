#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The API is the one that api.txt lists, so that a change of it shows in review; the library exports just that.

`meson compile -C _build update-api` writes the list anew.

usage: api.py [--update] LIST GIR LIBRARY HEADER...
"""

import difflib
import pathlib
import re
import sys
import xml.etree.ElementTree

import checklib

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
FUNCTIONS = {CORE + kind: kind for kind in ('function', 'method', 'constructor')}
# What newer scanners add is left out: the list is the same whatever GLib it was made with.
MACRO = re.compile(r'^[ \t]*#[ \t]*define[ \t]+(QMP_\w+(?:\([^)]*\))?)', re.MULTILINE)
UNDEFINED = re.compile(r'^[ \t]*#[ \t]*undef[ \t]+(\w+)', re.MULTILINE)


def flags(element, *names):
    return ''.join(f' {name}' for name in names if element.get(name) == '1')


def name_of_type(element):
    """The type of a parameter, as C has it if it is known, and what is in it."""
    kind = element.find(f'{CORE}type')
    array = element.find(f'{CORE}array')
    if kind is None and array is None:
        return '...'
    if array is not None:
        kind = array.find(f'{CORE}type')
        return f'{array.get(C + "type") or "array"}[{kind.get(C + "type") or kind.get("name")}]'
    inner = ', '.join(part.get('name') for part in kind.iterfind(f'{CORE}type'))
    return (kind.get(C + 'type') or kind.get('name')) + (f'<{inner}>' if inner else '')


def value(element):
    """A type and the contract that bindings have for it."""
    text = name_of_type(element)
    for name in ('direction', 'scope'):
        # Scanners differ about the scope of this one, which has no other.
        if element.get(name) and text != 'GDestroyNotify':
            text += f' {name}={element.get(name)}'
    if element.get('transfer-ownership') not in (None, 'none'):
        text += f' transfer={element.get("transfer-ownership")}'
    return text + flags(element, 'nullable', 'optional', 'caller-allocates')


def signature(element):
    parameters = [f'{parameter.get("name")}: {value(parameter)}'
                  for parameter in element.iterfind(f'{CORE}parameters/*')]
    text = f'({", ".join(parameters)})'
    returned = element.find(f'{CORE}return-value')
    if returned is not None:
        text += f' -> {value(returned)}'
    return text + flags(element, 'throws')


def since(element):
    text = f' since={element.get("version")}'
    if element.get('deprecated'):
        text += f' deprecated={element.get("deprecated-version")}'
    return text + (' only-c' if element.get('introspectable') == '0' else '')


def access(element):
    read = '' if element.get('readable') == '0' else ' readable'
    return read + flags(element, 'writable', 'construct', 'construct-only')


def member_line(owner, element):
    name = element.get('name')
    if element.tag in FUNCTIONS:
        return f'{FUNCTIONS[element.tag]} {element.get(C + "identifier")} {signature(element)}{since(element)}'
    if element.tag == f'{CORE}property':
        return f'property {owner}:{name}: {value(element)}{access(element)}{since(element)}'
    if element.tag == f'{GLIB}signal':
        return (f'signal {owner}::{name} {signature(element)} {element.get("when")}'
                f'{flags(element, "detailed")}{since(element)}')
    if element.tag == f'{CORE}member':
        return f'member {element.get(C + "identifier")} = {element.get("value")}'
    if element.tag == f'{CORE}implements':
        return f'implements {name}'
    return None


def type_lines(element):
    kind = element.tag.split('}')[1]
    name = element.get(C + 'type')
    parent = f' : {element.get("parent")}' if element.get('parent') else ''
    yield f'{kind} {name}{parent}{since(element)} {element.get(GLIB + "get-type") or "no-gtype"}'
    lines = [member_line(name, member) for member in element]
    yield from (f'  {line}' for line in sorted(filter(None, lines)))


def blocks(namespace):
    for element in namespace:
        name = element.get(C + 'type') or element.get(C + 'identifier')
        if element.tag in (f'{CORE}class', f'{CORE}interface', f'{CORE}record', f'{CORE}enumeration',
                           f'{CORE}bitfield') and element.get(GLIB + 'is-gtype-struct-for') is None:
            yield '\n'.join(type_lines(element))
        elif element.tag == f'{CORE}callback':
            yield f'callback {name} {signature(element)}{since(element)}'
        elif element.tag == f'{CORE}function' and element.get('moved-to') is None:
            yield f'function {name} {signature(element)}{since(element)}'


def macros(header):
    return set(MACRO.findall(header)) - set(UNDEFINED.findall(header))


def parse(gir):
    return xml.etree.ElementTree.fromstring(gir).find(f'{CORE}namespace')


def listing(gir, headers):
    lines = sorted(blocks(parse(gir)))
    lines += sorted(f'macro {macro}' for macro in set().union(*map(macros, headers)))
    return ''.join(f'{line}\n' for line in lines)


def symbols_in(gir):
    """The symbols that a library with this API has."""
    names = set()
    for element in parse(gir).iter():
        if element.tag in FUNCTIONS:
            names.add(element.get(C + 'identifier'))
        elif element.get(GLIB + 'get-type'):
            names.add(element.get(GLIB + 'get-type'))
    return names


def check_texts(listed, gir, headers, exported):
    current = listing(gir, headers)
    if listed != current:
        yield 'The API is not what tests/checks/api.txt lists. If that is meant: meson compile -C _build update-api'
        yield from difflib.unified_diff(listed.splitlines(), current.splitlines(), 'api.txt', 'API', n=0, lineterm='')
    wanted = symbols_in(gir)
    for name in sorted(wanted ^ exported):
        yield f'{name} is {"in the API and not exported" if name in wanted else "exported and not in the API"}'


def read(*paths):
    return [pathlib.Path(path).read_text(encoding='utf-8') for path in paths]


def check(listed, gir, library, *headers):
    lines = checklib.output(['nm', '--dynamic', '--defined-only', '--format=posix', library]).splitlines()
    yield from check_texts(*read(listed, gir), read(*headers), {line.split()[0] for line in lines})


def update(listed, gir, _library, *headers):
    pathlib.Path(listed).write_text(listing(*read(gir), read(*headers)), encoding='utf-8')


GIR = f'''<repository xmlns="{CORE[1:-1]}" xmlns:c="{C[1:-1]}" xmlns:glib="{GLIB[1:-1]}"><namespace name="Qmp">
  <class name="A" c:type="QmpA" glib:get-type="qmp_a_get_type" parent="GObject.Object" version="1.0">
    <method name="run" c:identifier="qmp_a_run" version="1.0" throws="1">
      <return-value transfer-ownership="full"><type name="utf8" c:type="char*"/></return-value>
      <parameters><parameter name="x" nullable="1"><type name="gint" c:type="int"/></parameter></parameters>
    </method>
    <property name="size" version="1.0" writable="1"><type name="guint" c:type="guint"/></property>
    <glib:signal name="ran" when="last" version="1.0"/>
  </class>
  <enumeration name="E" c:type="QmpE" glib:get-type="qmp_e_get_type" version="1.0">
    <member name="one" value="0" c:identifier="QMP_E_ONE"/>
  </enumeration></namespace></repository>'''
HEADER = '#define QMP_INSIDE\n#define QMP_CHECK(a, b) 1\n#undef QMP_INSIDE\n'
LISTED = '''class QmpA : GObject.Object since=1.0 qmp_a_get_type
  method qmp_a_run (x: int nullable) -> char* transfer=full throws since=1.0
  property QmpA:size: guint readable writable since=1.0
  signal QmpA::ran () last since=1.0
enumeration QmpE since=1.0 qmp_e_get_type
  member QMP_E_ONE = 0
macro QMP_CHECK(a, b)
'''
EXPORTED = {'qmp_a_get_type', 'qmp_a_run', 'qmp_e_get_type'}


def right():
    return [(LISTED, GIR, [HEADER], EXPORTED)]


def wrong():
    changes = [('name="run"', 'name="walk" introspectable="0"'), ('full', 'none'), ('nullable="1"', ''), ('int"/>', 'long"/>'),
               ('throws="1"', ''), ('"guint"', '"gulong"'), ('writable="1"', 'construct-only="1"'),
               ('when="last"', 'when="first"'), ('value="0"', 'value="1"'), ('GObject.Object', 'Qmp.B'),
               ('<glib:signal name="ran" when="last" version="1.0"/>', ''), ('size" version="1.0"', 'size" version="1.2"')]
    return [
        *((LISTED, GIR.replace(old, new), [HEADER], EXPORTED) for old, new in changes),
        (LISTED, GIR, [''], EXPORTED),
        (LISTED, GIR, [HEADER, '#define QMP_MORE 1\n'], EXPORTED),
        (LISTED, GIR, [HEADER], EXPORTED | {'qmp_b'}),
        (LISTED, GIR, [HEADER], EXPORTED - {'qmp_e_get_type'}),
    ]


if __name__ == '__main__':
    if sys.argv[1:2] == ['--update']:
        update(*sys.argv[2:])
    else:
        checklib.main(check_texts if sys.argv[1:] == ['--self-test'] else check, right, wrong)
