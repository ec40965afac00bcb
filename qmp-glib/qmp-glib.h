/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define QMP_INSIDE
#include <qmp-glib/qmp-types.h>
#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-message.h>
#include <qmp-glib/qmp-event.h>
#include <qmp-glib/qmp-event-match.h>
#include <qmp-glib/qmp-event-listener.h>
#include <qmp-glib/qmp-greeting.h>
#include <qmp-glib/qmp-address.h>
#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-schema.h>
#include <qmp-glib/qmp-guest-exec-result.h>
#include <qmp-glib/qmp-guest-agent.h>
#include <qmp-glib/qmp-invocation.h>
#include <qmp-glib/qmp-server-connection.h>
#include <qmp-glib/qmp-server.h>
#include <qmp-glib/qmp-multiplexer.h>
#include <qmp-glib/qmp-job.h>
#include <qmp-glib/qmp-launcher.h>
#include <qmp-glib/qmp-outcome.h>
#include <qmp-glib/qmp-machine-status.h>
#include <qmp-glib/qmp-machine.h>
#include <qmp-glib/qmp-migration.h>
#include <qmp-glib/qmp-enums.h>
#undef QMP_INSIDE
