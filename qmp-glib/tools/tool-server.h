/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What a program is given as its server: an address, or what a machine on this computer is called. */

G_BEGIN_DECLS

/* Whether it is an address in any case: it has a prefix, a port, a folder, or is a file that is there. */
gboolean            tool_server_is_address (const char  *text);
/* An address that somebody has typed, and that is not a machine's name. Fails with QMP_CLIENT_ERROR_ADDRESS for a number alone, unless
 * there is a file of that name. */
GSocketConnectable *tool_server_parse      (const char  *text,
                                            GError     **error);
/* The address; or that of the monitor, or the agent, of the machine of that name, UUID or process ID. Fails with QMP_FINDER_ERROR if
 * it is not an address in any case and there is no such machine; or, if it may come yet, takes it for a path then. */
GSocketConnectable *tool_server_find       (const char  *text,
                                            gboolean     agent,
                                            gboolean     may_come,
                                            GError     **error);
/* In words, of one that is held. */
char               *tool_server_dup_holder (QmpEndpoint *endpoint);
/* Adds to error who holds the server at address, if a look at this computer tells. */
void                tool_server_name_holder (GSocketConnectable *address,
                                             GError      *error);
/* The names of the machines on this computer that begin so, as far as they are plain words. */
char              **tool_server_list_names (const char  *typed);

G_END_DECLS
