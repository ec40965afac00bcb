/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

G_BEGIN_DECLS

#define QMP_TYPE_GREETING (qmp_greeting_get_type ())
#define QMP_GREETING(obj) (G_TYPE_CHECK_INSTANCE_CAST ((obj), QMP_TYPE_GREETING, QmpGreeting))
#define QMP_IS_GREETING(obj) (G_TYPE_CHECK_INSTANCE_TYPE ((obj), QMP_TYPE_GREETING))

typedef struct _QmpGreetingClass QmpGreetingClass;

QMP_AVAILABLE_IN_1_0
GType                qmp_greeting_get_type           (void) G_GNUC_CONST;

QMP_AVAILABLE_IN_1_0
void                 qmp_greeting_get_version        (QmpGreeting *self,
                                                      guint       *major,
                                                      guint       *minor,
                                                      guint       *micro);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_greeting_check_version      (QmpGreeting *self,
                                                      guint        major,
                                                      guint        minor,
                                                      guint        micro);

QMP_AVAILABLE_IN_1_0
const char          *qmp_greeting_get_version_string (QmpGreeting *self);

QMP_AVAILABLE_IN_1_0
const char          *qmp_greeting_get_package        (QmpGreeting *self);

QMP_AVAILABLE_IN_1_0
const char * const  *qmp_greeting_get_capabilities   (QmpGreeting *self);

QMP_AVAILABLE_IN_1_0
gboolean             qmp_greeting_has_capability     (QmpGreeting *self,
                                                      const char  *capability);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpGreeting, g_object_unref)

G_END_DECLS
