# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page “Python reference”: made from the stub, the texts of the overrides and, where they have none, the GIR."""

import ast
import re

import library

PYTHON_INTRODUCTION = '''Title: Python reference
Slug: python-reference

# Python reference

What `from gi.repository import Qmp` gives with the overrides. The page is made from the stub for type checkers, `Qmp.pyi`, and
`help(Qmp.Client.execute)` shows the same texts. [Tutorial: Python](tutorial-python.html) shows how things are used; the
pages of the C functions, to which each entry leads, have the details.

Times
: are in seconds, an `int` or a `float`. `None` sets no limit; where it means something else, the entry says so.

Values
: are plain: `dict`, `list`, `str`, `int`, `float`, `bool`, `None`. Integers are exact.

`cancellable`
: is a [class@Gio.Cancellable] that ends the call early with `Qmp.CancelledError`, or `None`.

`NAME_async()`
: takes what `NAME()` takes and returns a [Qmp.Call](#call) to await. `NAME_async()` with a callback and `NAME_finish()` are
  those of C: their values are [struct@Json.Node], their times milliseconds.

Errors
: are [exceptions](#errors); all are `GLib.Error`. An argument of a wrong type is a `TypeError`.

| Where this is written | You can give |
| --- | --- |
| `Address` | a `str` as in [Addresses](addresses.html), a path as `bytes` or `pathlib.Path`, `(host, port)`, a connected `socket.socket`, a [iface@Gio.SocketConnectable] |
| `Arguments` | a mapping, a [struct@Json.Node], or `None` |
| `Command` | a `Qmp.Message`, or a mapping: `{'execute': 'query-status'}` |
'''
# What None says of a time, where it is not “no limit”.
NONES = {'Message.timeout': 'the client\'s', 'Machine.progress_interval': 'never'}
ALIASES = ('_Address', '_Arguments', '_Command', '_HasFileno', '_T', '_AsyncCallback')
OPERATORS = {
    '__getitem__': '{0}[name]', '__setitem__': '{0}[name] = value', '__delitem__': 'del {0}[name]',
    '__contains__': 'name in {0}', '__iter__': 'for item in {0}', '__len__': 'len({0})', '__bytes__': 'bytes({0})',
    '__str__': 'str({0})', '__eq__': '{0} == other', '__copy__': 'copy.copy({0})', '__deepcopy__': 'copy.deepcopy({0})',
    '__reduce__': 'pickle.dumps({0})', '__enter__': 'with {0}:', '__aenter__': 'async with {0}:',
    '__aiter__': 'async for item in {0}', '__await__': 'await {0}',
}


def is_function(node):
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def show_type(node):
    text = ast.unparse(node)
    for alias in ALIASES:
        text = re.sub(rf'\b{alias}\b', alias[1:], text)
    return text.replace('HasFileno', 'SupportsFileno').replace("'", '').replace('ClassVar[None]', 'None')


def show_arguments(function):
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)

    def show(argument, default, prefix=''):
        kind = f': {show_type(argument.annotation)}' if argument.annotation else ''
        value = '' if default is None else f' = {ast.unparse(default)}' if kind else f'={ast.unparse(default)}'
        return f'{prefix}{argument.arg}{kind}{value}'

    shown = [show(argument, default) for argument, default in zip(positional, defaults) if argument.arg not in ('self', 'cls')]
    if arguments.vararg:
        shown.append(show(arguments.vararg, None, '*'))
    elif arguments.kwonlyargs:
        shown.append('*')
    shown += [show(argument, default) for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults)]
    return shown + ([show(arguments.kwarg, None, '**')] if arguments.kwarg else [])


def find_docstrings(paths):
    """{“Client.open”: text, “run”: text}: what the overrides say of what they add."""
    found = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.ClassDef):
                found[node.name] = ast.get_docstring(node) or ''
                found.update({f'{node.name}.{part.name}': ast.get_docstring(part) or '' for part in node.body if is_function(part)})
            elif is_function(node):
                _add_docstring(found, node)
            elif isinstance(node, ast.Assign):
                _add_assigned(found, node)
    return found


