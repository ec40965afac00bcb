/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-event.h>
#include <qmp-glib/qmp-event-listener.h>
#include <qmp-glib/qmp-greeting.h>
#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

/**
 * QmpRunstate:
 * @QMP_RUNSTATE_IDLE: no link; the client can be opened
 * @QMP_RUNSTATE_CONNECTING: on the way to a link: connecting, waiting for the greeting, negotiating
 * @QMP_RUNSTATE_RUNNING: commands can be executed
 * @QMP_RUNSTATE_DISCONNECTING: on the way back to idle
 *
 * Where a client stands.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_RUNSTATE_IDLE,
  QMP_RUNSTATE_CONNECTING,
  QMP_RUNSTATE_RUNNING,
  QMP_RUNSTATE_DISCONNECTING,
} QmpRunstate;

/**
 * QmpWireDirection:
 * @QMP_WIRE_DIRECTION_SENT: to the server
 * @QMP_WIRE_DIRECTION_RECEIVED: from the server
 *
 * Which way a message went.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_WIRE_DIRECTION_SENT,
  QMP_WIRE_DIRECTION_RECEIVED,
} QmpWireDirection;

#define QMP_TYPE_CLIENT (qmp_client_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpClient, qmp_client, QMP, CLIENT, GObject)

/**
 * QmpCommandCheckFunc:
 * @client: the client
 * @command: a command that is about to be sent
 * @user_data: (closure): what was given with the function
 * @error: where to store an error
 *
 * Decides whether a command is sent.
 *
 * It is called within the call that executes the command, and should only look at the command.
 *
 * Returns: `TRUE` to send it; `FALSE` with @error set to refuse it
 *
 * Since: 1.0
 */
typedef gboolean (*QmpCommandCheckFunc) (QmpClient   *client,
                                         QmpMessage  *command,
                                         gpointer     user_data,
                                         GError     **error);

