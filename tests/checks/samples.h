/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the samples in the reference take for granted. */
#pragma once

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <qmp-glib/qmp-glib.h>

extern QmpClient *client;
extern QmpClient *vm;
extern QmpMessage *message;
extern QmpMessage *reply;
extern JsonNode *status;
extern GError *error;
extern QmpMachine *machine;

extern GCallback on_changed;
extern GCallback on_ended;
extern GCallback on_stop;
extern GAsyncReadyCallback on_deleted;

gboolean query_name_cb (QmpServer *server, QmpInvocation *invocation, gpointer user_data);
void use_tls_hostname (QmpClient *vm);
