// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A monitor over a child's pipes, whose other side dies: nothing here ignores SIGPIPE.

import Gio from 'gi://Gio';
import Json from 'gi://Json?version=1.0';
import Qmp from 'gi://Qmp?version=1.0';

const GREETING = '{"QMP":{"version":{"qemu":{"micro":0,"minor":2,"major":7},"package":""},"capabilities":[]}}';

function start() {
  const child = Gio.Subprocess.new(['sh', '-c', 'printf %s "$0"; exec sleep 1000', GREETING],
    Gio.SubprocessFlags.STDIN_PIPE | Gio.SubprocessFlags.STDOUT_PIPE);
  const vm = Qmp.Client.new(null);
  vm.set_negotiate(false);
  vm.open_stream(Gio.SimpleIOStream.new(child.get_stdout_pipe(), child.get_stdin_pipe()), null);
  return [child, vm];
}

function kill(child) {
  child.force_exit();
  child.wait(null);
}

function expect(domain, code, call) {
  try {
    call();
  } catch (error) {
    if (!error.matches(domain, code))
      throw error;
    return;
  }
  throw new Error('no error');
}

function testDead() {
  const [child, vm] = start();
  kill(child);
  expect(Qmp.ClientError, Qmp.ClientError.INTERRUPTED, () => vm.execute('query-status', null, null));
}

function testFull() {
  const [child, vm] = start();
  vm.set_timeout(20);
  vm.set_close_timeout(20);
  const large = Json.from_string(`{"x": "${'x'.repeat(300000)}"}`);
  expect(Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT, () => vm.execute('a', large, null));
  kill(child);
  expect(Qmp.ClientError, Qmp.ClientError.INTERRUPTED, () => vm.execute('query-status', null, null));
}

for (const test of [testDead, testFull]) {
  test();
  print(`ok ${test.name}`);
}
