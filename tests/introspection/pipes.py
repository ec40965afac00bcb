# SPDX-License-Identifier: LGPL-2.1-or-later
"""A monitor over a child's pipes, whose other side dies: with SIGPIPE as it is in a program in C."""

import signal

import gi

gi.require_version('Json', '1.0')
gi.require_version('Qmp', '1.0')
from gi.repository import Gio, GLib, Json, Qmp

GREETING = '{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7},"package":""},"capabilities":[]}}'


def start():
    child = Gio.Subprocess.new(['sh', '-c', 'printf %s "$0"; exec sleep 1000', GREETING],
                               Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE)
    vm = Qmp.Client.new(None)
    vm.set_negotiate(False)
    vm.open_stream(Gio.SimpleIOStream.new(child.get_stdout_pipe(), child.get_stdin_pipe()), None)
    return child, vm


def kill(child):
    child.force_exit()
    child.wait(None)


def expect(code, call):
    try:
        call()
    except GLib.Error as error:
        assert error.matches(*code), error
    else:
        raise AssertionError('no error')


def test_dead():
    child, vm = start()
    kill(child)
    expect((Qmp.client_error_quark(), Qmp.ClientError.INTERRUPTED), lambda: vm.execute('query-status', None, None))


def test_full():
    child, vm = start()
    vm.set_timeout(20)
    vm.set_close_timeout(20)
    large = Json.from_string('{"x": "%s"}' % ('x' * 300000))
    expect((Gio.io_error_quark(), Gio.IOErrorEnum.TIMED_OUT), lambda: vm.execute('a', large, None))
    kill(child)
    expect((Qmp.client_error_quark(), Qmp.ClientError.INTERRUPTED), lambda: vm.execute('query-status', None, None))


signal.signal(signal.SIGPIPE, signal.SIG_DFL)
# A write that blocks would block for ever.
signal.alarm(60)
for test in (test_dead, test_full):
    test()
    print('ok', test.__name__)
