/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* Reading from a Unix socket with the descriptors that come along, so that it is known with which byte they came. */

G_BEGIN_DECLS

/* The kernel's limit for one message. */
#define QMP_MAX_FDS 253

/* As recv (fd, buffer, size, MSG_DONTWAIT): -1 with errno. What is read ends with a byte that brings descriptors: fd_list
 * (out, owned) has them; it is NULL if there are none. */
gssize qmp_fd_receive (int           fd,
                       guint8       *buffer,
                       gsize         size,
                       GUnixFDList **fd_list);

G_END_DECLS