QMP_AVAILABLE_IN_1_0
QmpClient   *qmp_client_new                     (const char           *name) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_client_new_for_address_async   (const char           *address,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpClient   *qmp_client_new_for_address_finish  (GAsyncResult         *result,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpClient   *qmp_client_new_for_address         (const char           *address,
                                                 GCancellable         *cancellable,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* properties */
QMP_AVAILABLE_IN_1_0
const char  *qmp_client_get_name                (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_is_owner_thread         (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_hand_over               (QmpClient            *self,
                                                 GObject              *object);

QMP_AVAILABLE_IN_1_0
GSocketConnectable *
             qmp_client_get_address             (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
GCredentials *
             qmp_client_ref_peer_credentials    (QmpClient            *self,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpRunstate  qmp_client_get_runstate            (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
QmpGreeting *qmp_client_get_greeting            (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_await_greeting      (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_await_greeting      (QmpClient            *self,
                                                 gboolean              await_greeting);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_negotiate           (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_negotiate           (QmpClient            *self,
                                                 gboolean              negotiate);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_out_of_band         (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_out_of_band         (QmpClient            *self,
                                                 gboolean              out_of_band);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_out_of_band_active  (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_guest_agent         (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_guest_agent         (QmpClient            *self,
                                                 gboolean              guest_agent);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_tls                 (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_tls                 (QmpClient            *self,
                                                 gboolean              tls);

QMP_AVAILABLE_IN_1_0
GTlsDatabase *
             qmp_client_get_tls_database        (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_tls_database        (QmpClient            *self,
                                                 GTlsDatabase         *tls_database);

QMP_AVAILABLE_IN_1_0
GTlsCertificate *
             qmp_client_get_tls_certificate     (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_tls_certificate     (QmpClient            *self,
                                                 GTlsCertificate      *tls_certificate);

QMP_AVAILABLE_IN_1_0
const char  *qmp_client_get_tls_identity        (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_tls_identity        (QmpClient            *self,
                                                 const char           *tls_identity);

QMP_AVAILABLE_IN_1_0
int          qmp_client_get_open_timeout        (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_open_timeout        (QmpClient            *self,
                                                 int                   open_timeout);

QMP_AVAILABLE_IN_1_0
int          qmp_client_get_accept_timeout      (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_accept_timeout      (QmpClient            *self,
                                                 int                   accept_timeout);

QMP_AVAILABLE_IN_1_0
GSocketAddress *qmp_client_get_listen_address   (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
int          qmp_client_get_close_timeout       (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_close_timeout       (QmpClient            *self,
                                                 int                   close_timeout);

QMP_AVAILABLE_IN_1_0
int          qmp_client_get_timeout             (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_timeout             (QmpClient            *self,
                                                 int                   timeout);

QMP_AVAILABLE_IN_1_0
guint        qmp_client_get_max_message_size    (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_max_message_size    (QmpClient            *self,
                                                 guint                 max_message_size);

QMP_AVAILABLE_IN_1_0
guint        qmp_client_get_max_depth           (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_max_depth           (QmpClient            *self,
                                                 guint                 max_depth);

/* for people's eyes */
QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_redact              (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_redact              (QmpClient            *self,
                                                 gboolean              redact);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_keep_alive          (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_keep_alive          (QmpClient            *self,
                                                 gboolean              keep_alive);

QMP_AVAILABLE_IN_1_0
int          qmp_client_get_stall_time          (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_stall_time          (QmpClient            *self,
                                                 int                   stall_time);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_get_stalled             (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
guint        qmp_client_get_n_pending           (QmpClient            *self);

QMP_AVAILABLE_IN_1_0
int          qmp_client_get_oldest_wait         (QmpClient            *self);

/* the link */
QMP_AVAILABLE_IN_1_0
void         qmp_client_open_async              (QmpClient            *self,
                                                 GSocketConnectable   *address,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_open_finish             (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_open                    (QmpClient            *self,
                                                 GSocketConnectable   *address,
                                                 GCancellable         *cancellable,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_client_open_stream_async       (QmpClient            *self,
                                                 GIOStream            *stream,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_open_stream_finish      (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_open_stream             (QmpClient            *self,
                                                 GIOStream            *stream,
                                                 GCancellable         *cancellable,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_client_listen_async            (QmpClient            *self,
                                                 GSocketConnectable   *address,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_listen_finish           (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_listen                  (QmpClient            *self,
                                                 GSocketConnectable   *address,
                                                 GCancellable         *cancellable,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_client_accept_async            (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_accept_finish           (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_accept                  (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_client_close_async             (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_close_finish            (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_close                   (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_client_wait_closed_async       (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_wait_closed_finish      (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_wait_closed             (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GError              **error);

/* commands */
QMP_AVAILABLE_IN_1_0
void         qmp_client_execute_async           (QmpClient            *self,
                                                 const char           *command,
                                                 JsonNode             *arguments,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_client_execute_finish          (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_client_execute                 (QmpClient            *self,
                                                 const char           *command,
                                                 JsonNode             *arguments,
                                                 GCancellable         *cancellable,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_client_execute_message_async   (QmpClient            *self,
                                                 QmpMessage           *message,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_client_execute_message_finish  (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_client_execute_message         (QmpClient            *self,
                                                 QmpMessage           *message,
                                                 GCancellable         *cancellable,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_client_exchange_async          (QmpClient            *self,
                                                 QmpMessage           *message,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_client_exchange_finish         (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_client_exchange                (QmpClient            *self,
                                                 QmpMessage           *message,
                                                 GCancellable         *cancellable,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_client_execute_parsed          (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GError              **error,
                                                 const char           *command,
                                                 const char           *format,
                                                 ...) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_client_execute_parsed_va       (QmpClient            *self,
                                                 GCancellable         *cancellable,
                                                 GError              **error,
                                                 const char           *command,
                                                 const char           *format,
                                                 va_list              *arguments) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_client_execute_and_wait_async  (QmpClient            *self,
                                                 QmpMessage           *command,
                                                 const QmpEventMatch  *match,
                                                 GCancellable         *cancellable,
                                                 GAsyncReadyCallback   callback,
                                                 gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpEvent    *qmp_client_execute_and_wait_finish (QmpClient            *self,
                                                 GAsyncResult         *result,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpEvent    *qmp_client_execute_and_wait        (QmpClient            *self,
                                                 QmpMessage           *command,
                                                 const QmpEventMatch  *match,
                                                 GCancellable         *cancellable,
                                                 GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
gboolean     qmp_client_send_fd                 (QmpClient            *self,
                                                 int                   fd,
                                                 GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_client_set_command_check       (QmpClient            *self,
                                                 QmpCommandCheckFunc   check,
                                                 gpointer              user_data,
                                                 GDestroyNotify        destroy);

/* events */
QMP_AVAILABLE_IN_1_0
void         qmp_client_add_listener            (QmpClient            *self,
                                                 QmpEventListener     *listener);

QMP_AVAILABLE_IN_1_0
void         qmp_client_remove_listener         (QmpClient            *self,
                                                 QmpEventListener     *listener);

QMP_AVAILABLE_IN_1_0
QmpEventListener *
             qmp_client_subscribe               (QmpClient            *self,
                                                 const char * const   *names) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
