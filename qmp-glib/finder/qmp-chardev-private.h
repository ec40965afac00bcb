/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A character device of QEMU as a command line describes it: where a monitor or an agent is reached. No I/O. */

typedef enum {
  QMP_CHARDEV_OTHER,      /* nothing to connect to: stdio, a terminal, what this library does not speak */
  QMP_CHARDEV_PATH,       /* a Unix socket with a file */
  QMP_CHARDEV_ABSTRACT,   /* a Unix socket with an abstract name */
  QMP_CHARDEV_TCP,
  QMP_CHARDEV_VSOCK,
  QMP_CHARDEV_FD,         /* a descriptor of QEMU's, which listens or is connected */
  QMP_CHARDEV_PIPE,       /* two pipes */
} QmpChardevType;

typedef struct {
  QmpChardevType  type;
  char           *place;    /* a path, a name, a host or a CID, as its bytes are; nullable for a host */
  guint           number;   /* a port or a descriptor */
  gboolean        listens;  /* can be connected to */
} QmpChardev;

/* options: those of -chardev. */
void      qmp_chardev_init            (QmpChardev  *self,
                                       GHashTable  *options);
/* text: what stands behind -qmp, "unix:PATH,server=on"; in a table as -chardev has it. */
GHashTable *qmp_chardev_parse_legacy  (const char  *text);
void      qmp_chardev_clear           (QmpChardev  *self);

G_END_DECLS
