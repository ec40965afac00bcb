# SPDX-License-Identifier: LGPL-2.1-or-later
import gi
gi.require_version('Qmp', '1.0')
from gi.repository import Qmp


def work() -> str:
    with Qmp.Client.open_address('/run/vm.sock') as vm:
        vm.set_open_timeout(500)
        vm.set_open_timeout('500')  # wrong
        vm.no_such_method()  # wrong
        vm.open(3)  # wrong
        message = Qmp.Message.new_command('stop', {}, timeout=3)
        message['execute'] = 'cont'
        listener = vm.listener('STOP', 5)  # wrong
        event: Qmp.Event = listener.next(0.5)
        number: int = event.name  # wrong
        return vm.execute('query-status')['status']


async def wait() -> None:
    vm = await Qmp.Client.open_address_async('/run/vm.sock')
    await vm.execute_async('stop')
    vm.close_async().result_of()  # wrong
    async for event in vm.listener():
        print(event.timestamp, event.data['reason'])
    try:
        await vm.execute_async('device_del', {'id': 'nope'})
    except Qmp.ExecuteError as error:
        print(error.error_class, error.no_such_member)  # wrong
    except Qmp.BusyError as error:
        print(error.message)


def in_a_guest() -> bytes:
    with Qmp.GuestAgent.open_address('/run/agent.sock', timeout=5) as guest:
        result = guest.exec(['uname', '-r'], {'LANG': 'C'}, timeout=10)
        result.output.encode()  # wrong
        guest.write_file('/file', 'text')  # wrong
        guest.write_file('/file', b'text', Qmp.GuestWriteFlags.APPEND)
        with guest.freezing(lease=10) as n_frozen:
            n_frozen.upper()  # wrong
        guest.suspend()  # wrong
        return guest.read_file('/file')
