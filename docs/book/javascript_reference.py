# SPDX-License-Identifier: LGPL-2.1-or-later
"""The page “JavaScript reference”: made from the types for TypeScript and, where they have no text, the GIR."""

import re

import library

JAVASCRIPT_INTRODUCTION = '''Title: JavaScript reference
Slug: javascript-reference

# JavaScript reference

What `import Qmp from 'gi://Qmp?version=1.0'` gives with the overrides. The page is made from the types for TypeScript,
`Qmp.d.ts`. [Tutorial: JavaScript](tutorial-javascript.html) shows how things are used; the pages of the C functions, to
which each entry leads, have the details.

Times
: are whole numbers of milliseconds; a fraction is a `TypeError`. `Qmp.TIMEOUT_NONE` sets no limit, and 0
  is at once; where that is otherwise, the entry says so.

Values
: are plain objects. An integer that a Number cannot hold exactly comes as a BigInt, and may be given as one.

`cancellable`
: is a [class@Gio.Cancellable] that ends the call early with `Qmp.CancelledError`, or `null`. It may be left out.

`NAME_async()`
: takes what `NAME()` takes and returns a promise. `NAME_async()` with a callback and `NAME_finish()` are those of C: their
  values are [struct@Json.Node].

Properties
: have two names, `open_timeout` and `openTimeout`, in a constructor too: `new Qmp.Client({openTimeout: 3000})`.

| Where this is written | You can give |
| --- | --- |
| `Address` | a string as in [Addresses](addresses.html), or a [iface@Gio.SocketConnectable] |
| `Arguments` | an object, a `Map`, a [struct@Json.Node], or `null` |
| `Command` | a `Qmp.Message`, or an object: `{execute: 'query-status'}` |
| `CommandOptions` | `fds`: descriptors as numbers, which stay yours; `timeout`: milliseconds; `outOfBand`: a boolean |
'''
TS_BLOCK = re.compile(r'^    (?:/\*\*(?P<doc>.*?)\*/\n    )?(?P<kind>class|interface|enum) (?P<name>\w+)[^{\n]* \{\n(?P<body>.*?)^    \}',
                      re.DOTALL | re.MULTILINE)
TS_MEMBER = re.compile(r'^      (?:/\*\*(?P<doc>.*?)\*/\s*)?(?P<text>(?:static )?(?:readonly )?(?:get )?(?P<name>"?\w+"?|\[Symbol\.asyncIterator\])(?P<rest>\??[:(].*?));(?: //[^\n]*)?$',
                       re.DOTALL | re.MULTILINE)


def clean_comment(text):
    return ' '.join(line.strip().lstrip('*').strip() for line in (text or '').strip().splitlines()).strip()


def split_arguments(text):
    """The arguments in “(a: {b: c, d}, e) …”, and what follows."""
    depth, start, found = 0, 1, []
    for place, letter in enumerate(text):
        if letter in '([{<':
            depth += 1
        elif letter in ')]}' or (letter == '>' and text[place - 1] != '='):
            depth -= 1
        if (letter == ',' and depth == 1) or depth == 0:
            argument = ' '.join(text[start:place].split())
            found += [argument] if argument else []
            start = place + 1
        if depth == 0:
            return found, text[place + 1:]
    raise ValueError(f'no end of the arguments: {text}')


class JavaScriptMember:
    def __init__(self, match):
        self.name = match['name'].strip('"')
        self.doc = clean_comment(match['doc'])
        self.is_static = match['text'].startswith('static ')
        self.is_readonly = 'readonly ' in match['text']
        self.is_getter = re.match(r'(?:static )?get ', match['text']) is not None
        self.is_function = match['rest'].startswith('(') and not self.is_getter
        if match['rest'].startswith('('):
            self.arguments, tail = split_arguments(match['rest'])
            self.type = tail.removeprefix(': ')
        else:
            self.arguments, self.type = [], re.sub(r'^\??: ', '', match['rest'])


