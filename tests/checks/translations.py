#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each language of po/LINGUAS has all texts of the sources, and gettext finds nothing wrong with them.

usage: translations.py SOURCE_ROOT
"""

import pathlib
import re
import subprocess
import tempfile

import checklib

# Those of Meson's preset for GLib projects.
XGETTEXT = ['xgettext', '--from-code=UTF-8', '--keyword=_', '--keyword=N_', '--keyword=C_:1c,2', '--keyword=NC_:1c,2',
            '--keyword=g_dcgettext:2', '--keyword=g_dngettext:2,3', '--keyword=g_dpgettext2:2c,3',
            '--flag=N_:1:pass-c-format', '--flag=g_set_error:4:c-format', '--flag=g_strdup_printf:1:c-format']


def run(*command, **options):
    """What a tool of gettext has to say; nothing if all is well."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env={'LC_ALL': 'C', 'PATH': '/usr/local/bin:/usr/bin:/bin'}, **options)
    return done.stdout if done.returncode != 0 or 'warning' in done.stdout else ''


def check_language(path, template):
    problem = run('msgfmt', '--check', '--output-file=/dev/null', path)
    if problem:
        yield problem
        return
    yield from filter(None, [run('msgcmp', path, template)])
    done = subprocess.run(['msgfmt', '--statistics', '--output-file=/dev/null', path], stderr=subprocess.PIPE, text=True,
                          check=True, env={'LC_ALL': 'C', 'PATH': '/usr/local/bin:/usr/bin:/bin'})
    if re.search('fuzzy|untranslated', done.stderr):
        yield f'{path}: {done.stderr}'


# xgettext takes the text up to the macro, which is not what the program looks up.
CUT = re.compile(r'\bN?_\s*\(\s*(?:"(?:[^"\\]|\\.)*"\s*)+[A-Z]\w*')


def check_source(root, name):
    for match in CUT.finditer((root / name).read_text(encoding='utf-8')):
        yield f'{name}: a macro cuts the text to translate: {match[0]}'


def check(root):
    root = pathlib.Path(root)
    for name in (root / 'po/POTFILES.in').read_text(encoding='utf-8').split():
        yield from check_source(root, name)
    languages = (root / 'po/LINGUAS').read_text(encoding='utf-8').split()
    if languages != sorted(languages):
        yield 'po/LINGUAS is not sorted'
    there = {path.stem for path in (root / 'po').glob('*.po')}
    for language in sorted(there ^ set(languages)):
        yield f'{language} is not both in po/LINGUAS and a file of po/'
    with tempfile.TemporaryDirectory(prefix='qmp-glib-') as directory:
        template = pathlib.Path(directory, 'template.pot')
        problem = run(*XGETTEXT, '--output', template, '--files-from=po/POTFILES.in', cwd=root)
        if problem:
            yield problem
        for language in sorted(there & set(languages)):
            yield from check_language(root / f'po/{language}.po', template)


HEADER = '''msgid ""
msgstr ""
"Project-Id-Version: 1\\n"
"PO-Revision-Date: 2026-01-01 00:00+0000\\n"
"Last-Translator: Somebody\\n"
"Language-Team: German\\n"
"Language: de\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
'''


def fixture(messages, more=None):
    return (checklib.tree({
        'a.c': 'text = _("door"); g_print (_("%d doors"), 5);\n',
        'po/POTFILES.in': 'a.c\n',
        'po/LINGUAS': 'de\n',
        'po/de.po': HEADER + messages,
        **(more or {}),
    }),)


ALL = 'msgid "door"\nmsgstr "Tür"\n#, c-format\nmsgid "%d doors"\nmsgstr "%d Türen"\n'


def right():
    return [fixture(ALL)]


def wrong():
    return [
        fixture(ALL.replace('Tür"', '"')),
        fixture(ALL.replace('msgid "door"', '#, fuzzy\nmsgid "door"')),
        fixture(ALL.replace('%d Türen', '%s Türen')),
        fixture('msgid "door"\nmsgstr "Tür"\n'),
        fixture(ALL, {'po/LINGUAS': ''}),
        fixture(ALL, {'po/LINGUAS': 'de\nfr\n'}),
        fixture(ALL, {'a.c': 'text = _("door"); fail (_("%d doors " G_GSIZE_FORMAT), 5);\n'}),
        fixture(ALL, {'a.c': 'text = _("door"); g_print (_("%" G_GSIZE_FORMAT " doors"), n);\n'}),
    ]


if __name__ == '__main__':
    checklib.main(check, right, wrong)
