# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal that shows what a program draws: it obeys the few sequences that qmp top sends, and refuses all others. Nothing
here sleeps."""

import os
import re
import time
import unicodedata

import terminal

SEQUENCE = re.compile(r'\x1b\[(\??)([0-9;]*)([A-Za-z])')
MODES = {'1049': 'other screen', '25': 'cursor', '7': 'wrap'}


def soon():
    return time.monotonic() + terminal.SECONDS


class Emulator(terminal.Terminal):
    """A program on a screen of so many cells; what it shows is in lines, which show() waits for."""

    def __init__(self, command, home, columns=80, rows=24, **variables):
        self.columns, self.rows = columns, rows
        self.modes = {'1049': False, '25': True, '7': True}
        self.pending = ''
        self.erased = 0
        self.drawn = []       # the bytes of each read
        self.clear()
        super().__init__(command, home, columns=columns, **variables)
        self.set_size(columns, rows)

    def clear(self):
        self.cells = [[' '] * self.columns for _ in range(self.rows)]
        self.styles = [[''] * self.columns for _ in range(self.rows)]
        self.x = self.y = 0
        self.style = ''

    def set_size(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.clear()
        terminal.set_size(self.fd, columns, rows)

    # what the program sends

    def obey(self, private, numbers, letter):
        if private:
            assert letter in 'hl' and numbers in MODES, numbers
            self.modes[numbers] = letter == 'h'
        elif letter == 'm':
            self.style = '' if numbers == '0' else numbers
        elif letter == 'H':
            self.y, self.x = (int(number) - 1 for number in numbers.split(';'))
        elif letter == 'J':
            assert numbers == '2'
            self.erased += 1
            self.cells = [[' '] * self.columns for _ in range(self.rows)]
            self.styles = [[''] * self.columns for _ in range(self.rows)]
        else:
            raise AssertionError(f'unknown sequence {letter!r}')

    def write(self, character):
        assert character >= ' ' and not '\x7f' <= character < '\xa0', repr(character)
        if unicodedata.combining(character):
            self.cells[self.y][self.x - 1] += character
            return
        # What is still on its way is of the size before.
        if self.y >= self.rows or self.x >= self.columns:
            return
        self.cells[self.y][self.x] = character
        self.styles[self.y][self.x] = self.style
        self.x += 1
        if unicodedata.east_asian_width(character) in 'WF' and self.x < self.columns:
            self.cells[self.y][self.x] = ''
            self.x += 1

    def take(self, text):
        self.pending += text
        while self.pending:
            if self.pending[0] != '\x1b':
                self.write(self.pending[0])
                self.pending = self.pending[1:]
                continue
            match = SEQUENCE.match(self.pending)
            if not match:
                assert len(self.pending) < 32, repr(self.pending[:32])
                return
            self.obey(*match.groups())
            self.pending = self.pending[match.end():]

    def lines(self):
        return [''.join(line).rstrip() for line in self.cells]

    # what a test waits for

    def step(self, end):
        """Takes what comes next. Returns whether the program is still there."""
        before = len(self.text)
        goes_on = self._read(end)
        new, self.text = self.text[before:], ''
        if self.modes['1049'] and new:
            self.drawn.append(new)
        # What is sent on the other screen is drawn; what is said in front of it and behind it is text.
        for part in re.split(r'(?=\x1b\[\?1049h)|(?<=\x1b\[\?1049l)', new):
            if self.modes['1049'] or part.startswith('\x1b[?1049h'):
                self.take(part)
            else:
                self.text += part
        return goes_on

    def show(self, *patterns):
        """Waits until each pattern is on the screen, within one line each; returns the lines."""
        end = soon()
        while True:
            text = '\n'.join(self.lines())
            if all(re.search(pattern, text, re.MULTILINE) for pattern in patterns):
                return self.lines()
            try:
                goes_on = self.step(end)
            except AssertionError as error:
                raise AssertionError(f'not shown in time: {patterns}; there is\n{text}') from error
            if not goes_on:
                raise AssertionError(f'the program has ended and showed\n{text}')

    def line(self, pattern):
        """The first line that has it."""
        return next(line for line in self.lines() if re.search(pattern, line))

    def style_of(self, pattern):
        """That of the first cell of that line."""
        return self.styles[self.lines().index(self.line(pattern))][0]

    def leave(self):
        """Waits for the end, and returns the exit status. The terminal is as it was."""
        end = soon()
        while self.step(end):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)

    def is_restored(self):
        return self.modes == {'1049': False, '25': True, '7': True}
