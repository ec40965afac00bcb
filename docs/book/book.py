#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the book: gi-docgen's reference with the guides around it.

The order of the pages, and the introduction, are those of docs/index.md. Each page gets a way to the others, each
example a page, and a link from where it is shown. What gi-docgen leaves out of its own pages is put in when it is done:
the introduction, the list of pages at the side of each guide, and a search that finds guides and works from the file
system.

usage: book.py --gi-docgen PROGRAM --gir FILE --config FILE --source ROOT --output DIRECTORY --depfile FILE
               INCLUDE_PATH...
"""

import argparse
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import javascript_reference
import library
import python_reference

GENERATED = {'python-reference', 'javascript-reference', 'examples'}
INDEX = 'start-page'
EXAMPLE = re.compile(r'^<!-- docs/examples/(\S+) -->\n(```.*?\n```)$', re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r'^<!-- .*? -->\n', re.MULTILINE)
ENTRY = re.compile(r'^- \[(.*?)\]\(([\w-]+)\.html\)(.*)$', re.MULTILINE)
LANGUAGES = {'.c': 'c', '.py': 'python', '.js': 'javascript', '.vala': 'vala', '.sh': 'sh'}
IN_LANGUAGE = {'.c': 'C', '.py': 'Python', '.js': 'JavaScript', '.vala': 'Vala', '.sh': 'Shell'}


# --- pages ---

def read_groups(index):
    """[(group, [(title, page)])] in the order of the index."""
    groups = []
    for part in re.split(r'^## ', index, flags=re.MULTILINE)[1:]:
        title, text = part.split('\n', 1)
        groups.append((title, [(entry[0], entry[1]) for entry in ENTRY.findall(text)]))
    return groups


def example_page(name):
    return 'example-' + name.replace('.', '-')


def link_examples(text):
    """Says below each piece of an example where it comes from."""
    return EXAMPLE.sub(lambda match: f'{match[2]}\n\nFrom [{match[1]}]({example_page(match[1])}.html).', text)


def write_foot(groups, page):
    """The way on, and to all others."""
    order = [entry for _group, entries in groups for entry in entries]
    names = [name for _title, name in order]
    lines = ['', '---', '']
    if page in names and names.index(page) + 1 < len(order):
        title, name = order[names.index(page) + 1]
        lines += [f'Next: [{title}]({name}.html)', '']
    lines += ['[Contents](index.html)', '']
    for group, entries in groups:
        lines += [f'**{group}:** ' + ', '.join(title if name == page else f'[{title}]({name}.html)' for title, name in entries), '']
    return '\n'.join(lines)


def describe_example(path):
    """What an example says of itself in its first comment."""
    text = path.read_text(encoding='utf-8')
    text = re.sub(r'^#!.*\n', '', text)
    found = re.search(r'"""(.*?)"""|/\*(?! SPDX)(.*?)\*/|^((?:// (?!SPDX).*\n?)+)|^((?:# (?!SPDX).*\n?)+)', text, re.DOTALL | re.MULTILINE)
    words = next(group for group in found.groups() if group) if found else ''
    words = re.sub(r'^\s*(?://|#|\*)\s?', '', words, flags=re.MULTILINE).strip()
    return ' '.join(words.split('\n\n')[0].split('\nusage:')[0].split())


def write_example(path, where):
    language = LANGUAGES[path.suffix]
    shown = f'It is shown in {", ".join(where)}. ' if where else ''
    return (f'Title: {path.name}\nSlug: {example_page(path.name)}\n\n# {path.name}\n\n{describe_example(path)}\n\n'
            f'{shown}The file is `examples/{path.name}` [beside this page](examples/{path.name}).\n\n'
            f'```{language}\n{path.read_text(encoding="utf-8").rstrip()}\n```\n')


def write_examples(paths):
    rows = [(f'[{path.name}]({example_page(path.name)}.html)', IN_LANGUAGE[path.suffix], describe_example(path))
            for path in sorted(paths, key=lambda path: (list(LANGUAGES).index(path.suffix), path.name))]
    return ('Title: Examples\nSlug: examples\n\n# Examples\n\nWhole programs, each of which is run by a test. They are in '
            '`docs/examples` of the sources, and in `examples` beside this page.\n\n'
            + library.table(('Program', 'Language', 'What it does'), rows) + '\n')


def make_content(options, directory):
    """Writes all pages into a directory; returns their names in order, and the groups of the index."""
    docs = options.source / 'docs'
    index = (docs / 'index.md').read_text(encoding='utf-8')
    groups = read_groups(index)
    names = [name for _group, entries in groups for _title, name in entries]
    examples = sorted(path for path in (docs / 'examples').iterdir() if path.suffix in LANGUAGES)
    overrides = options.source / 'introspection/overrides'
    gir = library.Library(options.gir)
    pages = {name: (docs / f'{name}.md').read_text(encoding='utf-8') for name in names if name not in GENERATED}
    where = {path.name: [f'[{title}]({name}.html)' for _group, entries in groups for title, name in entries
                         if f'<!-- docs/examples/{path.name} -->' in pages.get(name, '')] for path in examples}
    pages['python-reference'] = python_reference.PythonReference(
        gir, overrides / 'python/Qmp.pyi', sorted((overrides / 'python/gi/overrides').glob('*.py'))).page()
    pages['javascript-reference'] = javascript_reference.JavaScriptReference(gir, overrides / 'gjs/Qmp.d.ts').page()
    pages['examples'] = write_examples(examples)
    unknown = {path.stem for path in docs.glob('*.md')} - set(names) - {'index'}
    if unknown:
        sys.exit(f'book.py: docs/index.md does not name {", ".join(sorted(unknown))}')
    for path in examples:
        pages[example_page(path.name)] = write_example(path, where[path.name])
    for name, text in pages.items():
        text = COMMENT.sub('', link_examples(text)).rstrip() + '\n' + write_foot(groups, name)
        (directory / f'{name}.md').write_text(text, encoding='utf-8')
    (directory / f'{INDEX}.md').write_text(index, encoding='utf-8')
    for path in docs.glob('*.png'):
        shutil.copy(path, directory)
    return [*names, *sorted(set(pages) - set(names)), INDEX], groups, examples


# --- what gi-docgen makes of them ---

def run_gi_docgen(options, directory, names):
    config = options.config.read_text(encoding='utf-8')
    listed = 'content_files = [\n' + ''.join(f'  "{name}.md",\n' for name in names) + ']\n'
    pictures = [path.name for path in directory.glob('*.png')]
    listed += f'content_images = {json.dumps(pictures)}\n'
    config, n = re.subn(r'^content_files = \[\]\n', listed, config, flags=re.MULTILINE)
    if n != 1:
        sys.exit('book.py: the configuration has no place for the pages')
    (directory / 'book.toml').write_text(config, encoding='utf-8')
    if options.output.exists():
        shutil.rmtree(options.output)
    subprocess.run([options.gi_docgen, 'generate', '--quiet', '--no-namespace-dir', '--fatal-warnings',
                    *(f'--add-include-path={path}' for path in options.include_paths),
                    f'--config={directory / "book.toml"}', f'--output-dir={options.output}',
                    f'--content-dir={directory}', f'--content-dir={options.source / "docs"}', options.gir], check=True)


def replace(text, pattern, new, where):
    """Replaces one place; another version of gi-docgen may have changed it, and the rest of the book is good without."""
    text, n = re.subn(pattern, lambda _match: new, text, count=1, flags=re.DOTALL)
    if n != 1:
        print(f'book.py: nothing to replace in {where}: {pattern}', file=sys.stderr)
    return text


def show_links(groups, page):
    """The list of pages for the bar at the side."""
    shown = ''
    for group, entries in groups:
        links = ''.join(f'<a href="{name}.html"{" class=current" if name == page else ""}>{html.escape(title)}</a>'
                        for title, name in entries)
        shown += f'<div class="section"><h5>{html.escape(group)}</h5><div class="links">{links}</div></div>\n'
    return shown


def finish_index(options, groups):
    start = options.output / f'{INDEX}.html'
    docblock = re.search(r'<div class="docblock">\s*(.*?)\s*</div>\s*</section>\s*</section>', start.read_text(encoding='utf-8'), re.DOTALL)
    start.unlink()
    path = options.output / 'index.html'
    text = path.read_text(encoding='utf-8')
    text = replace(text, r'<h3>Namespace</h3>\s*<h1>.*?</h1>', '<h1>qmp-glib</h1>', path)
    introduction = re.sub(r'<h1[^>]*>.*?</h1>', '', docblock[1], count=1, flags=re.DOTALL) if docblock else ''
    text = replace(text, r'<div class="description">.*?</div>', f'<div class="docblock introduction">{introduction}</div>', path)
    for name in 'Website', 'Source':
        text = replace(text, rf'<tr><td><em>{name}</em></td>.*?</tr>\s*', '', path)
    text = replace(text, r'<section>\s*<div class="toggle-wrapper">\s*<h4 id="extra".*?</section>\s*', '', path)
    text = replace(text, r'(?=<div class="section generator">)', show_links(groups, 'index'), path)
    path.write_text(text, encoding='utf-8')


def finish_pages(options, groups, names):
    for name in names:
        path = options.output / f'{name}.html'
        if path.exists():
            text = replace(path.read_text(encoding='utf-8'), r'(?=<div class="section generator">)', show_links(groups, name), path)
            path.write_text(text, encoding='utf-8')


def find_headings(path):
    """[(words, place)] of a page."""
    found = re.findall(r'<h([1-3]) id="([^"]+)">(.*?)</h\1>', path.read_text(encoding='utf-8'), re.DOTALL)
    return [(html.unescape(re.sub(r'<[^>]+>', '', words)).strip().removesuffix('¶').strip(), place) for _level, place, words in found]


def finish_search(options, names):
    """The search finds the guides and their sections too, and needs no server: a page on disk may not read others."""
    path = options.output / 'index.json'
    index = json.loads(path.read_text(encoding='utf-8'))
    index['symbols'] = [symbol for symbol in index['symbols'] if symbol['type'] != 'content']
    for name in names:
        page = options.output / f'{name}.html'
        headings = find_headings(page) if page.exists() else []
        for words, place in headings:
            title = headings[0][0]
            index['symbols'].append({
                'type': 'content', 'name': html.escape(words if words == title else f'{words} – {title}'),
                'href': f'{name}.html' if words == title else f'{name}.html#{place}', 'summary': html.escape(title)})
    path.write_text(json.dumps(index), encoding='utf-8')
    (options.output / 'search-index.js').write_text(f'window.searchIndexOfBook = {json.dumps(index)};\n', encoding='utf-8')
    script = options.output / 'search.js'
    text = replace(script.read_text(encoding='utf-8'), r"fetchJSON\('index\.json', onDidLoadSearchIndex\);",
                   'onDidLoadSearchIndex(window.searchIndexOfBook);', script)
    script.write_text(text, encoding='utf-8')
    for page in options.output.glob('*.html'):
        text = page.read_text(encoding='utf-8')
        page.write_text(replace(text, r'(?=<script src="search.js")', '<script src="search-index.js"></script>\n  ', page), encoding='utf-8')


def write_dependencies(options, groups, examples):
    """Tells ninja what was read."""
    docs, overrides = options.source / 'docs', options.source / 'introspection/overrides'
    pages = [docs / f'{name}.md' for _group, entries in groups for _title, name in entries if name not in GENERATED]
    read = [*pages, docs / 'index.md', docs / 'urlmap.js', *docs.glob('*.png'), *(docs / 'book').iterdir(), *examples,
            overrides / 'python/Qmp.pyi', *(overrides / 'python/gi/overrides').glob('*.py'), overrides / 'gjs/Qmp.d.ts']
    files = ' '.join(str(path).replace(' ', '\\ ') for path in read if path.is_file())
    options.depfile.write_text(f'{options.output}: {files}\n', encoding='utf-8')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--gi-docgen', required=True)
    for name in 'gir', 'config', 'source', 'output', 'depfile':
        parser.add_argument(f'--{name}', type=pathlib.Path, required=True)
    parser.add_argument('include_paths', nargs='*')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='qmp-glib-book-') as directory:
        directory = pathlib.Path(directory)
        names, groups, examples = make_content(options, directory)
        run_gi_docgen(options, directory, names)
    finish_index(options, groups)
    finish_pages(options, groups, [name for name in names if name != INDEX])
    finish_search(options, names)
    style = pathlib.Path(__file__).with_name('book.css').read_text(encoding='utf-8')
    with open(options.output / 'style.css', 'a', encoding='utf-8') as file:
        file.write('\n' + style)
    (options.output / 'examples').mkdir()
    for path in examples:
        shutil.copy(path, options.output / 'examples')
    write_dependencies(options, groups, examples)


if __name__ == '__main__':
    main()
