#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The stub for editors says what the library and its Python overrides have: no less, no more, with the same arguments.

usage: stub.py GIR STUB OVERRIDE...
"""

import ast
import pathlib
import re
import sys
import xml.etree.ElementTree

import checklib

CORE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
PYTHON_BASES = ('Coroutine', 'MutableMapping', 'collections.abc.Coroutine', 'builtins.TimeoutError')
CALLABLES = tuple(f'{CORE}{kind}' for kind in ('constructor', 'function', 'method'))

# A description is {name: arguments, or None for what is not called}. The names are those of the reference:
# "Client", "Client.open", "Client:timeout" for a property, "Client::closed" for a signal.


def is_open(element):
    return element.get('introspectable') != '0' and not element.get('moved-to')


def is_special(name):
    return name.startswith('__') and name.endswith('__')


def is_public(name):
    return not name.startswith('_') or is_special(name)


# --- the library ---

def is_boxed(element):
    return element.tag == f'{CORE}record' and element.get(f'{GLIB}get-type') is not None


def gir_arguments(element):
    parameters = element.findall(f'{CORE}parameters/{CORE}parameter')
    given = {int(parameter.get(key)) for parameter in parameters for key in ('closure', 'destroy')
             if parameter.get(key)}
    names = [parameter.get('name') for number, parameter in enumerate(parameters)
             if number not in given and parameter.get('direction') != 'out']
    return ['self'] * (element.tag == f'{CORE}method') + names + ['*user_data'] * bool(given)


def gir_bases(element):
    if element.tag == f'{CORE}class':
        yield element.get('parent')
        yield from (base.get('name') for base in element.iterfind(f'{CORE}implements'))
    else:
        yield {f'{CORE}bitfield': 'GObject.GFlags', f'{CORE}record': 'GObject.GBoxed'}.get(element.tag, 'GObject.GEnum')


def describe_gir_type(element):
    name = element.get('name')
    yield name, None
    yield from ((f'{name}({base})', None) for base in gir_bases(element))
    for member in filter(is_open, element):
        if member.tag in CALLABLES:
            yield f'{name}.{member.get("name")}', gir_arguments(member)
        elif member.tag == f'{CORE}member':
            yield f'{name}.{member.get("name").upper()}', None
        elif member.tag == f'{CORE}property':
            yield f'{name}:{member.get("name").replace("-", "_")}', None
        elif member.tag == f'{GLIB}signal':
            yield f'{name}::{member.get("name")}', None


def describe_gir(text):
    for element in filter(is_open, xml.etree.ElementTree.fromstring(text).find(f'{CORE}namespace')):
        if element.tag in (f'{CORE}class', f'{CORE}enumeration', f'{CORE}bitfield', f'{CORE}interface') or is_boxed(element):
            yield from describe_gir_type(element)
        elif element.tag == f'{CORE}constant':
            yield element.get('name'), None
        elif element.tag == f'{CORE}function':
            yield element.get('name'), gir_arguments(element)


# --- Python ---

def ast_arguments(function):
    arguments = function.args
    names = [argument.arg for argument in [*arguments.posonlyargs, *arguments.args]]
    names += [f'*{arguments.vararg.arg}'] if arguments.vararg else []
    names += [argument.arg for argument in arguments.kwonlyargs]
    return names + ([f'**{arguments.kwarg.arg}'] if arguments.kwarg else [])


def is_function(node):
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def ast_bases(node):
    bases = [re.sub(r'\[.*', '', ast.unparse(base)) for base in node.bases]
    return [f'{node.name}({base})' for base in bases if base not in PYTHON_BASES]


def describe_class(node):
    """A class of the overrides' own."""
    yield from ((name, None) for name in [node.name, *ast_bases(node)])
    for part in node.body:
        if is_function(part) and is_public(part.name):
            yield f'{node.name}.{part.name}', ast_arguments(part)
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store) and is_public(part.attr):
            yield f'{node.name}.{part.attr}', None


def describe_addition(node, functions):
    """What is added to a class of the library's."""
    if is_function(node):
        for decorator in node.decorator_list:
            if match := re.fullmatch(r'_add\(Qmp\.(\w+)\)', ast.unparse(decorator)):
                yield f'{match[1]}.{node.name}', ast_arguments(node)
    elif isinstance(node, ast.Assign):
        match = re.fullmatch(r'Qmp\.(\w+)\.(\w+)', ast.unparse(node.targets[0]))
        value = re.fullmatch(r'(?:staticmethod\()?(\w+)\)?', ast.unparse(node.value))
        if match and is_public(match[2]) and match[2] != '__new__':
            yield f'{match[1]}.{match[2]}', functions.get(value and value[1])


def describe_overrides(texts):
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    functions = {node.name: ast_arguments(node) for node in nodes if is_function(node)}
    own = [name for node in nodes if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '__all__'
           for name in ast.literal_eval(node.value)]
    for node in nodes:
        yield from describe_addition(node, functions)
        if isinstance(node, ast.ClassDef) and node.name in own:
            yield from describe_class(node)
    yield from ((name, functions[name]) for name in own if name in functions)


# --- the stub ---

def describe_stub_class(node):
    yield from ((name, None) for name in [node.name, *ast_bases(node)])
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and part.target.id != 'props':
            yield f'{node.name}.{part.target.id}', None
        elif isinstance(part, ast.ClassDef) and part.name == 'Props':
            lines = [line for line in part.body if isinstance(line, ast.AnnAssign)]
            yield from ((f'{node.name}:{line.target.id}', None) for line in lines)
        elif is_function(part) and part.name == 'connect':
            signals = re.findall(r"Literal\['([\w-]+)'\]", ast.unparse(part))
            yield from ((f'{node.name}::{signal}', None) for signal in signals)
        elif is_function(part):
            is_property = any(ast.unparse(decorator) == 'property' for decorator in part.decorator_list)
            yield f'{node.name}.{part.name}', None if is_property else ast_arguments(part)


