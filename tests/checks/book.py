#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The built book is whole: the references of Python and JavaScript name all that the overrides have, the index has no empty
row, each guide leads to all others, and the search finds guides and needs no server.

usage: book.py DIRECTORY INDEX STUB TYPES
"""

import ast
import html
import json
import pathlib
import re

import checklib

ENTRY = re.compile(r'^- \[.*?\]\(([\w-]+\.html)\)', re.MULTILINE)


def names_of_stub(text):
    """All public names: functions, classes, methods, properties. What is of C alone needs no entry, nor do accessors."""
    for node in ast.parse(text).body:
        name = getattr(node, 'name', None) or (node.target.id if isinstance(node, ast.AnnAssign) else '_')
        if name.startswith('_'):
            continue
        yield name
        parts = node.body if isinstance(node, ast.ClassDef) else []
        properties = {line.target.id for part in parts if getattr(part, 'name', None) == 'Props'
                      for line in part.body if isinstance(line, ast.AnnAssign)}
        for part in parts:
            own = getattr(part, 'name', None) or (part.target.id if isinstance(part, ast.AnnAssign) else '_')
            is_accessor = own.startswith(('get_', 'set_')) and own[len('get_'):] in properties
            if own not in ('Props', 'connect', 'props', 'quark') and not own.startswith('_') and not is_accessor:
                yield own
        yield from properties


def names_of_types(text):
    yield from re.findall(r'^    (?:class|enum|function) (\w+)', text, re.MULTILINE)
    for line in re.findall(r'^      (?!constructor|static quark|connect|\[|\$|/\*\*|\*)(.*);$', text, re.MULTILINE):
        name = re.match(r'(?:static )?(?:readonly )?(?:get )?"?([a-zA-Z_]\w*)"?\??[:(]', line)
        if name and not re.match('(?:get|set)_', name[1]):
            yield name[1]


def signals_of_stub(text):
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            yield from ((node.name, name) for name in re.findall(r"Literal\['([\w-]+)'\]", ast.unparse(node)))


def signals_of_types(text):
    for name, body in re.findall(r'^    interface (\w+)Signals [^{]*\{(.*?)^    \}', text, re.DOTALL | re.MULTILINE):
        yield from ((name, signal) for signal in re.findall(r"^      '?([a-z-]+)'?: ", body, re.MULTILINE))


def words(page):
    text = re.sub(r'<(script|style).*?</\1>', '', page, flags=re.DOTALL)
    return set(re.findall(r'\w+', html.unescape(re.sub(r'<[^>]+>', ' ', text))))


def check_reference(directory, page, names, signals):
    path = directory / page
    if not path.exists():
        yield f'{page} is not there'
        return
    text = path.read_text(encoding='utf-8')
    there = words(text)
    names = set(names)
    if not names:
        yield f'{page} has nothing to name'
    yield from (f'{page} does not name {name}' for name in sorted(names - there))
    yield from (f'{page} does not tell of {owner}::{name}' for owner, name in signals
                if f'signal.{owner}.{name}.html' not in text)


def check_pages(directory, pages):
    index = (directory / 'index.html').read_text(encoding='utf-8')
    if re.search(r'<a href=""', index) or 'Website' in index:
        yield 'index.html has a row without content'
    for page in pages:
        if f'href="{page}"' not in index:
            yield f'index.html does not lead to {page}'
        text = (directory / page).read_text(encoding='utf-8') if (directory / page).exists() else ''
        side = text.split('<section id="main"')[0]
        foot = text.split('<hr')[-1]
        for other in pages:
            for where, part in (('side', side), ('foot', foot)):
                if other != page and f'href="{other}"' not in part:
                    yield f'{page} does not lead to {other} at its {where}'


def check_search(directory, pages):
    script = (directory / 'search-index.js').read_text(encoding='utf-8')
    index = json.loads(script[script.index('{'):script.rindex(';')])
    found = {symbol.get('href', '').split('#')[0] for symbol in index['symbols']}
    yield from (f'the search does not find {page}' for page in pages if page not in found)
    if 'fetchJSON(\'index.json\'' in (directory / 'search.js').read_text(encoding='utf-8'):
        yield 'the search needs a server'
    for path in directory.glob('*.html'):
        if 'search-index.js' not in path.read_text(encoding='utf-8'):
            yield f'{path.name} has no index for its search'


def check(directory, index, stub, types):
    directory = pathlib.Path(directory)
    stub, types, index = (pathlib.Path(path).read_text(encoding='utf-8') for path in (stub, types, index))
    pages = ENTRY.findall(index)
    yield from check_reference(directory, 'python-reference.html', names_of_stub(stub), signals_of_stub(stub))
    yield from check_reference(directory, 'javascript-reference.html', names_of_types(types), signals_of_types(types))
    yield from check_pages(directory, pages)
    yield from check_search(directory, pages)


STUB = '''
class A:
    class Props:
        speed: int
    props: Props
    def walk(self): ...
    def _hide(self): ...
    def connect(self, detailed_signal: Literal['gone'], handler: Callable[[A], None]) -> int: ...
def run(): ...
'''
TYPES = '''
    class A {
      /** Takes a stroll. */
      stroll(way: string): void;
      readonly length: number;
    }
    interface ASignals extends GObject.Object.SignalSignatures {
      'far-gone': (way: string) => void;
    }
    function jump(): void;
'''
PYTHON_SIGNAL = '<a href="signal.A.gone.html">gone</a>'
JAVASCRIPT_SIGNAL = '<a href="signal.A.far-gone.html">far-gone</a>'
PAGE = '<script src="search-index.js"></script><a href="a.html">A</a><a href="b.html">B</a><section id="main">{}<hr />' \
       '<a href="a.html">A</a><a href="b.html">B</a></section>'
FILES = {
    'index.md': '# Book\n- [A](a.html): it\n- [B](b.html)\n',
    'stub.pyi': STUB,
    'types.d.ts': TYPES,
    'index.html': PAGE.format(''),
    'a.html': PAGE.format('A'),
    'b.html': PAGE.format('B'),
    'python-reference.html': PAGE.format(f'<code>A.walk()</code> <code>run()</code> speed {PYTHON_SIGNAL}'),
    'javascript-reference.html': PAGE.format(f'A stroll length jump {JAVASCRIPT_SIGNAL}'),
    'search.js': 'onDidLoadSearchIndex(window.x);',
    'search-index.js': 'window.x = {"symbols": [{"href": "a.html"}, {"href": "b.html#there"}]};\n',
}


def fixture(**changed):
    files = {**FILES, **{name.replace('_', '.').replace('0', '-'): text for name, text in changed.items()}}
    root = pathlib.Path(checklib.tree({name: text for name, text in files.items() if text is not None}))
    return root, root / 'index.md', root / 'stub.pyi', root / 'types.d.ts'


def right():
    return [fixture()]


def wrong():
    return [
        fixture(python0reference_html=PAGE.format(f'A walk run {PYTHON_SIGNAL}')),
        fixture(python0reference_html=PAGE.format(f'A walk speed {PYTHON_SIGNAL}')),
        fixture(python0reference_html=PAGE.format(f'A run speed {PYTHON_SIGNAL}')),
        fixture(python0reference_html=PAGE.format('A walk run speed gone')),
        fixture(python0reference_html=None),
        fixture(javascript0reference_html=PAGE.format(f'A length jump {JAVASCRIPT_SIGNAL}')),
        fixture(javascript0reference_html=PAGE.format(f'A stroll jump {JAVASCRIPT_SIGNAL}')),
        fixture(javascript0reference_html=PAGE.format('A stroll length jump far gone')),
        fixture(index_html=PAGE.format('<a href="">Website</a>')),
        fixture(index_html=PAGE.format('').replace('href="b.html"', '')),
        fixture(a_html=PAGE.format('A').replace('<a href="b.html">B</a><section', '<section')),
        fixture(a_html=PAGE.format('A').replace('<a href="b.html">B</a></section', '</section')),
        fixture(b_html=PAGE.format('B').replace('search-index.js', '')),
        fixture(search_js="fetchJSON('index.json', onDidLoadSearchIndex);"),
        fixture(search0index_js='window.x = {"symbols": [{"href": "a.html"}]};\n'),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
