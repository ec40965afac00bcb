/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "once.h"

/* Which servers a verb is for. They are named, by ADDRESS, --also and --file; or described, by --all, --name and --kind, and then
 * are those that run on this computer. */

G_BEGIN_DECLS

/* What the command line says of that can be used. */
gboolean     once_select_check           (Once         *once,
                                          GError      **error);
/* Whether they are described. */
gboolean     once_select_is_described    (void);
/* Whether there need not be an ADDRESS. */
gboolean     once_select_has_no_address  (void);
/* Whether there may be several, so that each line says whose it is. */
gboolean     once_is_many                (Once         *once);

/* Whether it is for what runs on this computer: that is described, or, for a verb that needs no ADDRESS, nothing is said of it. */
gboolean     once_select_is_found        (Once         *once);

/* Those that are named; NULL with error set if one cannot be an address, or the file cannot be read. */
char       **once_select_list_names      (Once         *once,
                                          GError      **error);

/* Whether it is one of those that are described. */
gboolean     once_select_wants           (QmpInstance  *instance);
/* The patterns of --name that none of the instances that are wanted is like. */
GPtrArray   *once_select_list_unmatched  (GListModel   *instances);
/* Why there is nothing of such a name. */
GError      *once_select_new_unmatched   (const char   *pattern);
/* FALSE with error set: there are patterns, and nothing is like any of them. */
gboolean     once_select_check_matches   (GListModel   *instances,
                                          GError      **error);

G_END_DECLS