def describe_stub(text):
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and is_public(node.name):
            yield from describe_stub_class(node)
        elif is_function(node):
            yield node.name, ast_arguments(node)
        elif isinstance(node, ast.AnnAssign):
            yield node.target.id, None


# --- comparing ---

def check_names(wanted, found):
    for name in sorted(set(wanted) - set(found)):
        yield f'{name} is missing in the stub'
    for name in sorted(set(found) - set(wanted)):
        if not name.endswith('.__init__'):  # each class may say how it is made
            yield f'{name} is in the stub and nowhere else'


def check_arguments(wanted, found):
    for name in sorted(set(wanted) & set(found)):
        if is_special(name.split('.')[-1]) or wanted[name] is None:
            continue
        forms = [form for form in found[name] if form is not None]
        if {argument for form in forms for argument in form} != set(wanted[name]):
            yield f'{name}: the arguments are {wanted[name]}, and in the stub {forms}'
        if name.endswith('_async') and 'callback' in wanted[name] and len(forms) != 2:
            yield f'{name}: the stub has no form to await besides the one with a callback'


def check_texts(gir, stub, *overrides):
    wanted = {**dict(describe_gir(gir)), **dict(describe_overrides(overrides))}
    found = {}
    for name, arguments in describe_stub(stub):
        found.setdefault(name, []).append(arguments)
    yield from check_names(wanted, found)
    yield from check_arguments(wanted, found)


def check(*paths):
    yield from check_texts(*(pathlib.Path(path).read_text(encoding='utf-8') for path in paths))


GIR = f'''<repository xmlns="{CORE[1:-1]}" xmlns:glib="{GLIB[1:-1]}"><namespace name="Qmp">
  <class name="A" parent="GObject.Object">
    <method name="run_async"><parameters><parameter name="speed"/><parameter name="callback" closure="2"/>
      <parameter name="user_data"/></parameters></method>
    <method name="hide" introspectable="0"/>
    <method name="look"><parameters><parameter name="x" direction="out"/></parameters></method>
    <property name="top-speed"/>
    <glib:signal name="gone"/>
  </class>
  <enumeration name="E"><member name="fast"/></enumeration>
  <bitfield name="F"><member name="loud"/></bitfield>
  <constant name="MAJOR"/>
  <function name="parse"><parameters><parameter name="text"/></parameters></function>
</namespace></repository>'''
STUB = '''
MAJOR: int
class _Hidden: ...
class A(GObject.Object):
    class Props(GObject.Object.Props):
        top_speed: int
    props: Props
    def __init__(self, **properties): ...
    @overload
    def run_async(self, speed): ...
    @overload
    def run_async(self, speed, callback, *user_data): ...
    def look(self): ...
    @property
    def name(self): ...
    def walk(self, way): ...
    def __len__(self): ...
    @overload
    def connect(self, detailed_signal: Literal['gone'], handler): ...
class E(GObject.GEnum):
    FAST: E
class F(GObject.GFlags):
    LOUD: F
class Own(Exception):
    text: str
    def __init__(self, text): ...
    def say(self, what): ...
def parse(text): ...
def go(there): ...
'''
OVERRIDE = '''
__all__ = ['Own', 'go']
class Own(Exception):
    def __init__(self, text):
        self.text = text
        self._more = text
    def say(self, what):
        pass
def go(there):
    pass
def _walk(self, way):
    pass
Qmp.A.walk = _walk
Qmp.A.name = property(Qmp.A.get_name)
Qmp.A._hidden = 5
@_add(Qmp.A)
def __len__(self):
    return 0
'''


def right():
    return [(GIR, STUB, OVERRIDE)]


def wrong():
    without = ['MAJOR: int', '        top_speed: int', '    FAST: E', 'def parse(text): ...', '    def look(self): ...',
               '    def walk(self, way): ...', '    def __len__(self): ...', '    text: str', 'def go(there): ...',
               '    def say(self, what): ...', '    @property\n    def name(self): ...',
               '    @overload\n    def run_async(self, speed): ...',
               "    @overload\n    def connect(self, detailed_signal: Literal['gone'], handler): ..."]
    changes = [(lines, lines[:len(lines) - len(lines.lstrip())] + 'pass') for lines in without] + [
        ('A(GObject.Object)', 'A'),
        ('E(GObject.GEnum)', 'E(GObject.Object)'),
        ('F(GObject.GFlags)', 'F(GObject.GEnum)'),
        ('MAJOR: int', 'MAJOR: int\nMINOR: int'),
        ('MAJOR: int', 'MAJOR: int\nclass B: ...'),
        ('FAST: E', 'FAST: E\n    SLOW: E'),
        ('def look(self): ...', 'def look(self): ...\n    def see(self): ...'),
        ('def parse(text)', 'def parse(texts)'),
        ('say(self, what)', 'say(self)'),
        ('top_speed: int', 'top_speed: int\n        least_speed: int'),
        ('walk(self, way)', 'walk(self, there)'),
        ("'gone'", "'came'"),
    ]
    return [(GIR, STUB.replace(old, new), OVERRIDE) for old, new in changes]


if __name__ == '__main__':
    checklib.main(check_texts if sys.argv[1:] == ['--self-test'] else check, right, wrong)
