/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-guest-agent.h>

#include "agent/qmp-guest-lease-private.h"

G_BEGIN_DECLS

/* Another number with each link of the client: what an agent told in one, a handle say, is not for the next, which may lead
 * to another guest. */
guint          qmp_guest_agent_get_link_number (QmpGuestAgent *self);
QmpGuestLease *qmp_guest_agent_get_lease       (QmpGuestAgent *self);

G_END_DECLS
