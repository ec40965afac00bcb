#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What bindings cannot use, or what would hide a name of theirs, is not in the GIR.

usage: gir.py GIR
"""

import pathlib
import sys
import xml.etree.ElementTree

import checklib

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
HIDING = {
    'connect', 'connect_after', 'disconnect', 'emit', 'notify', 'ref', 'unref', 'ref_sink', 'get_property',
    'set_property', 'get_data', 'set_data', 'steal_data', 'freeze_notify', 'thaw_notify', 'run_dispose', 'weak_ref',
    'bind_property', 'block_signal_handler', 'unblock_signal_handler', 'stop_emission_by_name',
}
ALLOWED_TO_HIDE = {('Event', 'get_data')}
CALLABLES = ('function', 'method', 'constructor')


def is_pointer(element):
    kind = element.find(f'{CORE}type')
    return kind is not None and kind.get('name') in ('gpointer', 'gconstpointer')


def is_open(element):
    """Whether bindings see it."""
    return element.get('introspectable') != '0'


def pointers(owner, function):
    for parameter in function.iterfind(f'{CORE}parameters/{CORE}parameter'):
        if is_pointer(parameter) and parameter.get('name') not in ('user_data', 'data'):
            yield f'{owner}.{function.get("name")}: parameter {parameter.get("name")} is a pointer'
    returned = function.find(f'{CORE}return-value')
    if returned is not None and is_pointer(returned):
        yield f'{owner}.{function.get("name")}: returns a pointer'


def check_type(element):
    owner = element.get('name')
    for member in element:
        name = member.get('name')
        if not is_open(member):
            continue
        if member.tag == f'{CORE}property' and is_pointer(member):
            yield f'{owner}:{name}: a pointer'
        if member.tag in (f'{GLIB}signal', *(CORE + kind for kind in CALLABLES)):
            yield from pointers(owner, member)
        if member.tag == f'{CORE}method' and name in HIDING and (owner, name) not in ALLOWED_TO_HIDE:
            yield f'{owner}.{name}: hides a name that bindings have'
    names = {method.get('name') for method in element.iterfind(f'{CORE}method') if is_open(method)}
    for name in sorted(names):
        if name.endswith('_async') and name[:-len('_async')] + '_finish' not in names:
            yield f'{owner}.{name}: has no _finish'


def check_text(text):
    namespace = xml.etree.ElementTree.fromstring(text).find(f'{CORE}namespace')
    for element in namespace:
        if element.tag in (f'{CORE}class', f'{CORE}interface', f'{CORE}record', f'{CORE}enumeration'):
            yield from check_type(element)
        elif element.tag == f'{CORE}function' and is_open(element):
            yield from pointers('Qmp', element)


def check(path):
    yield from check_text(pathlib.Path(path).read_text(encoding='utf-8'))


def fixture(members):
    return (f'''<repository xmlns="{CORE[1:-1]}" xmlns:glib="{GLIB[1:-1]}"><namespace name="Qmp">
      <class name="A">{members}</class></namespace></repository>''',)


POINTER = '<type name="gpointer"/>'


def right():
    return [fixture(f'''
      <method name="run_async"><parameters><parameter name="user_data">{POINTER}</parameter></parameters></method>
      <method name="run_finish"/>
      <method name="connect" introspectable="0"/>
      <property name="size"><type name="guint"/></property>''')]


def wrong():
    return [
        fixture(f'<property name="size">{POINTER}</property>'),
        fixture(f'<method name="run"><return-value>{POINTER}</return-value></method>'),
        fixture(f'<method name="run"><parameters><parameter name="x">{POINTER}</parameter></parameters></method>'),
        fixture(f'<glib:signal name="run"><parameters><parameter name="x">{POINTER}</parameter></parameters></glib:signal>'),
        fixture('<method name="connect"/>'),
        fixture('<method name="run_async"/>'),
    ]


if __name__ == '__main__':
    checklib.main(check_text if sys.argv[1:] == ['--self-test'] else check, right, wrong)
