#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""qmp and what a machine has: block nodes, devices, snapshots; against real servers, and against one that the test plays itself.

usage: qmp-block-test.py QMP
"""

import json
import subprocess
import sys
import unittest

from qmpcase import FAILED, TIMEOUT, Case


class DiskCase(Case):
    def machine(self, *arguments):
        for image in (('base.qcow2', '8M'), ('-b', self.path('base.qcow2'), '-F', 'qcow2', 'disk.qcow2')):
            *options, name = image if image[0] == '-b' else image[::-1]
            words = (*options, self.path(name)) if image[0] == '-b' else (self.path(name), *options)
            subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', *words], check=True)
        return self.server('-machine', 'pc', '-accel', 'tcg', '-m', '8', '-S', '-nodefaults', '-display', 'none',
                           '-blockdev', f'driver=qcow2,node-name=disk,file.driver=file,file.filename={self.path("disk.qcow2")}',
                           '-device', 'virtio-blk,drive=disk,id=vd', '-device', 'virtio-rng', *arguments)


class Block(DiskCase):
    def test_lists(self):
        server = self.machine()
        self.assertRegex(self.good('block', 'list', server.path),
                         r'^NODE +DRIVER +SIZE +ACCESS +USED BY +FILE\n(.*\n)*disk +qcow2 +8\.4.MB +/machine/peripheral/vd/[a-z-]+ +/.*disk\.qcow2\n')
        self.assertRegex(self.good('block', 'list', server.path), r'\n#block\d+ +file +[0-9.]+.kB +read-only +/.*base\.qcow2\n')
        self.assertIn('disk', [node['node-name'] for node in self.value('block', 'list', '--json', server.path)])
        self.assertRegex(self.good('block', 'tree', server.path), r'^/machine/peripheral/vd/.*\n  root: disk\n    (file|backing): #')
        self.assertEqual(self.good('device', 'list', server.path),
                         'ID  TYPE            PATH\n'
                         'vd  virtio-blk-pci  /machine/peripheral/vd\n'
                         '    virtio-rng-pci  /machine/peripheral-anon/device[0]\n')

        named, others = map(json.loads, self.good('device', 'list', '--json', server.path).splitlines())
        self.assertIn('child<virtio-blk-pci>', [one['type'] for one in named])
        self.assertIn('child<virtio-rng-pci>', [one['type'] for one in others])

    def test_storage_daemon(self):
        server = self.storage_daemon()
        self.assertRegex(self.good('block', 'list', server.path), r'\nsource +null-co +67\.1.MB')
        self.bad(FAILED, 'DeviceNotFound', 'device', 'list', server.path)
        self.assertEqual(self.good('snapshot', 'list', server.path), '')

    def test_hostile_graph(self):
        """A few nodes with two parents each, and rings: they are shown once."""
        nodes = [{'id': i, 'name': f'n{i}', 'type': 'block-driver'} for i in range(1, 60)]
        edges = [{'name': f'e{which}\n', 'parent': i, 'child': i + 1} for i in range(1, 59) for which in range(2)]
        edges.append({'name': 'ring', 'parent': 59, 'child': 2})
        graph = json.dumps({'nodes': [None, 5, *nodes], 'edges': [*edges, {}, 'x']})
        output = self.ask_puppet([('x-debug-query-block-graph', graph)], 'block', 'tree', 'X')
        self.assertEqual(output.count('\n'), 118)

    def test_nonsense(self):
        for verb, command in ((('block', 'list'), 'query-named-block-nodes'), (('snapshot', 'list'), 'query-named-block-nodes'),
                              (('block', 'tree'), 'x-debug-query-block-graph')):
            for text in ('null', '5', '{}', '[]'):
                answers = [(command, text), *([('query-block', '7')] if verb[0] == 'block' and verb[1] == 'list' else [])]
                self.assertEqual(self.ask_puppet(answers, *verb, 'X'), '')


class Snapshots(DiskCase):
    def test_cycle(self):
        server = self.machine()
        self.assertEqual(self.good('snapshot', 'list', server.path), '')
        self.assertEqual(self.good('snapshot', 'save', server.path, 'one'), '')
        self.assertRegex(self.good('snapshot', 'list', server.path),
                         r'^NAME +DATE +STATE +NODE\none +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\d.* +disk\n$')
        self.bad(FAILED, 'already exists', 'snapshot', 'save', server.path, 'one')
        self.good('snapshot', 'load', server.path, 'one')
        self.good('snapshot', 'delete', server.path, 'one')
        self.bad(FAILED, 'There is no snapshot “one”', 'snapshot', 'delete', server.path, 'one')
        self.bad(FAILED, 'nothing', 'snapshot', 'delete', server.path, 'one', '--node', 'nothing')
        self.bad(FAILED, 'does not exist', 'snapshot', 'load', server.path, 'one')
        self.assertEqual(self.good('snapshot', 'list', server.path), '')
        self.assertEqual(self.good('job', 'list', server.path), '', 'none is left')
        self.bad(FAILED, 'nothing', 'snapshot', 'save', server.path, 'one', '--node', 'nothing')

    def test_not_all_can(self):
        server = self.machine('-blockdev', 'driver=null-co,node-name=raw,size=65536', '-device', 'virtio-blk,drive=raw')
        self.bad(FAILED, '“raw” \\(null-co\\) cannot hold a snapshot; .*--node', 'snapshot', 'save', server.path, 'one')
        self.good('snapshot', 'save', server.path, 'one', '--node', 'disk', '--state', 'disk')
        self.good('snapshot', 'delete', server.path, 'one', '--node', 'disk')

    def test_running(self):
        """A machine that was running runs on, also if there is no such snapshot."""
        server = self.machine()
        self.good('resume', server.path)
        self.good('snapshot', 'save', server.path, 'one')
        self.good('snapshot', 'load', server.path, 'one')
        self.assertEqual(self.good('status', server.path), 'running\n')
        self.bad(FAILED, 'does not exist', 'snapshot', 'load', server.path, 'two')
        self.assertEqual(self.good('status', server.path), 'running\n')
        self.assertIn('one', str(self.value('snapshot', 'list', '--json', server.path)))

    def test_no_disk(self):
        self.bad(FAILED, 'no disk that can hold', 'snapshot', 'save', self.server().path, 'one')

    def test_late(self):
        """A job that does not end."""
        puppet = self.puppet()
        program = self.start('snapshot', 'delete', puppet.path, 'one', '--node', 'n', '-t', '0.5')
        puppet.accept()
        puppet.answer_machine()
        puppet.answer(puppet.take(), [{'node-name': 'n', 'image': {'snapshots': [{'name': 'one'}]}}])
        command = puppet.take()
        self.assertEqual((command['execute'], command['arguments']['tag'], command['arguments']['devices']), ('snapshot-delete', 'one', ['n']))
        self.assertRegex(program.communicate()[1], 'in time')
        self.assertEqual(program.returncode, TIMEOUT)


if __name__ == '__main__':
    del sys.argv[1:2]
    unittest.main()
