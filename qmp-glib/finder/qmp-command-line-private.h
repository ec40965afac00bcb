/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-instance.h>

#include "finder/qmp-chardev-private.h"

G_BEGIN_DECLS

/* What the command line of a server says of it, in all the ways in which QEMU lets one say it. No I/O but for what
 * read_file does. */

typedef struct {
  QmpEndpointKind  kind;
  char            *id;           /* of its character device; nullable */
  char            *description;  /* what the command line says of that; UTF-8 */
  QmpChardev       chardev;
} QmpEndpointPlan;

typedef struct {
  QmpInstanceKind  kind;
  char            *name;         /* UTF-8, whatever was given; nullable, as are the others */
  char            *uuid;
  char            *machine_type;
  GPtrArray       *endpoints;    /* of QmpEndpointPlan, as they stand there */
} QmpCommandLine;

/* The text of a file that -readconfig names, NULL if it cannot be read. */
typedef char *(* QmpReadFileFunc) (const char *name,
                                   gpointer    user_data);

/* program: the name of a file, without its folder. FALSE if it is not a server's. */
gboolean        qmp_command_line_is_server (const char          *program,
                                            QmpInstanceKind     *kind);
/* argv: with the program's name first, and any bytes. */
QmpCommandLine *qmp_command_line_new       (QmpInstanceKind      kind,
                                            const char * const  *argv,
                                            QmpReadFileFunc      read_file,
                                            gpointer             user_data);
void            qmp_command_line_free      (QmpCommandLine      *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpCommandLine, qmp_command_line_free)

G_END_DECLS
