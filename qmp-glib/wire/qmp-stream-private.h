/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* What a GIOStream is made of, and how it is closed without waiting for anybody. */

G_BEGIN_DECLS

/* The socket under the stream, if reading and writing it is the same as reading and writing the stream: nullable. */
GSocket  *qmp_stream_get_socket       (GIOStream *stream);

/* The same as a descriptor, borrowed; -1. Of streams over descriptors, too. */
int       qmp_stream_get_socket_fd    (GIOStream *stream);

/* The socket that a TLS stream speaks over: nullable. */
GSocket  *qmp_stream_get_socket_below (GIOStream *stream);

/* The socket, or that below TLS, as a descriptor, borrowed; -1 if there is none. */
int       qmp_stream_get_lowest_fd    (GIOStream *stream);

/* Has somebody closed it, or a part of it? */
gboolean  qmp_stream_is_closed        (GIOStream *stream);

/* Does not block. */
void      qmp_stream_close            (GIOStream *stream);

/* In a forked child: closes what is the child's of a stream that is its parent's, who is to notice nothing. */
void      qmp_stream_abandon          (GIOStream *stream);

/* What is written goes out at once, however little it is. */
void      qmp_stream_set_no_delay     (GIOStream *stream);

/* Has the system look after a silent other side. A stream whose socket knows nothing of it, or that has none, goes
 * without. */
void      qmp_stream_keep_alive       (GIOStream *stream);

G_END_DECLS
