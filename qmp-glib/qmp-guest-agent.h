/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-guest-exec-result.h>

G_BEGIN_DECLS

/**
 * QMP_GUEST_AGENT_ERROR:
 *
 * The domain of the errors whose codes are [error@GuestAgentError].
 *
 * Since: 1.0
 */
#define QMP_GUEST_AGENT_ERROR (qmp_guest_agent_error_quark ())

/**
 * QmpGuestAgentError:
 * @QMP_GUEST_AGENT_ERROR_FAILED: something else; also what to take a code for that a program does not know
 * @QMP_GUEST_AGENT_ERROR_LOST: the agent does not know any more what was begun, as after a restart
 * @QMP_GUEST_AGENT_ERROR_THAWED: the guest's file systems were thawed before the program did it: what was copied meanwhile is
 *   not to be relied on
 *
 * What can go wrong with a guest agent, beside what can with every server.
 *
 * New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_GUEST_AGENT_ERROR_FAILED,
  QMP_GUEST_AGENT_ERROR_LOST,
  QMP_GUEST_AGENT_ERROR_THAWED,
} QmpGuestAgentError;

QMP_AVAILABLE_IN_1_0
GQuark       qmp_guest_agent_error_quark     (void) G_GNUC_CONST;

/**
 * QmpGuestExecFlags:
 * @QMP_GUEST_EXEC_DEFAULT: the program's output and its error output, each for itself
 * @QMP_GUEST_EXEC_DISCARD_OUTPUT: neither is kept
 * @QMP_GUEST_EXEC_MERGE_OUTPUT: both as one output, in the order in which they were written; agents before QEMU 8.1, and
 *   those for Windows, refuse it
 *
 * What becomes of what a program in a guest prints.
 *
 * Since: 1.0
 */
typedef enum { /*< flags >*/
  QMP_GUEST_EXEC_DEFAULT = 0,
  QMP_GUEST_EXEC_DISCARD_OUTPUT = 1 << 0,
  QMP_GUEST_EXEC_MERGE_OUTPUT = 1 << 1,
} QmpGuestExecFlags;

/**
 * QmpGuestWriteFlags:
 * @QMP_GUEST_WRITE_REPLACE: what is written becomes the whole file
 * @QMP_GUEST_WRITE_APPEND: what is written goes behind what the file has
 *
 * What becomes of what a file in a guest had before.
 *
 * Since: 1.0
 */
typedef enum { /*< flags >*/
  QMP_GUEST_WRITE_REPLACE = 0,
  QMP_GUEST_WRITE_APPEND = 1 << 0,
} QmpGuestWriteFlags;

