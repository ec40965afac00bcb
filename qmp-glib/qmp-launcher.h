/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

/**
 * QmpLauncherFlags:
 * @QMP_LAUNCHER_NONE: none of these
 * @QMP_LAUNCHER_PAUSED: the machine is made, but does not run yet: `-S`
 *
 * How a machine is launched.
 *
 * Since: 1.0
 */
typedef enum { /*< flags >*/
  QMP_LAUNCHER_NONE = 0,
  QMP_LAUNCHER_PAUSED = 1 << 0,
} QmpLauncherFlags;

#define QMP_TYPE_LAUNCHER (qmp_launcher_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpLauncher, qmp_launcher, QMP, LAUNCHER, GObject)

QMP_AVAILABLE_IN_1_0
QmpLauncher        *qmp_launcher_new                   (const char * const  *argv) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
const char * const *qmp_launcher_get_argv              (QmpLauncher         *self);

QMP_AVAILABLE_IN_1_0
void                qmp_launcher_set_argv              (QmpLauncher         *self,
                                                        const char * const  *argv);

QMP_AVAILABLE_IN_1_0
const char         *qmp_launcher_get_working_directory (QmpLauncher         *self);

QMP_AVAILABLE_IN_1_0
void                qmp_launcher_set_working_directory (QmpLauncher         *self,
                                                        const char          *working_directory);

QMP_AVAILABLE_IN_1_0
const char * const *qmp_launcher_get_environment       (QmpLauncher         *self);

QMP_AVAILABLE_IN_1_0
void                qmp_launcher_set_environment       (QmpLauncher         *self,
                                                        const char * const  *environment);

QMP_AVAILABLE_IN_1_0
guint               qmp_launcher_get_output_limit      (QmpLauncher         *self);

QMP_AVAILABLE_IN_1_0
void                qmp_launcher_set_output_limit      (QmpLauncher         *self,
                                                        guint                output_limit);

QMP_AVAILABLE_IN_1_0
QmpLauncherFlags    qmp_launcher_get_flags             (QmpLauncher         *self);

QMP_AVAILABLE_IN_1_0
void                qmp_launcher_set_flags             (QmpLauncher         *self,
                                                        QmpLauncherFlags     flags);

QMP_AVAILABLE_IN_1_0
int                 qmp_launcher_inherit_fd            (QmpLauncher         *self,
                                                        int                  fd,
                                                        GError             **error);

QMP_AVAILABLE_IN_1_0
gboolean            qmp_launcher_set_leave_running     (QmpLauncher         *self,
                                                        GSocketConnectable  *address,
                                                        int                  output_fd,
                                                        GError             **error);

QMP_AVAILABLE_IN_1_0
const char         *qmp_launcher_add_agent_channel     (QmpLauncher         *self);

G_END_DECLS
