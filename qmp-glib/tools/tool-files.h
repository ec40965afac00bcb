/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "tool-offers.h"

/* Names of files of this computer, for Tab. */

G_BEGIN_DECLS

/* Those that what is typed can become, behind before; ~/ is the home directory. Of a directory, with a slash. */
void     tool_files_add  (ToolOffers   *offers,
                          const char   *before,
                          const char   *typed);
/* Whether an argument of that dotted key is a file's name, by what it is called. */
gboolean tool_files_want (const char   *command,
                          const char   *key);

G_END_DECLS
