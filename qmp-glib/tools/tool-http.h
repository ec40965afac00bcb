/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* As much of an HTTP server as it takes to be asked for one text: GET, one request for each connection, for the same user or the
 * same computer alone. Whoever connects can neither make it use much memory, nor hold it up: what is asked is small and comes in time,
 * and not many ask at once. */

G_BEGIN_DECLS

typedef struct _ToolHttp ToolHttp;
typedef struct _ToolHttpRequest ToolHttpRequest;

/* Somebody asks for path. tool_http_request_return() is called once, now or later. */
typedef void (*ToolHttpFunc) (ToolHttpRequest *request,
                              const char      *path,
                              gpointer         user_data);

/* address: of a Unix socket, or of this computer itself (loopback). NULL with error set, which is G_OPTION_ERROR_BAD_VALUE for
 * another one. */
ToolHttp       *tool_http_new            (GSocketConnectable *address,
                                          ToolHttpFunc        func,
                                          gpointer            user_data,
                                          GError            **error);
/* What is asked meanwhile is not answered. */
void            tool_http_free           (ToolHttp           *self);
/* Where it listens, for people. */
char           *tool_http_dup_place      (ToolHttp           *self);

/* type: of text, for status 200. Ends the request. */
void            tool_http_request_return (ToolHttpRequest    *self,
                                          guint               status,
                                          const char         *type,
                                          const char         *text);

/* --- for tests --- */

/* What is asked for, if that is right: 0, or the status to answer with. text: up to the empty line. path: set if it is 0. */
guint           tool_http_parse          (const char         *text,
                                          gboolean            local,
                                          char              **path);

G_END_DECLS
