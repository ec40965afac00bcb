/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "json/qmp-json-reader-private.h"
#include "link/qmp-call-private.h"
#include "server/qmp-answers-private.h"
#include "server/qmp-server-command-private.h"
#include "share/qmp-fd-command-private.h"
#include "share/qmp-fd-names-private.h"

/* A command that was passed on, until its reply has come: whose it is, and what that knows it by. No I/O. */

G_BEGIN_DECLS

typedef struct {
  GList                link;        /* its owner's; data is this */
  QmpCall             *call;        /* borrowed: its owner's to set */
  gpointer             client;      /* its owner's to set */
  QmpAnswer           *place;       /* borrowed; NULL: it goes first */
  gboolean             secret;      /* what it returns */
  gsize                size;        /* its owner's to set: what it takes, about */

  GString             *held;        /* the command's name, and its arguments; owned; NULL: it is not held */
  gsize                held_name;   /* the length of the name in it */
  GUnixFDList         *fd_list;     /* owned, nullable: of one that is held */

  QmpFdCommand         fd_command;
  QmpFdNames          *names;       /* owned, nullable: those that are in it */
  GPtrArray           *used;        /* of names, owned, nullable */

  gsize                id_length;
  char                 id[];        /* JSON text */
} QmpForward;

QmpForward *qmp_forward_new         (QmpAnswer           *place,
                                     QmpJsonSlice         id);
void        qmp_forward_free        (QmpForward          *self);

/* These names, which are taken with a reference, stand in the command. */
void        qmp_forward_set_names   (QmpForward          *self,
                                     QmpFdCommand         fd_command,
                                     QmpFdNames          *names,
                                     GPtrArray           *used);

/* Keeps what is to be sent later. fd_list: nullable. */
void        qmp_forward_hold        (QmpForward          *self,
                                     QmpJsonSlice         name,
                                     QmpJsonSlice         arguments,
                                     GUnixFDList         *fd_list);
/* The name, and arguments (out), which are borrowed. */
QmpJsonSlice qmp_forward_get_held   (QmpForward          *self,
                                     QmpJsonSlice        *arguments);

/* The answer that its client gets for a reply, with its line's end. */
GString    *qmp_forward_make_answer (QmpForward          *self,
                                     QmpJsonFrame        *reply);
/* Which names there are after it. */
void        qmp_forward_settle      (QmpForward          *self,
                                     QmpJsonFrame        *reply);

/* Has the server done what it was told to? */
gboolean    qmp_forward_succeeded   (QmpJsonFrame        *reply);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpForward, qmp_forward_free)

G_END_DECLS
