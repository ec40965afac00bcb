# SPDX-License-Identifier: LGPL-2.1-or-later
"""The end of a client, and of what stands on one, which is its own thread's business.

A collector runs in any thread. In a cycle that nobody has any more it clears the functions that are handlers of the
client's signals, and the client's thread may be about to call them. So its finalizer, which comes before that, leaves
the client to its thread.
"""

import sys

from gi.repository import GObject


def _end(owned):
    """Called in the client's thread. When it is found again, by whatever thread, no handler is left."""
    if owned.__grefcount__ == 1:  # nothing of the library's is under way
        owned.run_dispose()


def _leave_to_own_thread(owned):
    if sys.is_finalizing():
        return  # PyGObject could not import any more what it wants for a call, and no other thread runs Python
    try:
        client = owned.get_client() if hasattr(type(owned), 'get_client') else owned
        if client is None or client.is_owner_thread():
            return
    except RuntimeError:
        # It was not made: its arguments were wrong.
        return
    keeper = GObject.Object()
    keeper.weak_ref(_end, owned)
    client.hand_over(keeper)


def use_own_thread(replace, *classes):
    for cls in classes:
        def __del__(self):
            _leave_to_own_thread(self)

        replace(cls, '__del__', __del__)
