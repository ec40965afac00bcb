/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-guest-agent.h>
#include <qmp-glib/qmp-job.h>
#include <qmp-glib/qmp-launcher.h>
#include <qmp-glib/qmp-machine-status.h>
#include <qmp-glib/qmp-migration.h>
#include <qmp-glib/qmp-outcome.h>

G_BEGIN_DECLS

/**
 * QMP_MACHINE_ERROR:
 *
 * The domain of the errors whose codes are [error@MachineError].
 *
 * Since: 1.0
 */
#define QMP_MACHINE_ERROR (qmp_machine_error_quark ())

/**
 * QmpMachineError:
 * @QMP_MACHINE_ERROR_FAILED: something else; also what to take a code for that a program does not know
 * @QMP_MACHINE_ERROR_LAUNCH: the machine could not be launched; the text has all that QEMU has said, and
 *   [property@Machine:outcome] how the process has ended
 * @QMP_MACHINE_ERROR_ENDED: there is no machine: it has ended, or was not launched yet
 * @QMP_MACHINE_ERROR_NO_ANSWER: the guest does not turn itself off, or does not let go of a device, or its agent does not
 *   answer, in time; or the process does not go although it was killed
 * @QMP_MACHINE_ERROR_NO_PROCESS: the machine knows of no process that could be killed; see [method@Machine.set_process]
 * @QMP_MACHINE_ERROR_JOB: a job has failed; the text is QEMU's
 * @QMP_MACHINE_ERROR_JOB_CANCELLED: a job was cancelled; `G_IO_ERROR_CANCELLED` is for waiting that was
 * @QMP_MACHINE_ERROR_LOST: nobody knows what has become of a job, a migration, or a device that was to go, as there is no
 *   link, or was none when it ended
 * @QMP_MACHINE_ERROR_MIGRATION: a migration has failed; the text has what QEMU says of it
 * @QMP_MACHINE_ERROR_MIGRATION_CANCELLED: a migration was cancelled
 *
 * A machine as a whole.
 *
 * New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_MACHINE_ERROR_FAILED,
  QMP_MACHINE_ERROR_LAUNCH,
  QMP_MACHINE_ERROR_ENDED,
  QMP_MACHINE_ERROR_NO_ANSWER,
  QMP_MACHINE_ERROR_NO_PROCESS,
  QMP_MACHINE_ERROR_JOB,
  QMP_MACHINE_ERROR_JOB_CANCELLED,
  QMP_MACHINE_ERROR_LOST,
  QMP_MACHINE_ERROR_MIGRATION,
  QMP_MACHINE_ERROR_MIGRATION_CANCELLED,
} QmpMachineError;

/**
 * QmpShutDownFlags:
 * @QMP_SHUT_DOWN_NONE: none of these
 * @QMP_SHUT_DOWN_RESUME: a machine that is paused is resumed first, for its guest cannot answer otherwise
 * @QMP_SHUT_DOWN_WAKE: a guest that sleeps is woken first; as one that is about to wake up may not hear the button, that is
 *   pressed again each half second
 * @QMP_SHUT_DOWN_PRESS_AGAIN: the button is pressed a second time half a second later, as some guests want it
 * @QMP_SHUT_DOWN_ASK_ONLY: nothing but asking is done
 *
 * How a machine is shut down.
 *
 * Since: 1.0
 */
typedef enum { /*< flags >*/
  QMP_SHUT_DOWN_NONE = 0,
  QMP_SHUT_DOWN_RESUME = 1 << 0,
  QMP_SHUT_DOWN_WAKE = 1 << 1,
  QMP_SHUT_DOWN_PRESS_AGAIN = 1 << 2,
  QMP_SHUT_DOWN_ASK_ONLY = 1 << 3,
} QmpShutDownFlags;

#define QMP_TYPE_MACHINE (qmp_machine_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpMachine, qmp_machine, QMP, MACHINE, GObject)

QMP_AVAILABLE_IN_1_0
GQuark            qmp_machine_error_quark        (void) G_GNUC_CONST;

QMP_AVAILABLE_IN_1_0
QmpMachine       *qmp_machine_new                (QmpClient            *client) G_GNUC_WARN_UNUSED_RESULT;