/**
 * QmpGuestShutdownMode:
 * @QMP_GUEST_SHUTDOWN_MODE_POWERDOWN: off
 * @QMP_GUEST_SHUTDOWN_MODE_HALT: stopped, and not off
 * @QMP_GUEST_SHUTDOWN_MODE_REBOOT: starts anew
 *
 * How a guest shuts itself down.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_GUEST_SHUTDOWN_MODE_POWERDOWN,
  QMP_GUEST_SHUTDOWN_MODE_HALT,
  QMP_GUEST_SHUTDOWN_MODE_REBOOT,
} QmpGuestShutdownMode;

/**
 * QmpGuestSuspendMode:
 * @QMP_GUEST_SUSPEND_MODE_DISK: what it has in memory goes to its disk, and it is off
 * @QMP_GUEST_SUSPEND_MODE_RAM: it keeps its memory, and wakes up again
 * @QMP_GUEST_SUSPEND_MODE_HYBRID: both
 *
 * How a guest suspends itself.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_GUEST_SUSPEND_MODE_DISK,
  QMP_GUEST_SUSPEND_MODE_RAM,
  QMP_GUEST_SUSPEND_MODE_HYBRID,
} QmpGuestSuspendMode;

#define QMP_TYPE_GUEST_AGENT (qmp_guest_agent_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpGuestAgent, qmp_guest_agent, QMP, GUEST_AGENT, GObject)

QMP_AVAILABLE_IN_1_0
QmpGuestAgent *
             qmp_guest_agent_new                (QmpClient             *client) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpClient   *qmp_guest_agent_get_client         (QmpGuestAgent         *self);

/* is it there? */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_wait_ready_async   (QmpGuestAgent         *self,
                                                 int                    timeout,
                                                 GCancellable          *cancellable,
                                                 GAsyncReadyCallback    callback,
                                                 gpointer               user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_wait_ready_finish  (QmpGuestAgent         *self,
                                                 GAsyncResult          *result,
                                                 GError               **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_wait_ready         (QmpGuestAgent         *self,
                                                 int                    timeout,
                                                 GCancellable          *cancellable,
                                                 GError               **error);

/* programs */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_exec_async         (QmpGuestAgent         *self,
                                                 const char * const    *argv,
                                                 const char * const    *env,
                                                 GBytes                *input,
                                                 QmpGuestExecFlags      flags,
                                                 int                    timeout,
                                                 GCancellable          *cancellable,
                                                 GAsyncReadyCallback    callback,
                                                 gpointer               user_data);

QMP_AVAILABLE_IN_1_0
QmpGuestExecResult *
             qmp_guest_agent_exec_finish        (QmpGuestAgent         *self,
                                                 GAsyncResult          *result,
                                                 GError               **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpGuestExecResult *
             qmp_guest_agent_exec               (QmpGuestAgent         *self,
                                                 const char * const    *argv,
                                                 const char * const    *env,
                                                 GBytes                *input,
                                                 QmpGuestExecFlags      flags,
                                                 int                    timeout,
                                                 GCancellable          *cancellable,
                                                 GError               **error) G_GNUC_WARN_UNUSED_RESULT;

/* files */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_read_file_async    (QmpGuestAgent         *self,
                                                 const char            *path,
                                                 gint64                 offset,
                                                 gint64                 length,
                                                 GCancellable          *cancellable,
                                                 GAsyncReadyCallback    callback,
                                                 gpointer               user_data);

QMP_AVAILABLE_IN_1_0
GBytes      *qmp_guest_agent_read_file_finish   (QmpGuestAgent         *self,
                                                 GAsyncResult          *result,
                                                 GError               **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
GBytes      *qmp_guest_agent_read_file          (QmpGuestAgent         *self,
                                                 const char            *path,
                                                 gint64                 offset,
                                                 gint64                 length,
                                                 GCancellable          *cancellable,
                                                 GError               **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_write_file_async   (QmpGuestAgent         *self,
                                                 const char            *path,
                                                 GBytes                *contents,
                                                 QmpGuestWriteFlags     flags,
                                                 GCancellable          *cancellable,
                                                 GAsyncReadyCallback    callback,
                                                 gpointer               user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_write_file_finish  (QmpGuestAgent         *self,
                                                 GAsyncResult          *result,
                                                 GError               **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_write_file         (QmpGuestAgent         *self,
                                                 const char            *path,
                                                 GBytes                *contents,
                                                 QmpGuestWriteFlags     flags,
                                                 GCancellable          *cancellable,
                                                 GError               **error);

/* file systems */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_freeze_async       (QmpGuestAgent         *self,
                                                 const char * const    *mountpoints,
                                                 int                    lease,
                                                 GCancellable          *cancellable,
                                                 GAsyncReadyCallback    callback,
                                                 gpointer               user_data);

QMP_AVAILABLE_IN_1_0
gint64       qmp_guest_agent_freeze_finish      (QmpGuestAgent         *self,
                                                 GAsyncResult          *result,
                                                 GError               **error);

QMP_AVAILABLE_IN_1_0
gint64       qmp_guest_agent_freeze             (QmpGuestAgent         *self,
                                                 const char * const    *mountpoints,
                                                 int                    lease,
                                                 GCancellable          *cancellable,
                                                 GError               **error);

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_thaw_async         (QmpGuestAgent         *self,
                                                 GCancellable          *cancellable,
                                                 GAsyncReadyCallback    callback,
                                                 gpointer               user_data);

QMP_AVAILABLE_IN_1_0
gint64       qmp_guest_agent_thaw_finish        (QmpGuestAgent         *self,
                                                 GAsyncResult          *result,
                                                 GError               **error);

QMP_AVAILABLE_IN_1_0
gint64       qmp_guest_agent_thaw               (QmpGuestAgent         *self,
                                                 GCancellable          *cancellable,
                                                 GError               **error);

/* power, answered only when refused */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_shutdown_async  (QmpGuestAgent         *self,
                                              QmpGuestShutdownMode   mode,
                                              GCancellable          *cancellable,
                                              GAsyncReadyCallback    callback,
                                              gpointer               user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_shutdown_finish (QmpGuestAgent         *self,
                                              GAsyncResult          *result,
                                              GError               **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_shutdown        (QmpGuestAgent         *self,
                                              QmpGuestShutdownMode   mode,
                                              GCancellable          *cancellable,
                                              GError               **error);

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_suspend_async   (QmpGuestAgent         *self,
                                              QmpGuestSuspendMode    mode,
                                              GCancellable          *cancellable,
                                              GAsyncReadyCallback    callback,
                                              gpointer               user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_suspend_finish  (QmpGuestAgent         *self,
                                              GAsyncResult          *result,
                                              GError               **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_suspend         (QmpGuestAgent         *self,
                                              QmpGuestSuspendMode    mode,
                                              GCancellable          *cancellable,
                                              GError               **error);

/* what it says of itself */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_get_info_async                (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_info_finish               (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_info                      (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_get_osinfo_async              (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_osinfo_finish             (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_osinfo                    (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_get_network_interfaces_async  (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_network_interfaces_finish (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_network_interfaces        (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_get_users_async               (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_users_finish              (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_guest_agent_get_users                     (QmpGuestAgent        *self,
                                                            GCancellable         *cancellable,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* its clock */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_get_time_async  (QmpGuestAgent        *self,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gint64       qmp_guest_agent_get_time_finish (QmpGuestAgent        *self,
                                              GAsyncResult         *result,
                                              GError              **error);

QMP_AVAILABLE_IN_1_0
gint64       qmp_guest_agent_get_time        (QmpGuestAgent        *self,
                                              GCancellable         *cancellable,
                                              GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_set_time_async  (QmpGuestAgent        *self,
                                              gint64                time,
                                              GCancellable         *cancellable,
                                              GAsyncReadyCallback   callback,
                                              gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_set_time_finish (QmpGuestAgent        *self,
                                              GAsyncResult         *result,
                                              GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_set_time        (QmpGuestAgent        *self,
                                              gint64                time,
                                              GCancellable         *cancellable,
                                              GError              **error);

/* accounts */
QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_set_user_password_async       (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            const char           *password,
                                                            gboolean              crypted,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_set_user_password_finish      (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_set_user_password             (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            const char           *password,
                                                            gboolean              crypted,
                                                            GCancellable         *cancellable,
                                                            GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_get_authorized_keys_async     (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
char       **qmp_guest_agent_get_authorized_keys_finish    (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
char       **qmp_guest_agent_get_authorized_keys           (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            GCancellable         *cancellable,
                                                            GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_add_authorized_keys_async     (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            const char * const   *keys,
                                                            gboolean              reset,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_add_authorized_keys_finish    (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_add_authorized_keys           (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            const char * const   *keys,
                                                            gboolean              reset,
                                                            GCancellable         *cancellable,
                                                            GError              **error);

QMP_AVAILABLE_IN_1_0
void         qmp_guest_agent_remove_authorized_keys_async  (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            const char * const   *keys,
                                                            GCancellable         *cancellable,
                                                            GAsyncReadyCallback   callback,
                                                            gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_remove_authorized_keys_finish (QmpGuestAgent        *self,
                                                            GAsyncResult         *result,
                                                            GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_guest_agent_remove_authorized_keys        (QmpGuestAgent        *self,
                                                            const char           *username,
                                                            const char * const   *keys,
                                                            GCancellable         *cancellable,
                                                            GError              **error);

G_END_DECLS
