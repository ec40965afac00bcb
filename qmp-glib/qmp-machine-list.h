/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-finder.h>
#include <qmp-glib/qmp-machine-entry.h>
#include <qmp-glib/qmp-machine-result.h>

G_BEGIN_DECLS

#define QMP_TYPE_MACHINE_LIST (qmp_machine_list_get_type ())

QMP_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (QmpMachineList, qmp_machine_list, QMP, MACHINE_LIST, GObject)

QMP_AVAILABLE_IN_1_0
QmpMachineList  *qmp_machine_list_new         (void);

QMP_AVAILABLE_IN_1_0
QmpFinder       *qmp_machine_list_get_finder  (QmpMachineList       *self);

QMP_AVAILABLE_IN_1_0
void             qmp_machine_list_set_finder  (QmpMachineList       *self,
                                               QmpFinder            *finder);

QMP_AVAILABLE_IN_1_0
QmpMachineEntry *qmp_machine_list_add         (QmpMachineList       *self,
                                               const char           *text,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
gboolean         qmp_machine_list_add_file    (QmpMachineList       *self,
                                               const char           *path,
                                               GError              **error);

QMP_AVAILABLE_IN_1_0
void             qmp_machine_list_remove      (QmpMachineList       *self,
                                               QmpMachineEntry      *entry);

QMP_AVAILABLE_IN_1_0
void             qmp_machine_list_shut_down_all_async  (QmpMachineList       *self,
                                                        QmpShutDownFlags      flags,
                                                        int                   ask,
                                                        int                   quit,
                                                        guint                 max_parallel,
                                                        GCancellable         *cancellable,
                                                        GAsyncReadyCallback   callback,
                                                        gpointer              user_data);

QMP_AVAILABLE_IN_1_0
GList           *qmp_machine_list_shut_down_all_finish (QmpMachineList       *self,
                                                        GAsyncResult         *result,
                                                        GError              **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
GList           *qmp_machine_list_shut_down_all        (QmpMachineList       *self,
                                                        QmpShutDownFlags      flags,
                                                        int                   ask,
                                                        int                   quit,
                                                        guint                 max_parallel,
                                                        GCancellable         *cancellable,
                                                        GError              **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
