# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the references of Python and JavaScript share: what the GIR says, and how an entry looks in Markdown."""

import re
import xml.etree.ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
WIDTH = 72
VARIABLES = {'Client': 'vm', 'EventListener': 'events', 'EventMatch': 'match', 'SchemaType': 'type', 'SchemaMember': 'member',
             'SchemaProblem': 'problem', 'GuestAgent': 'guest', 'GuestExecResult': 'result', 'Machine': 'vm',
             'Job': 'job', 'Migration': 'migration', 'MachineList': 'machines', 'MachineEntry': 'entry'}
CLASSES = ('Client', 'EventListener', 'EventMatch', 'Event', 'Message', 'Greeting', 'Schema', 'SchemaType', 'SchemaMember',
           'SchemaProblem', 'GuestAgent', 'GuestExecResult', 'Machine', 'Job', 'Migration', 'Launcher', 'Outcome', 'Server',
           'ServerConnection', 'Invocation', 'Mock', 'Expectation', 'Multiplexer', 'Recorder', 'Finder', 'Instance',
           'Endpoint', 'MachineList', 'MachineEntry', 'MachineResult')
CODE = re.compile(r'`[^`]*`|\[\w+@[^]]*\]|\[[^]]*\]\([^)]*\)')
WORDS_OF_CODE = re.compile(r"(?:Qmp|Gio|GLib|Json|GObject|asyncio|pathlib|socket|math|time|event|reply|message)\.\w+(?:\.\w+)*"
                           r"(?:\((?:[^()]|\([^()]*\))*\))?"
                           r"|\b\w+\(\)|\b[a-z]+(?:_[a-z]+)+\b|\b(?:None|True|False|null|undefined)\b|\{[^}]*\}")


# --- the library ---

class Library:
    """What the GIR says of each name: “Client.open”, “Client:timeout”, “Client”, “Client::closed”."""

    def __init__(self, path):
        self.texts = {}
        self.links = {}
        self.members = {}
        namespace = xml.etree.ElementTree.parse(path).getroot().find(f'{CORE}namespace')
        for element in namespace:
            name = element.get('name')
            kind = element.tag.split('}')[1]
            if kind in ('class', 'enumeration', 'bitfield', 'function', 'record'):
                is_error = 'error-domain' in ' '.join(element.attrib)
                self._add(name, element, {'enumeration': 'error' if is_error else 'enum', 'bitfield': 'flags',
                                          'function': 'func', 'record': 'struct'}.get(kind, kind))
            for member in element:
                self._add_member(name, member)

    def _add(self, name, element, kind):
        doc = element.find(f'{CORE}doc')
        text = '' if doc is None else doc.text
        self.texts[name] = ' '.join(text.split('\n\n')[0].split())
        if kind:
            self.links[name] = f'[{kind}@{name}]'

    def _add_member(self, owner, member):
        kind = member.tag.split('}')[1]
        name = (member.get('name') or '').replace('-', '_') if kind != 'signal' else member.get('name')
        if kind in ('method', 'constructor', 'function'):
            short = {'constructor': 'ctor', 'function': 'func'}.get(kind, kind)
            self._add(f'{owner}.{name}', member, short)
        elif kind == 'property':
            self._add(f'{owner}:{name}', member, None)
            self.links[f'{owner}:{name}'] = f'[property@{owner}:{member.get("name")}]'
        elif kind == 'signal':
            self._add(f'{owner}::{name}', member, kind)
        elif kind == 'member':
            self._add(f'{owner}.{name.upper()}', member, None)

    def summary(self, name, nothing, yes, no):
        """The first paragraph, in the words of a language."""
        text = self.texts.get(name, '')
        text = re.sub(r'; blocks until[^.]*', '', text)
        for old, new in (('NULL', nothing), ('TRUE', yes), ('FALSE', no)):
            text = re.sub(rf'`{old}`|%{old}\b', f'`{new}`', text)
        return re.sub(r'(?<!\w)@(\w+)\b', r'`\1`', re.sub(r'#Qmp(\w+)', r'`\1`', text))


def mark_code(text):
    """Sets what is code in a plain text as code, where that was not done."""
    parts = []
    start = 0
    for match in [*CODE.finditer(text), None]:
        end = match.start() if match else len(text)
        parts.append(WORDS_OF_CODE.sub(r'`\g<0>`', text[start:end]))
        parts.append(match[0] if match else '')
        start = match.end() if match else end
    return ''.join(parts)


def wrap_call(head, arguments, tail):
    """A call in one line, or with each argument in a line of its own."""
    line = f'{head}({", ".join(arguments)}){tail}'
    if len(line) <= WIDTH:
        return line
    return f'{head}(\n' + ',\n'.join(f'    {argument}' for argument in arguments) + f',\n){tail}'


def in_one_line(call):
    return ' '.join(call.split()).replace('( ', '(').replace(', )', ')')


def escape_cell(text):
    """A | ends a cell, but not in code."""
    return re.sub(r'(`[^`]*`)|\|', lambda match: match[1] or '\\|', text)


def table(head, rows):
    lines = [f'| {" | ".join(map(escape_cell, row))} |' for row in [head, ['---'] * len(head), *rows]]
    return '\n'.join(lines) if rows else ''


def block(language, text):
    return f'```{language}\n{text}\n```'