def _add_docstring(found, node):
    text = ast.get_docstring(node) or ''
    for decorator in node.decorator_list:
        if match := re.fullmatch(r'_(?:add|override)\(Qmp\.(\w+)\)', ast.unparse(decorator)):
            found[f'{match[1]}.{node.name.removeprefix("_") if not node.name.startswith("__") else node.name}'] = text
    found.setdefault(node.name, text)


def _add_assigned(found, node):
    """Qmp.Client.open_address = _open_address, Qmp.Event.name = property(…, doc='…')"""
    target = re.fullmatch(r'Qmp\.(\w+\.\w+)', ast.unparse(node.targets[0]))
    value = ast.unparse(node.value)
    if target and (function := re.fullmatch(r'(?:staticmethod\()?(\w+)\)?', value)):
        found[target[1]] = found.get(function[1], '')
    elif target and isinstance(node.value, ast.Call):
        docs = [keyword.value.value for keyword in node.value.keywords if keyword.arg == 'doc']
        found.update({target[1]: docs[0]} if docs else {})
    elif (target := re.fullmatch(r'(_\w+)\.__doc__', ast.unparse(node.targets[0]))) and isinstance(node.value, ast.Constant):
        found[target[1]] = node.value.value.strip()


def format_docstring(text):
    """A docstring as Markdown: “name: text” as a list, indented or calling lines as code."""
    shown = []
    for paragraph in text.split('\n\n'):
        lines = paragraph.splitlines()
        if re.match(r'(?:with |await |async )?(?:vm|events)\b', lines[0]) and not lines[0].endswith('.'):
            shown.append(library.block('python', paragraph))
        elif re.match(r'[a-z_]+(?:, [a-z_]+)*: ', lines[0]):
            joined = re.sub(r'\n +', ' ', paragraph)
            items = [re.match(r'([a-z_]+(?:, [a-z_]+)*): (.*)', line) for line in joined.splitlines()]
            rest = ' '.join(line for line, item in zip(joined.splitlines(), items) if not item)
            shown += ['\n'.join(f'- `{item[1]}`: {library.mark_code(item[2])}' for item in items if item)] + ([library.mark_code(rest)] if rest else [])
        else:
            shown.append(library.mark_code(' '.join(line.strip() for line in lines)))
    return '\n\n'.join(shown)


class PythonClass:
    def __init__(self, node):
        self.name = node.name
        self.node = node
        self.methods = {}
        self.fields = []
        self.props = []
        for part in node.body:
            if is_function(part):
                self.methods.setdefault(part.name, part)
            elif isinstance(part, ast.ClassDef) and part.name == 'Props':
                self.props = [line for line in part.body if isinstance(line, ast.AnnAssign)]
            elif isinstance(part, ast.AnnAssign) and part.target.id not in ('props', '__hash__'):
                self.fields.append(part)
        self.variable = library.VARIABLES.get(self.name, self.name.lower())