/* properties */
QMP_AVAILABLE_IN_1_0
QmpClient        *qmp_machine_get_client         (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_machine_get_name           (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_machine_get_uuid           (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
QmpMachineStatus  qmp_machine_get_status         (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
const char       *qmp_machine_get_status_name    (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_get_running        (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
QmpEvent         *qmp_machine_get_pause_event    (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_get_connected      (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
const GError     *qmp_machine_get_link_error     (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
int               qmp_machine_get_pid            (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_get_alive          (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
QmpOutcome       *qmp_machine_get_outcome        (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
QmpShutDownStage  qmp_machine_get_shut_down_stage (QmpMachine          *self);

QMP_AVAILABLE_IN_1_0
GActionGroup     *qmp_machine_get_action_group   (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
GListModel       *qmp_machine_get_jobs           (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_get_migration      (QmpMachine           *self);

QMP_AVAILABLE_IN_1_0
guint             qmp_machine_get_progress_interval (QmpMachine        *self);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_set_progress_interval (QmpMachine        *self,
                                                  guint                 progress_interval);

/* its runs */
QMP_AVAILABLE_IN_1_0
void              qmp_machine_launch_async       (QmpMachine           *self,
                                                  QmpLauncher          *launcher,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_launch_finish      (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_launch             (QmpMachine           *self,
                                                  QmpLauncher          *launcher,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_open_async         (QmpMachine           *self,
                                                  GSocketConnectable   *address,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_open_finish        (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_open               (QmpMachine           *self,
                                                  GSocketConnectable   *address,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_keep_open          (QmpMachine           *self,
                                                  GSocketConnectable   *address);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_set_process        (QmpMachine           *self,
                                                  int                   pidfd,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_refresh_async      (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_refresh_finish     (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_refresh            (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_wait_ended_async   (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpOutcome       *qmp_machine_wait_ended_finish  (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpOutcome       *qmp_machine_wait_ended         (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* verbs */
QMP_AVAILABLE_IN_1_0
void              qmp_machine_pause_async        (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_pause_finish       (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_pause              (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_resume_async       (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_resume_finish      (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_resume             (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_reset_async        (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_reset_finish       (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_reset              (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_power_down_async   (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_power_down_finish  (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_power_down         (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_wake_up_async      (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_wake_up_finish     (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_wake_up            (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_quit_async         (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_quit_finish        (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_quit               (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_kill_async         (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_kill_finish        (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_kill               (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_shut_down_async    (QmpMachine           *self,
                                                  QmpShutDownFlags      flags,
                                                  int                   ask,
                                                  int                   quit,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpOutcome       *qmp_machine_shut_down_finish   (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpOutcome       *qmp_machine_shut_down          (QmpMachine           *self,
                                                  QmpShutDownFlags      flags,
                                                  int                   ask,
                                                  int                   quit,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* work */
QMP_AVAILABLE_IN_1_0
void              qmp_machine_start_job_async    (QmpMachine           *self,
                                                  QmpMessage           *command,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpJob           *qmp_machine_start_job_finish   (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpJob           *qmp_machine_start_job          (QmpMachine           *self,
                                                  QmpMessage           *command,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void              qmp_machine_start_migration_async (QmpMachine           *self,
                                                  const char           *uri,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_migration_finish (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_migration    (QmpMachine           *self,
                                                  const char           *uri,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void              qmp_machine_start_migration_fd_async (QmpMachine           *self,
                                                  int                   fd,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_migration_fd_finish (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_migration_fd (QmpMachine           *self,
                                                  int                   fd,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void              qmp_machine_start_incoming_async (QmpMachine           *self,
                                                  const char           *uri,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_incoming_finish (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_incoming     (QmpMachine           *self,
                                                  const char           *uri,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void              qmp_machine_start_incoming_fd_async (QmpMachine           *self,
                                                  int                   fd,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_incoming_fd_finish (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMigration     *qmp_machine_start_incoming_fd  (QmpMachine           *self,
                                                  int                   fd,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* devices */
QMP_AVAILABLE_IN_1_0
void              qmp_machine_unplug_async       (QmpMachine           *self,
                                                  const char           *device,
                                                  int                   timeout,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_unplug_finish      (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean          qmp_machine_unplug             (QmpMachine           *self,
                                                  const char           *device,
                                                  int                   timeout,
                                                  GCancellable         *cancellable,
                                                  GError              **error);

QMP_AVAILABLE_IN_1_0
void              qmp_machine_screendump_async   (QmpMachine           *self,
                                                  const char           *device,
                                                  guint                 head,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
GBytes           *qmp_machine_screendump_finish  (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
GBytes           *qmp_machine_screendump         (QmpMachine           *self,
                                                  const char           *device,
                                                  guint                 head,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
void              qmp_machine_open_display_async (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
GDBusConnection  *qmp_machine_open_display_finish (QmpMachine          *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
GDBusConnection  *qmp_machine_open_display       (QmpMachine           *self,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

/* its guest's agent */
QMP_AVAILABLE_IN_1_0
void              qmp_machine_open_agent_async   (QmpMachine           *self,
                                                  int                   timeout,
                                                  GCancellable         *cancellable,
                                                  GAsyncReadyCallback   callback,
                                                  gpointer              user_data);

QMP_AVAILABLE_IN_1_0
QmpGuestAgent    *qmp_machine_open_agent_finish  (QmpMachine           *self,
                                                  GAsyncResult         *result,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpGuestAgent    *qmp_machine_open_agent         (QmpMachine           *self,
                                                  int                   timeout,
                                                  GCancellable         *cancellable,
                                                  GError              **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