class JavaScriptClass:
    def __init__(self, match):
        self.name = match['name']
        self.doc = clean_comment(match['doc'])
        self.members = [JavaScriptMember(member) for member in TS_MEMBER.finditer(match['body'])]
        self.variable = library.VARIABLES.get(self.name, self.name.lower())


class JavaScriptReference:
    def __init__(self, gir, types):
        self.gir = gir
        self.text = types.read_text(encoding='utf-8')
        blocks = list(TS_BLOCK.finditer(self.text))
        self.classes = {match['name']: JavaScriptClass(match) for match in blocks if match['kind'] == 'class'}
        self.properties = {match['name'].removesuffix('Properties'): JavaScriptClass(match) for match in blocks
                           if match['kind'] == 'interface' and match['name'].endswith('Properties')}
        self.enumerations = [match for match in blocks if match['kind'] == 'enum']
        self.signals = {match['name'].removesuffix('Signals'): match['body'] for match in blocks
                        if match['kind'] == 'interface' and match['name'].endswith('Signals')}

    def summary(self, name):
        return self.gir.summary(name, 'null', 'true', 'false')

    def link(self, name):
        return self.gir.links.get(name)

    def call(self, cls, member):
        owner = f'Qmp.{cls.name}' if member.is_static else cls.variable
        promised = re.fullmatch(r'Promise<(.*)>', member.type)
        returned = promised[1] if promised else member.type
        tail = '' if returned == 'void' else f': {returned}'
        return library.wrap_call(f'{"await " if promised else ""}{owner}.{member.name}', member.arguments, tail)

    def show_class(self, cls):
        yield f'## {cls.name}'
        link = self.link(cls.name)
        yield (library.mark_code(cls.doc) or self.summary(cls.name)) + (f' In C: {link}.' if link else '')
        if cls.name in ('Event', 'Greeting'):
            yield 'It is a [Message](#message), and has all that this has.'
        made = [member for member in cls.members if member.name == 'constructor']
        if made:
            yield library.block('javascript', f'new Qmp.{cls.name}(properties)')
        if '[Symbol.asyncIterator]' in [member.name for member in cls.members]:
            yield f'It can be used as `for await (const event of {cls.variable})`, which ends with the link.'
        yield from self.show_properties(cls)
        yield from self.show_methods(cls)
        yield from self.show_signals(cls)

    def show_properties(self, cls):
        members = self.properties_of(cls)
        getters = [member for member in cls.members if member.is_getter and member.name not in [m.name for m in members]]
        if members or getters:
            yield f'### Properties of {cls.name}'
            rows = []
            for member in [*members, *getters]:
                kind = f'`{member.type}`' + (', read-only' if member.is_readonly or member.is_getter else '')
                text = library.mark_code(member.doc) or self.summary(f'{cls.name}:{member.name}')
                rows.append((f'`{member.name}`', kind, f'{text} {self.link(f"{cls.name}:{member.name}") or ""}'.strip()))
            yield library.table(('Property', 'Type', 'Meaning'), rows)

    def properties_of(self, cls):
        return self.properties[cls.name].members if cls.name in self.properties else []

    def entries(self, cls):
        """{name: [form]}: the methods that are told of by themselves, each with its blocking and its _async form."""
        names = {member.name for member in cls.members}
        properties = {member.name for member in self.properties_of(cls)}
        found = {}
        for member in cls.members:
            base = member.name.removesuffix('_async')
            of_property = re.match('[gs]et_', member.name) and member.name[len('get_'):] in properties
            if (member.is_function and not of_property and not member.name.endswith('_finish')
                    and not member.name.startswith(('[', 'connect', 'constructor'))):
                forms = found.setdefault(base if base in names else member.name, [])
                if member.name not in [form.name for form in forms]:
                    forms.append(member)
        return found

    def show_methods(self, cls):
        plain, has_own = [], False
        for name, forms in self.entries(cls).items():
            link = self.link(f'{cls.name}.{name}')
            text = library.mark_code(forms[0].doc) or self.summary(f'{cls.name}.{name}')
            if forms[0].doc or len(forms) > 1:
                has_own = True
                yield f'### {cls.name}.{name}()'
                yield library.block('typescript', '\n'.join(self.call(cls, form) for form in forms))
                yield text + (f'\n\nIn C: {link}.' if link else '')
            else:
                plain.append((f'`{library.in_one_line(self.call(cls, forms[0]))}`', f'{text} {link or ""}'.strip()))
        if plain:
            yield f'### {"More functions" if has_own else "Functions"} of {cls.name}'
            yield library.table(('Function', 'What it does'), plain)
        names = dict.fromkeys(member.name for member in cls.members)
        if self.properties_of(cls) and any(name.startswith('get_') for name in names):
            yield 'Each property has functions too, `get_NAME()` and, where it can be set, `set_NAME()`.'
        of_c = [f'`{name}()`' for name in names if name.endswith('_finish')]
        if of_c:
            yield f'As in C: {", ".join(of_c)}, and the `_async()` functions with a callback.'

    def show_signals(self, cls):
        found = re.findall(r"^      '?([\w-]+)'?: \((.*?)\) => (?:void|boolean);", self.signals.get(cls.name, ''), re.MULTILINE)
        if found:
            yield f'### Signals of {cls.name}'
            yield library.table(('Signal', 'Handler takes, after the object', 'When'), [
                (f'`{name}`', f'`{arguments}`', f'{self.summary(f"{cls.name}::{name}")} [signal@{cls.name}::{name}]')
                for name, arguments in found])

    def show_errors(self):
        yield '## Errors'
        yield 'For `instanceof`; all are [struct@GLib.Error]. More is in [Errors](errors.html).'
        rows = []
        for cls in self.classes.values():
            if cls.name.endswith('Error'):
                codes = [member.name for member in cls.members if member.is_static and not member.is_function]
                fields = [member.name for member in cls.members if member.is_readonly and not member.is_static]
                text = library.mark_code(cls.doc)
                text += f' Codes: {", ".join(f"`{code}`" for code in codes)}.' if codes else ''
                text += f' It has {", ".join(f"`{field}`" for field in fields)}.' if fields else ''
                rows.append((f'`Qmp.{cls.name}`', f'{text} {self.link(cls.name) or ""}'.strip()))
        rows.append(('`Qmp.ExecuteError`', 'Another name of `Qmp.CommandError`.'))
        yield library.table(('Class', 'What has happened'), rows)

    def show_functions(self):
        yield '## Functions'
        rows = []
        for doc, name, rest in re.findall(r'^    (?:/\*\*(.*?)\*/\s*)?function (\w+)(\(.*?);', self.text, re.DOTALL | re.MULTILINE):
            arguments, tail = split_arguments(rest)
            rows.append((f'`Qmp.{name}({", ".join(arguments)}){tail}`',
                         f'{library.mark_code(clean_comment(doc)) or self.summary(name)} {self.link(name) or ""}'.strip()))
        yield library.table(('Function', 'What it does'), rows)

    def show_enumerations(self):
        yield '## Enumerations'
        yield library.table(('Enumeration', 'Values', 'In C'), [
            (f'`Qmp.{match["name"]}`', ', '.join(f'`{value}`' for value in re.findall(r'(\w+) =', match['body'])),
             self.link(match['name']) or '') for match in self.enumerations])
        constants = re.findall(r'^    const ([A-Z]+_VERSION)', self.text, re.MULTILINE)
        yield f'## Constants\n\nThe version of the library: {", ".join(f"`Qmp.{name}`" for name in constants)}.'

    def page(self):
        parts = [JAVASCRIPT_INTRODUCTION.strip()]
        for name in library.CLASSES:
            parts += self.show_class(self.classes[name])
        for show in (self.show_functions, self.show_errors, self.show_enumerations):
            parts += show()
        return '\n\n'.join(part for part in parts if part) + '\n'
