#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the story in one language against real servers; what it prints is what it prints in every other.

usage: run.py EXPECTED PROGRAM [ARGUMENT...]

The program gets MONITOR LISTENING AGENT TLS-ADDRESS CA-FILE: a QEMU's monitor, where to listen for a QEMU that
connects, a guest agent, a QEMU's monitor with TLS, and the authority that signed its certificate.
"""

import contextlib
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import served  # noqa: E402

SECONDS = 90
AUTHORITY = 'cn = "qmp-glib test"\nca\ncert_signing_key\nexpiration_days = 7\n'
SERVER = 'cn = "server"\nip_address = "127.0.0.1"\ntls_www_server\nsigning_key\nexpiration_days = 7\n'


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def qemu(chardev, *arguments, behind=(), **options):
    return running(['qemu-system-x86_64', '-machine', 'none', '-nodefaults', '-display', 'none', *arguments,
                    '-chardev', f'socket,id=monitor,{chardev}', '-mon', 'chardev=monitor,mode=control', *behind], **options)


@contextlib.contextmanager
def serving_qemu(listening, *arguments, options=''):
    """A QEMU that can be connected to; gives the address."""
    last = served.LastMonitor()
    fd = listening.fileno()
    with listening, qemu(f'fd={fd},server=on,wait=off{options}', *arguments, behind=last.arguments,
                         pass_fds=[fd, last.fd]):
        last.wait()
        yield listening.getsockname()


@contextlib.contextmanager
def guest_agent(directory):
    path = f'{directory}/agent'
    program = shutil.which('qemu-ga', path=os.environ['PATH'] + ':/usr/sbin:/sbin')
    with running([program, '-m', 'unix-listen', '-p', path, '-t', directory, '-f', f'{directory}/pid']) as agent:
        while not os.path.exists(path):
            if agent.poll() is not None:
                sys.exit('the agent did not start')
            os.sched_yield()
        yield path
        # It takes a lock in its handler of SIGTERM, and may wait for itself.
        agent.kill()


def make_certificate(directory, name, template, *signer):
    pathlib.Path(directory, f'{name}.info').write_text(template, encoding='utf-8')
    for words in (['--generate-privkey', '--key-type', 'ecdsa', '--outfile', f'{name}-key.pem'],
                  [*signer, '--load-privkey', f'{name}-key.pem', '--template', f'{name}.info',
                   '--outfile', f'{name}-cert.pem']):
        done = subprocess.run(['certtool', *words], cwd=directory, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f'certtool: {done.stderr}')


@contextlib.contextmanager
def tls_qemu(directory):
    make_certificate(directory, 'ca', AUTHORITY, '--generate-self-signed')
    make_certificate(directory, 'server', SERVER, '--generate-certificate',
                     '--load-ca-certificate', 'ca-cert.pem', '--load-ca-privkey', 'ca-key.pem')
    with serving_qemu(served.listening(('127.0.0.1', 0)),
                      '-object', f'tls-creds-x509,id=tls,dir={directory},endpoint=server,verify-peer=no',
                      options=',tls-creds=tls') as address:
        yield address


def main():
    expected, *command = sys.argv[1:]
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix='qmp-glib-'))
        listening = f'{directory}/listening'
        host, port = stack.enter_context(tls_qemu(directory))
        monitor = stack.enter_context(serving_qemu(served.listening(f'{directory}/monitor')))
        stack.enter_context(qemu(f'path={listening},server=off,reconnect=1'))
        agent = stack.enter_context(guest_agent(directory))
        story = subprocess.run([*command, monitor, listening, agent, f'{host}:{port}', f'{directory}/ca-cert.pem'],
                               stdout=subprocess.PIPE, text=True, timeout=SECONDS, check=False)
    wanted = pathlib.Path(expected).read_text(encoding='utf-8').splitlines()
    # Each server says that in its own words.
    printed = re.sub(r"(DeviceNotFound: ).*\bnope\b.*", r'\1nope', story.stdout).splitlines()
    difference = list(difflib.unified_diff(wanted, printed, 'expected', 'printed', lineterm=''))
    if difference:
        print(*difference, sep='\n')
    sys.exit(1 if difference or story.returncode != 0 else 0)


if __name__ == '__main__':
    main()
