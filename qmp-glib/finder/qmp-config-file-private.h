/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is told for each group: its name, and its values as the option of that name would have them, "id=ID,key=value". */
typedef void (* QmpConfigFunc) (const char *group,
                                const char *options,
                                gpointer    user_data);

/* A file of -readconfig: groups in brackets, and values in quotes. Anything else is passed over. No I/O. */
void qmp_config_file_read (const char    *text,
                           QmpConfigFunc  func,
                           gpointer       user_data);

G_END_DECLS
