/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A text on standard output, by way of a pager ($PAGER, or else less) when that is a terminal with too few rows for it.
 * text: UTF-8, with nothing in it that could command the terminal, but for colours. Returns FALSE when it has to be printed
 * plainly: then nothing was shown. */

G_BEGIN_DECLS

gboolean tool_pager_show (const char *text);

G_END_DECLS
