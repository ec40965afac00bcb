#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What help() shows of each method of the overrides is what the method takes, which the stub has, and a text.

usage: help.py STUB
"""

import ast
import inspect
import pathlib
import pydoc
import re
import sys

import gi

gi.require_version('Qmp', '1.0')
from gi.repository import Qmp

UNKNOWN = ['*args', '**kwargs']
OF_C = ('callback', '*user_data', 'user_data')


def stub_arguments(function):
    """The names of a function's arguments, with the default of each that has one."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    pairs = [*zip(positional, defaults), *zip(arguments.kwonlyargs, arguments.kw_defaults)]
    shown = [f'{argument.arg}={ast.unparse(default)}' if default else argument.arg for argument, default in pairs]
    for prefix, more in (('*', arguments.vararg), ('**', arguments.kwarg)):
        shown += [f'{prefix}{more.arg}'] if more else []
    return shown


def real_arguments(function):
    def show(parameter):
        prefix = {parameter.VAR_POSITIONAL: '*', parameter.VAR_KEYWORD: '**'}.get(parameter.kind, '')
        default = '' if parameter.default is parameter.empty else '=...' if parameter.default is ... else f'={parameter.default!r}'
        return f'{prefix}{parameter.name}{default}'
    try:
        found = [show(parameter) for parameter in inspect.signature(function).parameters.values()]
    except ValueError:
        found = UNKNOWN
    if found != UNKNOWN:
        return found
    # A method of the C library behind a check of the thread: PyGObject's text has its arguments.
    shown = re.match(r'\w+\((.*?)\)', function.__doc__)[1]
    return [re.sub(r'[:=].*', '', argument) for argument in shown.split(', ')]


def without_c(shown):
    return [name for name in shown if name.split('=')[0] not in OF_C]


def find_problems(stub):
    seen = 0
    for node in ast.parse(stub).body:
        if not isinstance(node, ast.ClassDef) or node.name.startswith('_'):
            continue
        cls = getattr(Qmp, node.name)
        methods = {}
        for part in node.body:
            if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef)) and not part.name.startswith('_'):
                methods.setdefault(part.name, part)
        for name, part in methods.items():
            function = vars(cls).get(name)
            function = getattr(function, '__func__', function)
            if not inspect.isfunction(function) or name.endswith('_finish') or issubclass(cls, Exception):
                continue
            seen += 1
            wanted, found = without_c(stub_arguments(part)), without_c(real_arguments(function))
            if wanted != found:
                yield f'{node.name}.{name}() takes {found}, and the stub says {wanted}'
            if not function.__doc__ or f'{name}(' not in pydoc.plain(pydoc.render_doc(function)):
                yield f'{node.name}.{name}() has no text'
    if seen < 40:
        yield f'only {seen} methods of the overrides were found'


problems = list(find_problems(pathlib.Path(sys.argv[1]).read_text(encoding='utf-8')))
print('\n'.join(problems))
sys.exit(bool(problems))
