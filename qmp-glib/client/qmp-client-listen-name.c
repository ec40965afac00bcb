/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "client/qmp-client-private.h"

#include "core/qmp-task-private.h"
#include "wire/qmp-address-private.h"

/* Listening on an address that may be a name. */

/* Numbers, paths and descriptors are what they are. */
static gboolean
is_name (GSocketConnectable *address)
{
  return !G_IS_SOCKET_ADDRESS (address) && !qmp_address_is_given (address);
}

/* Whether the next candidate is of no use. Takes error, which the first of them keeps. */
static gboolean
goes_on (GError **first_error,
         GError  *error)
{
  if (*first_error == NULL)
    *first_error = error;
  else
    g_error_free (error);
  return !g_error_matches (*first_error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
}

static gboolean
listen_on_name (QmpClient           *self,
                GSocketConnectable  *address,
                GCancellable        *cancellable,
                GError             **error)
{
  g_autoptr(GSocketAddressEnumerator) enumerator = g_socket_connectable_enumerate (address);
  GError *first_error = NULL, *local_error = NULL;

  while (TRUE)
    {
      g_autoptr(GSocketAddress) next = g_socket_address_enumerator_next (enumerator, cancellable, &local_error);

      if (next != NULL && qmp_client_begin_listening (self, G_SOCKET_CONNECTABLE (next), &local_error))
        {
          g_clear_error (&first_error);
          return TRUE;
        }
      if (local_error == NULL || !goes_on (&first_error, g_steal_pointer (&local_error)) || next == NULL)
        break;
    }
  /* A name without an address says what is wrong with it. */
  if (first_error == NULL)
    return qmp_client_begin_listening (self, address, error);
  g_propagate_error (error, first_error);
  return FALSE;
}

/**
 * qmp_client_listen:
 * @self: a client
 * @address: where to listen: a [class@Gio.UnixSocketAddress], a [class@Gio.InetSocketAddress], a
 *   [class@Gio.NetworkAddress], or a descriptor as [func@address_parse] makes one of `fd:N`
 * @cancellable: (nullable): cancels looking a name up
 * @error: where to store an error
 *
 * Listens for servers that connect to the client, instead of the other way round.
 *
 * QEMU does so with `-chardev socket,id=m,path=PATH,reconnect=1 -mon m,mode=control`. Start to listen, start
 * QEMU, then call [method@Client.accept_async]; QEMU may come before that, it waits then.
 *
 * Needs [enum@Runstate] `IDLE`. Returns at once with the client `CONNECTING`, and in
 * [property@Client:listen-address] the address that was really bound: port 0 stands for any that is free.
 * Of the addresses that a name has, the first that can be bound is taken. Nothing but looking a name up blocks, which
 * [method@Client.listen_async] does not.
 *
 * The file of a Unix socket gets the mode 0777 without what the process's umask takes away; who may write to it may connect.
 * With the usual umask of 022 that is its owner alone. Put it into a directory that only its owner may enter to be sure.
 *
 * A descriptor is that of a socket that listens already, as systemd and inetd hand it over. It stays the caller's: the
 * client makes a duplicate, which is in non-blocking mode for as long as the client listens, as is the caller's.
 *
 * The file of a Unix socket that nobody has any more is removed first. The client's own one is removed when
 * listening ends, but not by a forked child that drops its copy of the client.
 *
 * ## How long it lasts
 *
 * Until the client is closed, or freed. The end of a link does not end it, nor does an accept that fails: the next
 * accept may follow, and a server that reconnects by itself is met again.
 *
 * | while listening | runstate | a peer that comes | may be called |
 * |---|---|---|---|
 * | no accept yet | `CONNECTING` | waits | accept, close |
 * | accept waits | `CONNECTING` | is taken | close |
 * | accept timed out or was cancelled before a peer came | `CONNECTING` | waits | accept, close |
 * | a peer came: greeting, negotiation | `CONNECTING` | is turned away | close |
 * | that failed, or the link ended | `DISCONNECTING`, then `IDLE` | waits | accept, close |
 * | the link is up | `RUNNING` | is turned away | commands, close |
 * | after close | `DISCONNECTING`, then `IDLE` | finds nobody | listen, open |
 *
 * Turned away means that the connection is closed at once. It is done from the client's main context; while that
 * does not run, blocking calls included, such a peer waits in the kernel's queue, where there is room for about
 * one.
 *
 * Errors, after each of which the client is as it was before:
 *
 * - `QMP_CLIENT_ERROR_STATE`: the client was not `IDLE`, or listens already;
 * - `QMP_CLIENT_ERROR_ADDRESS`: the address is not one to listen on;
 * - `QMP_CLIENT_ERROR_NOT_A_SOCKET`: at the path is something that is not a socket, which is never removed; or the
 *   descriptor is not that of a socket that listens;
 * - `G_IO_ERROR_ADDRESS_IN_USE`: somebody else has the socket;
 * - `G_IO_ERROR_NOT_SUPPORTED`: [property@Client:tls] is on, which is for opening alone;
 * - `G_IO_ERROR_CANCELLED`: @cancellable was cancelled while a name was looked up;
 * - `G_IO_ERROR_PERMISSION_DENIED`, `G_IO_ERROR_NOT_FOUND` and others of `GIOErrorEnum` and
 *   `GResolverError`: it could not be bound.
 *
 * Returns: `TRUE` if the client listens
 *
 * Since: 1.0
 */
gboolean
qmp_client_listen (QmpClient           *self,
                   GSocketConnectable  *address,
                   GCancellable        *cancellable,
                   GError             **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  qmp_client_return_val_if_foreign (self, FALSE, error);
  g_return_val_if_fail (G_IS_SOCKET_CONNECTABLE (address), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!is_name (address))
    return qmp_client_begin_listening (self, address, error);
  /* A name may be known without looking it up, and then nobody asks the cancellable. */
  return qmp_client_require_may_listen (self, error) &&
         !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         listen_on_name (self, address, cancellable, error);
}

/* --- in the background --- */

typedef struct {
  GSocketConnectable       *address;
  GSocketAddressEnumerator *enumerator;
  GError                   *first_error;  /* nullable */
} Search;

static void
search_free (Search *search)
{
  g_object_unref (search->address);
  g_object_unref (search->enumerator);
  g_clear_error (&search->first_error);
  g_free (search);
}

static void
return_error (GTask  *task,
              Search *search)
{
  GError *error = g_steal_pointer (&search->first_error);

  if (error != NULL || !qmp_client_begin_listening (g_task_get_source_object (task), search->address, &error))
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
found_cb (GObject      *source,
          GAsyncResult *result,
          gpointer      user_data)
{
  g_autoptr(GTask) task = user_data;
  Search *search = g_task_get_task_data (task);
  QmpClient *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr(GSocketAddress) next = g_socket_address_enumerator_next_finish (search->enumerator, result, &error);

  if (next != NULL && qmp_client_begin_listening (self, G_SOCKET_CONNECTABLE (next), &error))
    g_task_return_boolean (task, TRUE);
  else if (error == NULL || !goes_on (&search->first_error, error) || next == NULL)
    return_error (task, search);
  else
    g_socket_address_enumerator_next_async (search->enumerator, g_task_get_cancellable (task), found_cb,
                                            g_steal_pointer (&task));
}

/**
 * qmp_client_listen_async:
 * @self: a client
 * @address: where to listen, as [method@Client.listen] has it
 * @cancellable: (nullable): cancels it
 * @callback: (scope async) (closure user_data): called when the client listens, or cannot
 * @user_data: data for @callback
 *
 * Listens for servers that connect to the client, and looks a name up without blocking.
 *
 * The client is `CONNECTING` when it listens, which it does before @callback is called; until then it can be opened
 * elsewhere, and this fails. Otherwise it is as [method@Client.listen].
 *
 * Since: 1.0
 */
void
qmp_client_listen_async (QmpClient           *self,
                         GSocketConnectable  *address,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  Search *search;
  GError *error = NULL;

  g_return_if_fail (QMP_IS_CLIENT (self));
  qmp_client_return_if_foreign (self);
  g_return_if_fail (G_IS_SOCKET_CONNECTABLE (address));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, qmp_client_listen_async);
  /* What was bound is not thrown away because it is cancelled now. */
  g_task_set_check_cancellable (task, FALSE);
  if (!qmp_client_require_may_listen (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  search = g_new0 (Search, 1);
  search->address = g_object_ref (address);
  search->enumerator = g_socket_connectable_enumerate (address);
  g_task_set_task_data (task, search, (GDestroyNotify) search_free);
  if (is_name (address))
    g_socket_address_enumerator_next_async (search->enumerator, cancellable, found_cb, g_steal_pointer (&task));
  else
    return_error (task, search);
}

/**
 * qmp_client_listen_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: where to store an error
 *
 * Ends [method@Client.listen_async].
 *
 * The errors are those of [method@Client.listen].
 *
 * Returns: `TRUE` if the client listens
 *
 * Since: 1.0
 */
gboolean
qmp_client_listen_finish (QmpClient     *self,
                          GAsyncResult  *result,
                          GError       **error)
{
  g_return_val_if_fail (QMP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (qmp_task_is_valid (result, self, qmp_client_listen_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