class PythonReference:
    def __init__(self, gir, stub, overrides):
        self.gir = gir
        self.nodes = ast.parse(stub.read_text(encoding='utf-8')).body
        self.docs = find_docstrings(overrides)
        self.docs['Message.__init__'] = self.docs.get('_init_message', '')
        self.classes = {node.name: PythonClass(node) for node in self.nodes
                        if isinstance(node, ast.ClassDef) and not node.name.startswith('_')}

    def summary(self, name):
        return self.gir.summary(name, 'None', 'True', 'False')

    def link(self, name):
        return self.gir.links.get(name)

    def text(self, name):
        """What there is to say about something: the overrides' own words, or else the first of the library's."""
        own = self.docs.get(name)
        link = self.link(name)
        more = f'\n\nIn C: {link}.' if link else ''
        return (format_docstring(own) if own else self.summary(name)) + more

    def call(self, cls, method, prefix=''):
        decorators = [ast.unparse(decorator) for decorator in method.decorator_list]
        owner = f'Qmp.{cls.name}' if {'staticmethod', 'classmethod'} & set(decorators) else cls.variable
        awaited = isinstance(method, ast.AsyncFunctionDef) or method.name.endswith('_async')
        returned = show_type(method.returns) if method.returns else 'None'
        returned = re.sub(r'^Call\[(.*)\]$', r'\1', returned)
        tail = '' if returned == 'None' else f' -> {returned}'
        return library.wrap_call(f'{"await " if awaited else ""}{owner}.{method.name}', show_arguments(method), tail)

    def show_class(self, cls):
        yield f'## {cls.name}'
        own = self.docs.get(cls.name)
        yield (format_docstring(own) if own else self.summary(cls.name)) + (
            f' In C: {self.link(cls.name)}.' if self.link(cls.name) else '')
        bases = [ast.unparse(base) for base in cls.node.bases]
        if cls.name in ('Event', 'Greeting'):
            yield f'It is a [{bases[0]}](#{bases[0].lower()}), and has all that this has.'
        if '__init__' in cls.methods and not cls.name.endswith('Error'):
            yield library.block('python', library.wrap_call(f'Qmp.{cls.name}', show_arguments(cls.methods['__init__']), ''))
            if self.docs.get(f'{cls.name}.__init__'):
                yield format_docstring(self.docs[f'{cls.name}.__init__'])
        yield from self.show_operators(cls)
        yield from self.show_properties(cls)
        yield from self.show_methods(cls)
        yield from self.show_signals(cls)

    def show_operators(self, cls):
        shown = [f'`{OPERATORS[name].format(cls.variable)}`' for name in cls.methods if name in OPERATORS]
        if shown:
            yield f'It can be used as {", ".join(shown)}.'

    def show_properties(self, cls):
        rows = []
        for line in cls.props:
            name = line.target.id
            fixed = '' if f'set_{name}' in cls.methods else ', read-only'
            rows.append((f'`{name}`', f'`{show_type(line.annotation)}`{fixed}', self.describe_property(cls.name, line)))
        if rows:
            yield f'### Properties of {cls.name}'
            yield f'As `{cls.variable}.props.NAME`, `get_NAME()` and, where it can be set, `set_NAME()`' + (
                ', and as keywords of the constructor.' if '__init__' in cls.methods else '.')
            yield library.table(('Property', 'Type', 'Meaning'), rows)
        attributes = [part for name, part in cls.methods.items() if any(
            ast.unparse(decorator) == 'property' for decorator in part.decorator_list)]
        if attributes:
            yield library.table(('Attribute', 'Type', 'Meaning'), [
                (f'`{cls.variable}.{part.name}`', f'`{show_type(part.returns)}`',
                 library.mark_code(self.docs.get(f'{cls.name}.{part.name}') or self.summary(f'{cls.name}:{part.name}')))
                for part in attributes])

    def describe_property(self, owner, line):
        """Its meaning, its unit if it is a time, and where the rest is said."""
        text = self.summary(f'{owner}:{line.target.id}')
        if 'float' in show_type(line.annotation) and line.target.id != 'fraction':
            none = NONES.get(f'{owner}.{line.target.id}', 'no limit')
            text = re.sub(r',? in milliseconds[^.]*', '', text) + f' Seconds; `None`: {none}.'
        return f'{text} {self.link(f"{owner}:{line.target.id}") or ""}'.strip()

    def is_entry(self, cls, name):
        """Whether a method is told of by itself: not with its property, its blocking form, or what is only as in C."""
        method, base = cls.methods[name], name.removesuffix('_async')
        properties = [line.target.id for line in cls.props]
        return not (
            name.startswith('_') or name.endswith('_finish') or name == 'connect' or (name != base and base in cls.methods)
            or (re.match('[gs]et_', name) and name[len('get_'):] in properties)
            or 'property' in map(ast.unparse, method.decorator_list))

    def show_methods(self, cls):
        plain, has_own = [], False
        for name in [name for name in cls.methods if self.is_entry(cls, name)]:
            base = name.removesuffix('_async')
            if self.docs.get(f'{cls.name}.{base}') or f'{base}_async' in cls.methods:
                has_own = True
                forms = [cls.methods[form] for form in dict.fromkeys((name, f'{base}_async')) if form in cls.methods]
                yield f'### {cls.name}.{base}()'
                yield library.block('python', '\n'.join(self.call(cls, form) for form in forms))
                yield self.text(f'{cls.name}.{base}')
            else:
                plain.append((f'`{library.in_one_line(self.call(cls, cls.methods[name]))}`',
                              f'{self.summary(f"{cls.name}.{name}")} {self.link(f"{cls.name}.{name}") or ""}'.strip()))
        if plain:
            yield f'### {"More functions" if has_own else "Functions"} of {cls.name}'
            yield library.table(('Function', 'What it does'), plain)
        of_c = [f'`{name}()`' for name in cls.methods if name.endswith('_finish')]
        if of_c:
            yield f'As in C: {", ".join(of_c)}, and the `_async()` functions with a callback.'

    def show_signals(self, cls):
        text = ast.unparse(cls.node)
        names = dict.fromkeys(re.findall(r"detailed_signal: Literal\['([\w-]+)'\], handler: Callable\[\[(.*?)\], (?:None|bool \| None)\]", text))
        if names:
            yield f'### Signals of {cls.name}'
            yield library.table(('Signal', 'Handler takes', 'When'), [
                (f'`{name}`', f'`{arguments}`', f'{self.summary(f"{cls.name}::{name}")} [signal@{cls.name}::{name}]')
                for name, arguments in names])

    def show_functions(self):
        yield '## Functions'
        for node in self.nodes:
            if is_function(node):
                yield f'### {node.name}()'
                returned = show_type(node.returns)
                awaited = re.match(r'(Call|Task)\[', returned)
                yield library.block('python', library.wrap_call(f'Qmp.{node.name}', show_arguments(node), f' -> {returned}'))
                yield self.text(node.name)
                if awaited:
                    yield f'What it returns is [to be awaited](#{awaited[1].lower()}).'

    def show_errors(self):
        yield '## Errors'
        rows = []
        for cls in self.classes.values():
            if cls.name.endswith('Error') and any('Error' in ast.unparse(base) for base in cls.node.bases):
                text = ast.get_docstring(cls.node) or self.docs.get(cls.name, '')
                fields = ', '.join(f'`{field.target.id}`' for field in cls.fields)
                rows.append((f'`Qmp.{cls.name}`', library.mark_code(text) + (f' It has {fields}.' if fields else '')))
        yield 'For `except`. More is in [Errors](errors.html).'
        yield library.table(('Class', 'What has happened'), rows)
        error = self.classes['ExecuteError'].methods['__init__']
        yield 'A program, or its test, can make one:'
        yield library.block('python', library.wrap_call('Qmp.ExecuteError', show_arguments(error), ''))

    def show_enumerations(self):
        yield '## Enumerations'
        classes = [cls for cls in self.classes.values() if ast.unparse(cls.node.bases[0]) in ('GObject.GEnum', 'GObject.GFlags')]
        yield library.table(('Enumeration', 'Values', 'In C'), [
            (f'`Qmp.{cls.name}`', ', '.join(f'`{field.target.id}`' for field in cls.fields), self.link(cls.name) or '')
            for cls in classes])
        yield library.table(('Function', 'What it does'), [
            (f'`{library.in_one_line(self.call(cls, part))}`', self.text(f'{cls.name}.{part.name}').replace('\n\n', ' '))
            for cls in classes for part in cls.methods.values() if part.name != 'quark'])

    def show_calls(self):
        for name in ('Call', 'Task'):
            cls = self.classes[name]
            yield f'## {name}'
            yield format_docstring(self.docs.get(name) or ast.get_docstring(cls.node))
            rows = [(f'`{library.in_one_line(self.call(cls, part))}`', library.mark_code(self.docs.get(f'{name}.{part.name}', '')))
                    for part in cls.methods.values() if not part.name.startswith('_')]
            yield library.table(('Function', 'What it does'), rows)

    def page(self):
        parts = [PYTHON_INTRODUCTION.strip()]
        for name in library.CLASSES:
            parts += self.show_class(self.classes[name])
        for show in (self.show_functions, self.show_calls, self.show_errors, self.show_enumerations):
            parts += show()
        constants = [node.target.id for node in self.nodes if isinstance(node, ast.AnnAssign)]
        parts.append(f'## Constants\n\nThe version of the library: {", ".join(f"`Qmp.{name}`" for name in constants)}.')
        return '\n\n'.join(part for part in parts if part) + '\n'
