#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the built reference, each link leads somewhere, and none was left as text.

Links to other sites are not followed.

usage: links.py DIRECTORY
"""

import html.parser
import pathlib
import re
import urllib.parse

import checklib

# [method@Client.open] and the like, outside of code
UNRESOLVED = re.compile(r'\[\w+@[^\]\s]+\]|\]\(\w[\w-]*\.(?:html|md)\)')


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links = []
        self.anchors = set()
        self.texts = []
        self.depth_of_code = 0
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ('href', 'src') and value is not None:
                self.links.append(value)
            elif name == 'id' or (name == 'name' and tag == 'a'):
                self.anchors.add(value)
        self.depth_of_code += tag in ('pre', 'script')

    def handle_endtag(self, tag):
        self.depth_of_code -= tag in ('pre', 'script')

    def handle_data(self, data):
        if self.depth_of_code == 0:
            self.texts += UNRESOLVED.findall(data)


def is_made_up(path, target):
    """Newer gi-docgen lead from what begins to what finishes as if that were no constructor."""
    kind = 'type_func.'
    return (path.name.startswith(kind) and target.name.startswith(kind) and
            target.with_name('ctor.' + target.name.removeprefix(kind)).exists())


def check(directory):
    directory = pathlib.Path(directory)
    pages = {path.resolve(): Page(path) for path in sorted(directory.rglob('*.html'))}
    if not pages:
        yield f'{directory} has no pages'
    for path, page in pages.items():
        shown = path.relative_to(directory.resolve())
        for text in page.texts:
            yield f'{shown}: {text} is no link'
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() and not is_made_up(path, target):
                yield f'{shown}: {link} leads nowhere'
            elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].anchors:
                yield f'{shown}: there is no place {link}'


def fixture(text):
    return (checklib.tree({'index.html': f'<html><h2 id="top">Top</h2>{text}</html>',
                           'a/b c.html': '<html><p id="there">There</p></html>',
                           'picture.png': ''}),)


def right():
    return [fixture('<a href="a/b%20c.html#there">1</a><a href="#top">2</a><img src="picture.png">'
                    '<a href="https://example.org/nothing#x">3</a><pre>[method@Client.open]</pre>'),
            (checklib.tree({'type_func.A.new_async.html': '<html><a href="type_func.A.new_finish.html">1</a></html>',
                            'ctor.A.new_finish.html': '<html></html>'}),)]


def wrong():
    return [
        fixture('<a href="a/gone.html">1</a>'),
        fixture('<a href="a/b%20c.html#gone">1</a>'),
        fixture('<a href="#gone">1</a>'),
        fixture('<img src="gone.png">'),
        fixture('<p>See [method@Client.open].</p>'),
        (checklib.tree({'text': ''}),),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
