#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp, the tool that does one thing, against real servers, and against one that the test plays itself.

usage: qmp-test.py QMP
"""

import contextlib
import fcntl
import json
import os
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading
import unittest
import zlib

import terminal
from qmpcase import DONE, FAILED, LINK, NO_MACHINE, PC, QMP, TIMEOUT, USAGE, Case

BROKEN_PIPE = -signal.SIGPIPE


class Tls(Case):
    """A server that wants a certificate, as QEMU does with verify-peer."""

    def certtool(self, *words):
        subprocess.run(['certtool', *words], cwd=self.directory, check=True, capture_output=True)

    def certificate(self, name, template, *words):
        with open(self.path(name + '.info'), 'w', encoding='utf-8') as file:
            file.write(template)
        self.certtool('--generate-privkey', '--key-type', 'ecdsa', '--outfile', name + '-key.pem')
        self.certtool(*words, '--load-privkey', name + '-key.pem', '--template', name + '.info', '--outfile', name + '-cert.pem')
        with open(self.path(name + '.pem'), 'w', encoding='utf-8') as both:
            for part in ('-cert.pem', '-key.pem'):
                with open(self.path(name + part), encoding='utf-8') as file:
                    both.write(file.read())
        return self.path(name + '.pem')

    def setUp(self):
        super().setUp()
        signed = ['--generate-certificate', '--load-ca-certificate', 'ca-cert.pem', '--load-ca-privkey', 'ca-key.pem']
        self.certificate('ca', 'cn = ca\nca\ncert_signing_key\n', '--generate-self-signed')
        own = self.certificate('server', 'cn = vm\ndns_name = vm\ntls_www_server\n', *signed)
        self.client = self.certificate('client', 'cn = me\ntls_www_client\n', *signed)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(own)
        context.load_verify_locations(self.path('ca-cert.pem'))
        context.verify_mode = ssl.CERT_REQUIRED
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        self.address = '127.0.0.1:%d' % listener.getsockname()[1]
        threading.Thread(target=self.serve, args=(listener, context), daemon=True).start()

    @staticmethod
    def serve(listener, context):
        while True:
            try:
                with context.wrap_socket(listener.accept()[0], server_side=True) as peer:
                    peer.sendall(b'{"QMP": {"version": {"qemu": {"major": 7, "minor": 2, "micro": 0}, "package": ""}, '
                                 b'"capabilities": []}}\r\n')
                    text = b''
                    while data := peer.recv(4096):
                        text += data
                        with contextlib.suppress(ValueError):
                            number = json.loads(text)['id']
                            text = b''
                            peer.sendall(b'{"return": {"safe": true}, "id": %d}\r\n' % number)
            except ssl.SSLError:
                pass
            except OSError:
                if listener.fileno() < 0:
                    return

    def test_options(self):
        options = ['--tls-ca', self.path('ca-cert.pem'), '--tls-host', 'vm']
        self.assertEqual(self.value('call', *options, '--tls-certificate', self.client, self.address, 'x'), {'safe': True})
        self.bad(LINK, 'certificate of the client', 'call', *options, self.address, 'x')
        self.bad(LINK, 'another host', 'call', '--tls-certificate', self.client, *options[:2], self.address, 'x')
        self.bad(LINK, 'authority', 'call', '--tls', '--tls-host=vm', self.address, 'x')
        for option in ('--tls-ca', '--tls-certificate'):
            self.bad(USAGE, option, 'call', option, self.path('nothing'), self.address, 'x')


class Call(Case):
    def test_shared_descriptor(self):
        with socket.socket(socket.AF_UNIX) as shared:
            shared.connect(self.server().path)
            address = f'fd:{shared.fileno()}'
            flags = fcntl.fcntl(shared, fcntl.F_GETFL)
            self.assertFalse(flags & os.O_NONBLOCK)
            for options in [], ['-N'], ['--skip-negotiation']:
                run = subprocess.run([QMP, 'call', *options, address, 'query-name'], pass_fds=[shared.fileno()],
                                     check=True, capture_output=True, text=True, timeout=60)
                self.assertEqual(json.loads(run.stdout), {})
                self.assertEqual(fcntl.fcntl(shared, fcntl.F_GETFL), flags)

    def test_replies(self):
        server = self.server()
        self.assertEqual(self.value('call', server.path, 'query-name'), {})
        self.assertIn('qemu', self.value('call', server.tcp, 'query-version', '--json'))
        pretty = self.good('call', '-p', server.path, 'query-version')
        self.assertGreater(pretty.count('\n'), 3)
        self.assertIn('qemu', json.loads(pretty))
        self.assertEqual(self.value('call', server.path, 'object-add', 'qom-type=iothread', 'id=a'), {})
        self.assertEqual(self.value('call', server.path, 'object-add', '{"qom-type": "iothread", "id": "b"}'), {})
        self.assertEqual({thread['id'] for thread in self.value('call', server.path, 'query-iothreads')}, {'a', 'b'})
        self.assertEqual(self.value('call', server.path, 'quit'), {})

    def test_server_errors(self):
        path = self.server().path
        self.bad(FAILED, r'^qmp: DeviceNotFound: [^\n]*\bx\b[^\n]*\n$', 'call', path, 'device_del', 'id=x')
        self.bad(FAILED, r'CommandNotFound: .*query-versio .*\(did you mean “query-version”\?\)', 'call', path, 'query-versio')
        self.bad(FAILED, r'\(did you mean “query-status”\?\)', 'call', path, 'query-statu')
        self.bad(FAILED, r'GenericError: .*\bid\b.* \(you wrote “idd”; did you mean “id”\?\)', 'call', path, 'device_del',
                 'idd=x')
        self.bad(FAILED, r'\(for “driver” did you mean “null-co”\?\)', 'call', path, 'blockdev-add', 'driver=nul-co')
        self.bad(FAILED, r'^qmp: GenericError: .*\bid\b', 'call', path, 'device_del', 'id:=1')

    def test_exact_text(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x', 'n=18446744073709551616', 'a.b:=1.50')
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no schema'}, 'id': puppet.take()['id']})
        command = puppet.take()
        self.assertEqual(command['arguments'], {'n': 18446744073709551616, 'a': {'b': 1.5}})
        puppet.peer.sendall(b'{"return": {"n": 123456789012345678901, "s": "\\u001b[2J\x7f"}, "id": %s}'
                            % json.dumps(command['id']).encode())
        self.assertEqual(program.communicate()[0], '{"n": 123456789012345678901, "s": "\\u001b[2J\\u007f"}\n')

    def test_text_where_it_is_wanted(self):
        """What looks like something else is a text where the schema, or an object's property, wants one."""
        path = self.server(*PC, '-blockdev', 'null-co,node-name=disk', '-device', 'virtio-scsi-pci,id=scsi').path
        for text in ('12345678', '007', 'true', '[1]', '{"a": 1}'):
            self.good('call', path, 'object-add', 'qom-type=secret', 'id=s', 'data=' + text)
            self.good('call', path, 'object-del', 'id=s')
        self.good('call', path, 'device_add', 'driver=scsi-hd', 'id=d', 'drive=disk', 'bus=scsi.0', 'serial=00123')
        self.assertEqual(self.good('qom', 'get', path, '/machine/peripheral/d.serial'), '00123\n')
        for written, text in (('0042', '0042'), ('="q"', '"q"'), ('==', '='), ('"q"', 'q')):
            self.good('qom', 'set', path, '/machine', 'kernel', written)
            self.assertEqual(self.good('qom', 'get', path, '/machine', 'kernel'), text + '\n')
        self.good('call', path, 'object-add', 'qom-type=iothread', 'id=t', 'poll-max-ns=4096')
        self.good('qom', 'set', path, '/objects/t', 'poll-max-ns', '8192')
        self.assertEqual(self.value('qom', 'get', path, '/objects/t', 'poll-max-ns'), 8192)
        self.assertRegex(self.good('wait', path, 'RESUME', '--call', 'human-monitor-command command-line=c'), 'RESUME')

    def test_exact_word(self):
        """A text from a variable arrives as it is."""
        for text in ('00123', 'true', '[1]', '"q"', "'q", '=', ' a  b\n', '', '{"a":1}', '1234', 'ü"\\'):
            puppet = self.puppet()
            program = self.start('call', puppet.path, 'x', 'a.b==' + text)
            puppet.accept()
            command = puppet.take()
            self.assertEqual(command['arguments'], {'a': {'b': text}})
            puppet.answer(command, {})
            self.assertEqual(program.wait(), DONE)
            puppet.close()
            os.unlink(puppet.path)

    def test_fields(self):
        path = self.server('-machine', 'none', '-nodefaults', '-display', 'none', '-blockdev', 'null-co,node-name=a,size=1024',
                           '-blockdev', 'null-co,node-name=b,read-only=on').path
        self.assertEqual(self.good('status', path, '--field', 'status', '-f', 'running'), 'running\ttrue\n')
        self.assertEqual(self.good('call', path, 'query-version', '-f', 'qemu.major'),
                         f'{self.value("call", path, "query-version")["qemu"]["major"]}\n')
        lines = self.good('block', 'list', path, '-f', 'node-name', '-f', 'image.virtual-size', '-f', 'ro').splitlines()
        self.assertEqual(sorted(lines), ['a\t1024\tfalse', 'b\t1073741824\ttrue'])
        self.assertEqual(self.good('job', 'list', path, '-f', 'id'), '')
        result = self.run_qmp('call', path, 'query-status', '-f', 'status', '-f', 'nonsense')
        self.assertEqual((result.returncode, result.stdout), (FAILED, 'running\t\n'))
        self.assertEqual(result.stderr, 'qmp: Nothing of it has the field “nonsense”\n')

    def test_table_in_terminal(self):
        """The header is seen, and what is longer than the terminal goes through the pager."""
        nodes = [word for n in range(30) for word in ('-blockdev', f'null-co,node-name=n{n}')]
        path = self.server('-machine', 'none', '-nodefaults', '-display', 'none', *nodes).path
        pager = self.path('pager')
        with open(pager, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\necho paged; head -n 2; exit 3\n')
        os.chmod(pager, 0o700)
        program = terminal.Terminal([QMP, 'block', 'list', path], self.directory, PAGER=pager, NO_COLOR='')
        self.addCleanup(program.kill)
        self.assertEqual(program.end(), DONE)
        self.assertRegex(program.text, r'^paged\r\n\x1b\[1mNODE +DRIVER.*\x1b\[0m\r\nn\d+ +null-co')

    def test_streams(self):
        """That are full or closed."""
        path = self.server().path
        for words in (('call', path, 'query-name'), ('--help',), ('--version',), ('call', '--help'), ('introspect', path)):
            with self.subTest(words=words):
                result = subprocess.run(['sh', '-c', '"$@" >/dev/full', 'sh', QMP, *words], stderr=subprocess.PIPE, text=True,
                                        check=False, timeout=terminal.SECONDS)
                self.assertEqual((result.returncode, result.stderr.count('\n')), (FAILED, 1))
                self.assertIn('Could not write to standard output', result.stderr)
                result = subprocess.run(['sh', '-c', '"$@" >&- <&-', 'sh', QMP, *words], stderr=subprocess.PIPE, text=True,
                                        check=False, timeout=terminal.SECONDS)
                self.assertEqual(result.returncode, FAILED)

    def test_exact_numbers(self):
        """What no 64 bits hold, and how numbers are spelled, goes through every verb that prints a value."""
        number = '{"n": 18446744073709551616, "x": 1.50, "big": 1e400}'
        schema = '[{"name": "1", "meta-type": "object", "members": [], "n": 18446744073709551616}]'
        for command, words in [
            ('x', 'call X x'),
            ('qom-get', 'qom get X /a.b'),
            ('qom-get', 'qom get --json X /a b'),
            ('qom-list', 'qom list --json X'),
            ('qom-list-types', 'qom types --json X'),
            ('query-jobs', 'job list --json X'),
            ('human-monitor-command', 'hmp X info'),
        ]:
            with self.subTest(words=words):
                self.assertEqual(self.ask_puppet([(command, number)], *words.split()), number + '\n')
        self.assertEqual(self.ask_puppet([('query-qmp-schema', schema)] * 2, 'introspect', '--json', 'X'), schema + '\n')
        tree = [('qom-list', '[{"name": "p", "type": "uint64"}]'), ('qom-get', number)]
        self.assertEqual(self.ask_puppet(tree, 'qom', 'tree', 'X'), f'/\n  p: {number} (uint64)\n\n')
        self.assertEqual(self.ask_puppet(tree, 'qom', 'tree', '--json', 'X'),
                         f'{{"path": "/", "name": "p", "type": "uint64", "value": {number}}}\n')

    def test_hostile_names(self):
        """What is listed is a line for each, whatever it is called."""
        for words, value, lines in (
            (('job', 'list'), [{'id': 'a\nb', 'type': 't\t', 'status': '\u2028', 'current-progress': 1, 'total-progress': 2},
                               {'id': 'c', 'type': 'x', 'status': 'concluded', 'error': 'e\r\nf'}],
             ['ID    TYPE  STATUS     PROGRESS  ERROR', 'a\\nb  t\\t   \\u2028     1/2', 'c     x     concluded  0/0       e\\nf']),
            (('qom', 'list'), [{'name': 'p\n\x1bq', 'type': 'int'}, {'name': 'r\ns', 'type': 'child<x>'}],
             ['p\\n\\x1bq', 'r\\ns/']),
            (('qom', 'types'), [{'name': 'a\u200bb'}, {'name': 'c\nd'}], ['a\\u200bb', 'c\\nd']),
        ):
            puppet = self.puppet()
            program = self.start(*words, puppet.path)
            puppet.accept()
            if words == ('job', 'list'):
                puppet.answer_machine(*value)
            else:
                puppet.answer(puppet.take(), value)
            self.assertEqual(program.communicate()[0].splitlines(), lines)
            puppet.close()
            os.unlink(puppet.path)

    def test_hostile_error(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x')
        puppet.accept()
        puppet.send({'error': {'class': 'A\x1b[1m', 'desc': 'two\nlines\r\x07'}, 'id': puppet.take()['id']})
        schema = puppet.take()  # for a suggestion
        self.assertEqual(schema['execute'], 'query-qmp-schema')
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': schema['id']})
        self.assertEqual(program.communicate(), ('', 'qmp: A\\x1b[1m: two lines \\x07\n'))
        self.assertEqual(program.returncode, FAILED)

    def test_fds(self):
        server = self.server(*NO_MACHINE, '-S')  # one that runs forgets the set when we leave
        with open(self.path('a'), 'wb') as a, open(self.path('b'), 'wb') as b:
            value = self.value('call', server.path, 'add-fd', 'fdset-id=3', '--fd', str(a.fileno()), pass_fds=[a.fileno()])
            self.assertEqual(value['fdset-id'], 3)
            sets = server.execute('query-fdsets')['return']
            self.assertEqual([(group['fdset-id'], len(group['fds'])) for group in sets], [(3, 1)])
            words = ['add-fd', '--fd', str(a.fileno())]
            self.bad(FAILED, 'only be passed over a Unix socket', 'call', server.tcp, *words, pass_fds=[a.fileno()])
            # What arrives, seen from the other side.
            puppet = self.puppet()
            program = self.start('call', puppet.path, 'x', '--fd', str(a.fileno()), '--fd', str(b.fileno()),
                                 pass_fds=[a.fileno(), b.fileno()])
            puppet.accept()
            data, fds, _, _ = socket.recv_fds(puppet.peer, 65536, 8)
            self.assertEqual([os.fstat(fd).st_ino for fd in fds], [os.fstat(file.fileno()).st_ino for file in (a, b)])
            for fd in fds:
                os.close(fd)
            puppet.answer(json.loads(data), {})
            self.assertEqual(program.communicate(), ('{}\n', ''))

    def test_out_of_band(self):
        server = self.server()
        self.bad(FAILED, r'GenericError: .*\bquery-name\b', 'call', '--oob', server.path, 'query-name')
        self.bad(FAILED, 'GenericError: .*postcopy', 'call', '--oob', server.path, 'migrate-pause')
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x', '--oob')
        puppet.accept()
        self.assertIn('does not offer to execute out of band', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)

    def test_silent_server(self):
        puppet = self.puppet()
        self.bad(TIMEOUT, 'in time', 'call', puppet.path, 'x', '--timeout', '0.1')
        puppet.listening.accept()[0].close()
        program = self.start('call', puppet.path, 'x', '--timeout', '0.3')
        puppet.accept()
        puppet.take()
        self.assertIn('did not answer “x” in time', program.communicate()[1])
        self.assertEqual(program.returncode, TIMEOUT)

    def test_server_death(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x')
        puppet.accept()
        puppet.take()
        puppet.peer.close()
        self.assertRegex(program.communicate()[1], '^qmp: The connection ended before the reply to “x”: [^\n]*\n$')
        self.assertEqual(program.returncode, LINK)

    def test_not_qmp(self):
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x')
        peer, _ = puppet.listening.accept()
        with peer:
            peer.sendall(b'220 smtp.example.com\r\n')
            self.assertIn('not a QMP greeting', program.communicate()[1])
        self.assertEqual(program.returncode, LINK)

    def test_little_is_started(self):
        """A script's call has one thread, and only those files of the locale that it uses."""
        puppet = self.puppet()
        program = self.start('call', puppet.path, 'x')
        puppet.accept()
        command = puppet.take()
        threads = os.listdir(f'/proc/{program.pid}/task')
        with open(f'/proc/{program.pid}/maps', encoding='utf-8') as file:
            maps = file.read()
        puppet.answer(command, {})
        self.assertEqual((*program.communicate(), program.returncode), ('{}\n', '', DONE))
        self.assertEqual(len(threads), 1)
        self.assertNotIn('LC_TIME', maps)
        self.assertNotIn('gio/modules', maps)

    def test_output_that_fails(self):
        path = self.server().path
        with open('/dev/full', 'w', encoding='utf-8') as full:
            program = self.start('call', path, 'query-version', stdout=full)
            self.assertIn('No space left', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)
        for words in (['call', path, 'query-qmp-schema'], ['qom', 'types', path]):
            read_end, write_end = os.pipe()
            os.close(read_end)
            program = self.start(*words, stdout=write_end)
            os.close(write_end)
            self.assertEqual((program.communicate()[1], program.returncode), ('', BROKEN_PIPE))

    def test_waiting(self):
        """A person is told what is waited for, and when it comes it goes on."""
        puppet = self.puppet()
        shell = terminal.Terminal([QMP, 'call', puppet.path, 'x'], self.directory)
        self.addCleanup(shell.kill)
        shell.see('qmp: Waiting for the server: another client may hold this monitor')
        puppet.accept()
        puppet.answer(puppet.take(), {})
        shell.see(r'\{\}')
        self.assertEqual(shell.end(), DONE)

    def test_terminal(self):
        shell = terminal.Terminal([QMP, 'call', self.server().path, 'query-version'], self.directory)
        self.addCleanup(shell.kill)
        shell.see(r'^\{\n    "qemu": \{\n')
        self.assertEqual(shell.end(), 0)

    def test_hmp(self):
        path = self.server().path
        self.assertRegex(self.good('hmp', path, 'info', 'version'), r'^\d+\.\d+\.\d+[^\r]*\n$')
        self.assertIn('unknown command', self.good('hmp', path, 'nonsense'))
        self.assertIsInstance(self.value('hmp', '--json', path, 'info', 'version'), str)
        self.bad(FAILED, 'GenericError: .*cpu-index', 'hmp', '--cpu', '9', path, 'info version')


class Events(Case):
    def test_monitor(self):
        server = self.server(*PC)
        program = self.start('monitor', server.path, '--json')
        watched = self.start('monitor', server.tcp, 'RES*', 'STOP')
        while len(select.select([program.stdout, watched.stdout], [], [], 0)[0]) < 2:
            server.execute('cont')
            server.execute('stop')
        server.execute('quit')
        lines = [json.loads(line) for line in program.stdout]
        self.assertIn('SHUTDOWN', [line['event'] for line in lines])
        self.assertLessEqual({line['event'] for line in lines}, {'STOP', 'RESUME', 'SHUTDOWN'})
        self.assertEqual(program.wait(), DONE)
        for line in watched.stdout:
            self.assertRegex(line, r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} (RESUME|STOP)\n$')
        self.assertEqual((watched.wait(), watched.stderr.read()), (DONE, ''))

    def monitored(self, *words, **more):
        puppet = self.puppet()
        program = self.start('monitor', puppet.path, *words, **more)
        puppet.accept()
        return puppet, program

    def test_monitor_lines(self):
        puppet, program = self.monitored()
        puppet.send({'event': 'A', 'data': {'x': '\x1b[2J'}, 'timestamp': {'seconds': 1, 'microseconds': 2}})
        puppet.send({'event': 'B\x1b', 'timestamp': {'seconds': -1, 'microseconds': -1}})
        self.assertRegex(program.stdout.readline(), r'\.000002 A \{"x": ?"\\u001b\[2J"\}\n$')
        self.assertRegex(program.stdout.readline(), r'^- B\\x1b\n$')
        puppet.peer.close()
        self.assertRegex(program.communicate()[1], '^qmp: [^\n]*closed the connection\n$')
        self.assertEqual(program.returncode, LINK)

    def test_monitor_unread(self):
        read_end, write_end = os.pipe()
        puppet, program = self.monitored(stdout=write_end)
        os.close(write_end)
        os.close(read_end)  # no event is needed for it to be noticed
        self.assertEqual((program.communicate()[1], program.returncode), ('', BROKEN_PIPE))

    def test_monitor_interrupted(self):
        puppet, program = self.monitored()
        puppet.send({'event': 'A', 'timestamp': {'seconds': 1, 'microseconds': 2}})
        program.stdout.readline()
        program.send_signal(signal.SIGINT)
        self.assertEqual((program.communicate(), program.returncode), (('', ''), -signal.SIGINT))

    def test_monitor_bounds(self):
        path = self.server().path
        self.bad(TIMEOUT, 'time', 'monitor', path, '--timeout', '0.1')
        self.bad(FAILED, 'No event of the server is like “X\\*”', 'monitor', path, 'STOP', 'X*')
        self.bad(FAILED, 'no “RESUM”, but “RESUME”', 'monitor', path, 'RESUM')
        self.bad(FAILED, '“stop” is a command', 'monitor', path, 'stop')
        self.bad(FAILED, 'is not an event', 'monitor', path, 'stop/arg-type')

    def test_wait(self):
        server = self.server(*PC, '-device', 'virtio-balloon-pci,id=b0')
        self.assertRegex(self.good('wait', server.path, 'RESUME', '--call', 'cont'), r' RESUME\n$')
        event = self.value('wait', server.path, 'STOP', '--json', '-c', 'stop')
        self.assertEqual(event['event'], 'STOP')
        self.bad(FAILED, 'DeviceNotFound', 'wait', server.path, 'DEVICE_DELETED', '-c', 'device_del id=x')
        self.bad(FAILED, 'RESUME', 'wait', server.path, 'STOP', '--failure', 'RESUME', '-c', 'cont')
        self.bad(FAILED, 'no “STOPP”, but “STOP”', 'wait', server.path, 'STOPP')
        # One that leaves so early may have its last words applied to the next one: these come last.
        self.bad(TIMEOUT, 'in time', 'wait', server.path, 'RESUME', '-c', 'query-name', '-t', '0.1')
        self.bad(TIMEOUT, 'in time', 'wait', server.tcp, 'RESUME', '-t', '0.1')

    def test_wait_pattern(self):
        """As monitor has them; and nothing is executed when there can be no such event."""
        server = self.server(*PC)
        self.assertRegex(self.good('wait', server.path, 'RES?M*', '--call', 'cont'), r' RESUME\n$')
        self.bad(FAILED, 'STOP', 'wait', server.path, 'SHUT*', '--failure', 'STOP', '-c', 'stop')
        self.bad(FAILED, 'No event of the server is like “X\\*”', 'wait', server.path, 'X*', '-c', 'quit')
        self.assertEqual(server.execute('query-status')['return']['status'], 'paused')
        puppet = self.puppet()
        program = self.start('wait', '--json', puppet.path, 'A*', 'x=1')
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        for number, (name, data) in enumerate([('B', {'x': 1}), ('AB', {'x': 2}), ('AC', {'x': 1})]):
            puppet.send({'event': name, 'data': data, 'timestamp': {'seconds': number, 'microseconds': 0}})
        self.assertEqual(json.loads(program.communicate()[0])['event'], 'AC')

    def test_wait_matches(self):
        puppet = self.puppet()
        program = self.start('wait', '--json', puppet.path, 'A', 'x:=1', 'y=2', 'inner.name=n', '--failure', 'F')
        puppet.accept()
        schema = puppet.take()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': schema['id']})
        for number, (name, data) in enumerate([
                ('A', {'x': '1', 'y': '2', 'inner': {'name': 'n'}}), ('A', {'x': 1, 'y': 2, 'inner': {'name': 'm'}}),
                ('A', {}), ('F', {}), ('A', {'x': 1, 'y': '2', 'inner': {'name': 'n'}})]):
            puppet.send({'event': name, 'data': data, 'timestamp': {'seconds': number, 'microseconds': 0}})
        self.assertEqual(json.loads(program.communicate()[0])['timestamp']['seconds'], 4)
        self.assertEqual(program.returncode, DONE)

    def test_wait_failure(self):
        puppet = self.puppet()
        program = self.start('wait', puppet.path, 'A', '--failure', 'F')
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        puppet.send({'event': 'F', 'data': {'why': 1}, 'timestamp': {'seconds': 1, 'microseconds': 0}})
        self.assertRegex(program.communicate()[1], r'^qmp: F \{"why": 1\}\n$')
        self.assertEqual(program.returncode, FAILED)

    def test_wait_server_death(self):
        puppet = self.puppet()
        program = self.start('wait', puppet.path, 'A')
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        puppet.peer.close()
        self.assertIn('connection', program.communicate()[1])
        self.assertEqual(program.returncode, LINK)


class Introspect(Case):
    def test_for_people(self):
        path = self.server().path
        names = self.good('introspect', path).splitlines()
        self.assertLessEqual({'query-version', 'blockdev-add', 'SHUTDOWN'}, set(names))
        self.assertEqual(self.good('introspect', path, 'query-version*'), 'query-version\n')
        text = self.good('introspect', path, 'block_resize', 'BLOCK_JOB_COMPLETED')
        self.assertRegex(text, r'(?s)^block_resize\narguments:\n.*  size: integer\n.*BLOCK_JOB_COMPLETED \(an event\)\ndata:')
        self.assertRegex(text, r'device: string \(optional\)')
        self.bad(FAILED, 'has no “query-versio”, but “query-version”\\n', 'introspect', path, 'query-versio')
        self.bad(FAILED, 'has no “zzzzz”\\n', 'introspect', path, 'zzzzz')
        self.bad(FAILED, 'is like “zz\\*”', 'introspect', path, 'zz*')
        self.bad(USAGE, 'in front of “a=b”', 'introspect', path, 'a=b')
        self.bad(USAGE, 'not a name', 'introspect', path, '--json', 'query-block/inserted')

    def test_unknown_among_known(self):
        result = self.run_qmp('introspect', self.server().path, 'zzzzz', 'query-name', 'zz*', 'query-version/qemu')
        self.assertRegex(result.stdout, r'(?s)^query-name\nreturns:\n  name: string \(optional\)\nquery-version/qemu: object\n  major')
        self.assertEqual((result.returncode, result.stderr),
                         (FAILED, 'qmp: The server has no “zzzzz”; Nothing of the server is like “zz*”\n'))

    def test_deep(self):
        path = self.server().path
        text = self.good('introspect', path, 'query-block')
        self.assertRegex(text, r'(?s)^query-block\nreturns:\n  list of object\n    device: string\n.*'
                               r'\n    inserted: object \(optional\)\n      file: string\n.*\n      image: object\n        filename: string\n')
        self.assertIn('backing-image: object (optional) (its members are above)\n', text)
        text = self.good('introspect', path, 'blockdev-add', 'driver=qcow2')
        self.assertIn('\n  lazy-refcounts: boolean (optional)\n', text)
        self.assertIn('“vvfat”', text, 'all values')
        self.assertNotIn('driver=', text, 'the other variants')
        text = self.good('introspect', path, 'blockdev-add', 'driver=qcow2', 'encrypt.format=luks')
        self.assertIn('\n    key-secret: string (optional)\n', text)
        self.assertNotIn('encrypt.format=', text)
        self.assertIn('with driver=qcow2 also:\n', self.good('introspect', path, 'blockdev-add'))

    def test_paths(self):
        path = self.server().path
        whole = self.good('introspect', path, 'query-block/ret-type/inserted/image')
        self.assertRegex(whole, r'^query-block/ret-type/inserted/image: object\n  filename: string\n')
        self.assertEqual(self.good('introspect', path, 'query-block/inserted/image'), whole.replace('/ret-type', ''))
        self.assertRegex(self.good('introspect', path, 'blockdev-add/cache'), r'cache: object\n  direct: boolean \(optional\)\n')
        self.assertRegex(self.good('introspect', path, 'query-status/status'), r'^query-status/status: “debug”.*, “colo”\n$')
        self.assertRegex(self.good('introspect', path, 'BLOCK_JOB_READY/type'), r'type: .*“mirror”')
        self.bad(FAILED, 'no “insertd”, but “inserted”', 'introspect', path, 'query-block/insertd')
        self.bad(FAILED, 'no “cach”, but “cache”', 'introspect', path, 'blockdev-add/cach')
        self.bad(FAILED, 'no “nothing”', 'introspect', path, 'nothing/x')

    def test_hostile_depth(self):
        """Types that have each other, and twice as many at each level: the text ends."""
        wide = [{'name': str(n), 'meta-type': 'object', 'members': [
            {'name': f'm{m}', 'type': str((n + m) % 40)} for m in range(40)]} for n in range(40)]
        schema = [{'name': 'act', 'meta-type': 'command', 'arg-type': '0', 'ret-type': '1'}, *wide]
        text = self.ask_puppet([('query-qmp-schema', json.dumps(schema))], 'introspect', 'X', 'act')
        self.assertEqual(text.count('\n'), 3 + len(re.findall(r'm\d+: object', text)))
        self.assertLess(text.count('\n'), 41 * 40 + 4)

    def test_pager(self):
        """On a terminal, when it is longer than that; what is asked for and is not there is told of after it."""
        path = self.server().path
        pager = self.path('pager')
        with open(pager, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\necho paged; head -n 1; exit 3\n')
        os.chmod(pager, 0o700)
        for words, seen in [
            (['blockdev-add', 'zzzzz'], r'^paged\nblockdev-add\nqmp: The server has no “zzzzz”\n$'),
            (['query-name'], r'^query-name\nreturns:\n  name: string \(optional\)\n$'),
            (['--json', 'blockdev-add'], r'^paged\n\[\n$'),
        ]:
            with self.subTest(words=words):
                program = terminal.Terminal([QMP, 'introspect', path, *words], self.directory, PAGER=pager)
                self.addCleanup(program.kill)
                self.assertEqual(program.end(), FAILED if 'zzzzz' in words else DONE)
                self.assertRegex(terminal.CONTROL.sub('', program.text), seen)
        # without it
        program = terminal.Terminal([QMP, 'introspect', path, 'blockdev-add'], self.directory, PAGER='/nonexistent/less')
        self.addCleanup(program.kill)
        self.assertEqual(program.end(), DONE)
        self.assertRegex(terminal.CONTROL.sub('', program.text), r'^blockdev-add\narguments:\n')

    def test_json(self):
        path = self.server().path
        every = self.value('introspect', '--json', path)
        self.assertEqual(len(every), len(self.value('call', path, 'query-qmp-schema')))
        entries = {entry['name']: entry for entry in self.value('introspect', '--json', path, 'query-bl*k', 'blockdev-add')}
        self.assertEqual({name for name, entry in entries.items() if entry['meta-type'] == 'command'},
                         {'query-block', 'blockdev-add'})
        for entry in entries.values():
            needed = [entry[name] for name in ('arg-type', 'ret-type', 'element-type') if name in entry]
            parts = entry.get('members', []) + entry.get('variants', [])
            needed += [part['type'] for part in parts if 'type' in part]  # values of enumerations have none
            self.assertLessEqual(set(needed), set(entries))

    def test_has(self):
        path = self.server().path
        self.assertEqual(self.good('introspect', path, '--has', 'blockdev-add/arg-type/driver/^nbd', '--has', 'SHUTDOWN'),
                         '')
        self.bad(FAILED, 'no “\\^nbdd”, but “nbd”', 'introspect', path, '--has', 'blockdev-add/arg-type/driver/^nbdd')
        self.bad(FAILED, 'no “x”', 'introspect', path, '--has', 'SHUTDOWN', '--has', 'x')
        self.bad(USAGE, 'Not a path', 'introspect', path, '--has', 'blockdev-add/x')

    def test_without_schema(self):
        puppet = self.puppet()
        program = self.start('introspect', puppet.path)
        puppet.accept()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        self.assertIn('does not describe its commands', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)


class Qom(Case):
    def test_all(self):
        server = self.server(*PC)
        path = server.path
        self.assertIn('machine/\n', self.good('qom', 'list', path))
        listed = self.good('qom', 'list', path, '/machine').splitlines()
        self.assertLessEqual({'type', 'peripheral/', '@memory-backend/'}, set(listed))
        self.assertIn({'name': 'type', 'type': 'string'}, self.value('qom', 'list', '--json', path, '/machine'))
        self.assertRegex(self.good('qom', 'get', path, '/machine.type'), '^pc-.*-machine\n$')
        self.assertRegex(self.value('qom', 'get', path, '/machine', 'type', '--json'), '^pc-.*-machine$')
        self.assertEqual(self.good('qom', 'get', path, '/machine.graphics'), 'true\n')
        self.assertEqual(self.good('qom', 'set', path, '/machine.graphics', 'False'), '')
        self.assertEqual(self.value('qom', 'get', path, '/machine.graphics'), False)
        self.good('qom', 'set', path, '/machine', 'graphics', 'true')
        self.assertEqual(self.value('qom', 'get', path, '/machine.graphics'), True)
        self.good('qom', 'set', path, '--', '/machine.append', '"7"')
        self.assertEqual(self.value('qom', 'get', path, '/machine.append', '--json'), '7')
        self.bad(FAILED, 'GenericError: .*phandle-start', 'qom', 'set', path, '/machine', 'phandle-start', '-x')
        self.bad(FAILED, 'DeviceNotFound', 'qom', 'list', path, '/nope')
        self.bad(FAILED, 'nope', 'qom', 'get', path, '/machine.nope')
        types = self.good('qom', 'types', path, 'pci-device').splitlines()
        self.assertEqual(types, sorted(types))
        self.assertIn('virtio-balloon-pci', types)
        self.assertNotIn('pci-device', types)
        self.assertIn('pci-device', self.good('qom', 'types', '--abstract', path, 'pci-device').splitlines())
        self.assertEqual(self.good('qom', 'types', path, 'secret'), 'secret\n')
        self.assertIn('secret\n', self.good('qom', 'types', path, 'user-creatable'))
        self.bad(FAILED, 'no type “pci-devce” \\(did you mean “pci-device”', 'qom', 'types', path, 'pci-devce')
        self.bad(FAILED, 'no type “zzzzz”\\n', 'qom', 'types', path, 'zzzzz')

    def test_tree(self):
        path = self.server().path
        text = self.good('qom', 'tree', path)
        self.assertRegex(text, r'(?m)\A/\n  type: container \(string\)\n\n/')
        self.assertRegex(text, r'(?m)^/machine\n  type: none-machine \(string\)\n')
        lines = [json.loads(line) for line in self.good('qom', 'tree', path, '--json', '/machine').splitlines()]
        self.assertIn({'path': '/machine', 'name': 'type', 'type': 'string', 'value': 'none-machine'}, lines)
        self.bad(FAILED, 'DeviceNotFound', 'qom', 'tree', path, '/nope')

    def test_tree_without_end(self):
        puppet = self.puppet()
        program = self.start('qom', 'tree', puppet.path)
        puppet.accept()
        with contextlib.suppress(AssertionError):  # it goes
            while True:
                puppet.answer(puppet.take(), [{'name': 'x', 'type': 'child<x>'}])
        self.assertIn('The tree is too deep', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)

    def test_nonsense(self):
        puppet = self.puppet()
        program = self.start('qom', 'list', puppet.path)
        puppet.accept()
        puppet.answer(puppet.take(), [1, None, {}, {'name': 7, 'type': []}, {'name': 'a\x1bb', 'type': 'int'}])
        self.assertEqual(program.communicate(), ('\n\n\n\na\\x1bb\n', ''))


PNG = b'\x89PNG\r\n\x1a\n'


class Screenshot(Case):
    def check_png(self, data):
        self.assertEqual(data[:8], PNG)
        width, height = struct.unpack('>II', data[16:24])
        self.assertGreater(width * height, 0)
        length, = struct.unpack('>I', data[8:12])
        self.assertEqual(zlib.crc32(data[12:16 + length]), struct.unpack('>I', data[16 + length:20 + length])[0])
        self.assertEqual(data[-8:-4], b'IEND')

    def read(self, name):
        with open(self.path(name), 'rb') as file:
            return file.read()

    def test_files(self):
        server = self.server(*PC)
        self.assertEqual(self.good('screenshot', server.path, self.path('a.png')), '')
        self.check_png(self.read('a.png'))
        self.check_png(self.good('screenshot', server.path, '-', text=False))
        self.good('screenshot', server.path, self.path('a.PPM'))
        self.assertEqual(self.read('a.PPM')[:2], b'P6')
        os.symlink('a.png', self.path('link'))
        os.truncate(self.path('a.png'), 0)
        self.good('screenshot', server.path, self.path('link'))
        self.assertTrue(os.path.islink(self.path('link')))
        self.check_png(self.read('a.png'))
        # QEMU got descriptors, and opened no file. QEMU 10 shows their sets as empty ones.
        self.assertTrue(server.execute('query-fdsets')['return'])
        self.good('screenshot', server.tcp, 'b.png', cwd=self.directory)
        self.check_png(self.read('b.png'))

    def test_name_stays_here(self):
        """A server that is confined could do nothing with it."""
        puppet = self.puppet()
        program = self.start('screenshot', puppet.path, self.path('mine.png'), '--device', 'd', '--head', '2')
        puppet.accept()
        puppet.answer_machine()
        puppet.send({'error': {'class': 'CommandNotFound', 'desc': 'no'}, 'id': puppet.take()['id']})
        data, fds, _, _ = socket.recv_fds(puppet.peer, 65536, 8)
        command = json.loads(data)
        self.assertEqual(command['execute'], 'add-fd')
        number = command['arguments']['fdset-id']
        # QEMU looks for one that is open for writing alone.
        self.assertEqual(fcntl.fcntl(fds[0], fcntl.F_GETFL) & os.O_ACCMODE, os.O_WRONLY)
        puppet.answer(command, {'fdset-id': number, 'fd': 1})
        command = puppet.take()
        self.assertEqual((command['execute'], command['arguments']), ('screendump', {
            'filename': f'/dev/fdset/{number}', 'format': 'png', 'device': 'd', 'head': 2}))
        os.write(fds[0], PNG + b'picture')
        os.close(fds[0])
        puppet.answer(command, {})
        command = puppet.take()
        self.assertEqual((command['execute'], command['arguments']), ('remove-fd', {'fdset-id': number}))
        puppet.answer(command, {})
        self.assertEqual(program.communicate(), ('', ''))
        self.assertEqual(self.read('mine.png'), PNG + b'picture')

    def test_failures(self):
        server = self.server(*PC)
        with open(self.path('old.png'), 'wb') as file:
            file.write(b'old')
        self.bad(FAILED, 'GenericError|DeviceNotFound', 'screenshot', server.path, self.path('old.png'), '--device', 'nope')
        self.bad(FAILED, 'GenericError', 'screenshot', server.path, self.path('old.png'), '--head', '1')
        self.assertEqual(self.read('old.png'), b'old')
        self.bad(FAILED, 'No such file', 'screenshot', server.path, self.path('no/where.png'))
        self.bad(FAILED, 'standard output', 'screenshot', server.tcp, '-')
        self.bad(FAILED, 'No space left', 'screenshot', server.path, '/dev/full')
        self.bad(USAGE, 'can be PNG or PPM, not “jpg”', 'screenshot', server.path, self.path('a.JPG'))
        self.assertFalse(os.path.exists(self.path('a.JPG')))

    def test_no_screen(self):
        self.bad(FAILED, 'has no screen', 'screenshot', self.storage_daemon().path, self.path('x.png'))

    def test_old_server(self):
        puppet = self.puppet()
        program = self.start('screenshot', puppet.path, self.path('x.png'))
        puppet.accept()
        puppet.answer_machine()
        puppet.answer(puppet.take(), [
            {'name': 'screendump', 'meta-type': 'command', 'arg-type': '1', 'ret-type': '2'},
            {'name': '1', 'meta-type': 'object', 'members': [{'name': 'filename', 'type': 'str'}]},
            {'name': '2', 'meta-type': 'object', 'members': []},
            {'name': 'str', 'meta-type': 'builtin', 'json-type': 'string'}])
        self.assertRegex(program.communicate()[1], 'cannot write PNG.*“.ppm”')
        self.assertEqual(program.returncode, FAILED)


class Guest(Case):
    def agent(self):
        return terminal.Agent(self.directory, self.addCleanup).path

    def test_asked(self):
        path = self.agent()
        self.assertEqual(self.good('guest', 'ping', path), '')
        self.assertEqual(self.good('guest', 'sync', '-', variables={'QGA_CLIENT_ADDRESS': path}), '')
        self.assertRegex(self.good('guest', 'info', path), r'(?s)^version: \d+.*\nenabled:\n.*  guest-ping\n.*disabled:\n')
        self.assertIn('version', self.value('guest', 'info', path, '--json'))
        self.assertRegex(self.good('guest', 'network', path), r'(?m)^lo .*\n  ipv4 127\.0\.0\.1/8$')
        self.assertIn('lo', [interface['name'] for interface in self.value('guest', 'network', path, '--json')])
        self.assertEqual(self.value('call', '-G', path, 'guest-ping'), {})
        self.bad(FAILED, 'CommandNotFound', 'call', '-G', path, 'guest-nonsense')

    def exec(self, *words, **more):
        result = self.run_qmp('guest', 'exec', *words, **more)
        return result.returncode, result.stdout, result.stderr

    def test_exec(self):
        path = self.agent()
        self.assertEqual(self.exec(path, 'sh', '-c', 'echo out; echo err >&2; exit 7'), (7, 'out\n', 'err\n'))
        self.assertEqual(self.exec(path, '--', 'sh', '-c', 'kill -9 $$'), (128 + 9, '', ''))
        self.assertEqual(self.exec('-i', path, 'tr', 'a-z', 'A-Z', input='hello'), (0, 'HELLO', ''))
        self.assertEqual(self.exec(path, 'printf', r'\0\377', text=False), (0, b'\0\xff', b''))
        self.assertEqual(self.exec('-e', 'A=b', '-e', 'C=d', path, 'sh', '-c', 'echo $A$C'), (0, 'bd\n', ''))
        self.assertEqual(self.value('guest', 'exec', '--json', path, 'true')['exitcode'], 0)
        self.bad(125, 'No such file', 'guest', 'exec', path, '/nonexistent')
        os.mkfifo(self.path('fifo'))
        self.bad(124, 'still runs in the guest, as process \\d+', 'guest', 'exec', '-t', '1', path, 'cat', self.path('fifo'))
        # Opened and closed, so that it ends.
        os.close(os.open(self.path('fifo'), os.O_RDWR | os.O_NONBLOCK))

    def test_exec_in_terminal(self):
        shell = terminal.Terminal([QMP, 'guest', 'exec', self.agent(), 'printf', r'\033[2J\0x'], self.directory)
        self.addCleanup(shell.kill)
        shell.see(r'\\x1b\[2J\\x00x', raw=True)
        self.assertEqual(shell.end(), 0)

    def test_cat(self):
        path = self.agent()
        data = os.urandom(700000)
        with open(self.path('file'), 'wb') as file:
            file.write(data)
        self.assertEqual(self.good('guest', 'cat', path, self.path('file'), text=False), data)
        open(self.path('empty'), 'wb').close()
        self.assertEqual(self.good('guest', 'cat', path, self.path('empty')), '')
        self.bad(FAILED, 'No such file', 'guest', 'cat', path, self.path('nothing'))
        with open('/dev/full', 'w', encoding='utf-8') as full:
            program = self.start('guest', 'cat', path, self.path('file'), stdout=full)
            self.assertIn('No space left', program.communicate()[1])
        self.assertEqual(program.returncode, FAILED)

    def test_no_agent(self):
        puppet = self.puppet()
        for verb in ('ping', 'sync', 'info', 'network'):
            self.bad(TIMEOUT, 'agent did not answer|in time', 'guest', verb, puppet.path, '-t', '0.1')
        self.bad(124, 'agent did not answer|in time', 'guest', 'exec', '-t', '0.1', puppet.path, 'true')


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
