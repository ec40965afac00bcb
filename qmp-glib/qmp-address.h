/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

QMP_AVAILABLE_IN_1_0
GSocketConnectable *qmp_address_parse (const char  *text,
                                       GError     **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
