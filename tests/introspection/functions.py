#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a program with a list of the GIR's asynchronous functions, as JSON, for its last argument.

usage: functions.py GIR PROGRAM [ARGUMENT...]
"""

import json
import subprocess
import sys
import xml.etree.ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GIVEN_BY_ITSELF = ('Gio.Cancellable', 'Gio.AsyncReadyCallback', 'gpointer')


def parameter_types(function):
    for parameter in function.iterfind(f'{CORE}parameters/{CORE}parameter'):
        array = parameter.find(f'{CORE}array')
        name = (parameter if array is None else array).find(f'{CORE}type').get('name')
        if name not in GIVEN_BY_ITSELF:
            yield name if array is None else f'{name}[]'


def list_functions(path):
    """All that have an asynchronous form: their type, name, whether they are methods, and what they take."""
    namespace = xml.etree.ElementTree.parse(path).getroot().find(f'{CORE}namespace')
    for owner in [namespace, *namespace]:
        for function in owner:
            name = function.get('name', '')
            if name.endswith('_async') and function.get('introspectable') != '0' and not function.get('moved-to'):
                yield {'type': owner.get('name'), 'name': name[:-len('_async')],
                       'isMethod': function.tag == f'{CORE}method', 'takes': list(parameter_types(function))}


def takes_cancellable(function):
    return any(type_.get('name') == 'Gio.Cancellable' for type_ in function.iterfind(f'{CORE}parameters/{CORE}parameter/{CORE}type'))


def list_throwing(path):
    """All that can fail: their type, None if they have none, name, whether they are methods, and what they take."""
    namespace = xml.etree.ElementTree.parse(path).getroot().find(f'{CORE}namespace')
    for owner in [namespace, *namespace]:
        for function in owner:
            if function.tag == f'{CORE}callback' or function.get('throws') != '1' or function.get('introspectable') == '0':
                continue
            yield {'type': None if owner is namespace else owner.get('name'), 'name': function.get('name'),
                   'isMethod': function.tag == f'{CORE}method', 'takes': list(parameter_types(function)),
                   'cancellable': takes_cancellable(function)}


def main():
    functions = list(list_functions(sys.argv[1]))
    if not functions:
        sys.exit('the GIR has no asynchronous functions')
    sys.exit(subprocess.run([*sys.argv[2:], json.dumps(functions)], check=False).returncode)


if __name__ == '__main__':
    main()
