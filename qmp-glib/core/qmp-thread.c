/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "core/qmp-thread-private.h"

#include <glib/gi18n-lib.h>

gboolean
qmp_thread_require (GThread     *owner,
                    const char  *function,
                    GError     **error)
{
  if (owner == g_thread_self ())
    return TRUE;

  g_critical ("%s() was called in another thread than the client's: a client belongs to the thread that made it", function);
  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD,
                       _("The client was used in another thread than its own: it belongs to the thread that made it"));
  return FALSE;
}

gboolean
qmp_thread_require_server (GThread     *owner,
                           const char  *function,
                           GError     **error)
{
  if (owner == g_thread_self ())
    return TRUE;

  g_critical ("%s() was called in another thread than the server's: a server belongs to the thread that made it", function);
  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_THREAD,
                       _("The server was used in another thread than its own: it belongs to the thread that made it"));
  return FALSE;
}
