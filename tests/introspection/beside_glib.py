# SPDX-License-Identifier: LGPL-2.1-or-later
"""For the tests of asyncio loops that run on GLib: all that works with asyncio's own, and the program's GLib sources."""

import asyncio

from gi.repository import Gio, GLib
from gi.overrides import _qmp_asyncio


class OnGLib:
    """Comes before a class of overrides_asyncio.py, whose tests then have a loop of the class loop_class."""

    async def asyncSetUp(self):
        loop = asyncio.get_running_loop()
        self.assertIsInstance(loop, self.loop_class)
        self.assertTrue(_qmp_asyncio.iterates_glib(loop))
        await super().asyncSetUp()


class BesideGLib(OnGLib):
    """What the program itself adds to the main context runs while asyncio sleeps; so it does nowhere else."""

    async def hear(self, start):
        heard = asyncio.get_running_loop().create_future()
        await asyncio.sleep(0)
        start(heard.set_result)
        return await asyncio.wait_for(heard, 20)

    async def test_sources(self):
        await self.hear(lambda tell: GLib.timeout_add(10, tell, None))
        await self.hear(lambda tell: GLib.idle_add(tell, None))

    async def test_process(self):
        process = Gio.Subprocess.new(['cat', '/dev/null'], Gio.SubprocessFlags.NONE)
        await self.hear(lambda tell: process.wait_async(None, lambda _process, result: tell(result)))
        self.assertTrue(process.get_successful())

    async def test_file(self):
        file = Gio.File.new_for_path(__file__)
        result = await self.hear(lambda tell: file.load_contents_async(None, lambda _file, result: tell(result)))
        self.assertIn(b'asyncio', file.load_contents_finish(result)[1])
