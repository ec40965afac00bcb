/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What is to be told to user code, in the order in which it came. Whoever finds something out posts an entry, which runs
 * no user code; delivery does, always from a dispatch of the owner's context. */

G_BEGIN_DECLS

typedef struct _QmpInboxEntry QmpInboxEntry;

/* What an entry is. owner: the inbox's. */
typedef struct {
  /* Runs user code. The entry has left the inbox, and is taken. */
  void     (* deliver)      (QmpInboxEntry *entry,
                             gpointer       owner);
  /* Nobody is told: takes the entry. Runs no user code. Nullable: what has a task keeps the owner, so that it cannot be
   * left when the owner goes. */
  void     (* drop)         (QmpInboxEntry *entry,
                             gpointer       owner);
  /* Nullable. Delivers a part of the entry, which stays the first in the inbox meanwhile; FALSE if there is none left,
   * and deliver() is next. */
  gboolean (* deliver_part) (QmpInboxEntry *entry,
                             gpointer       owner);
  /* Nullable: the entry's own created. Of the task that the next delivery completes; of several the youngest. */
  gint64   (* get_created)  (QmpInboxEntry *entry);
  /* Is dropped instead of posted when there is much already: what a server can send without being asked. */
  gboolean    limited;
} QmpInboxKind;

/* Embedded in what is told. */
struct _QmpInboxEntry {
  GList               link;     /* private to QmpInbox; data is the entry */
  const QmpInboxKind *kind;
  gint64              created;  /* of the task that this completes, from qmp_task_new(); 0 for what completes none */
  gsize               size;     /* bytes that it counts for, 0 for what a server cannot make larger */
};

/* What an entry is embedded in. */
#define QMP_INBOX_GET(entry, Type, member) \
  ((Type *) ((char *) (entry) - G_STRUCT_OFFSET (Type, member)))

/* What the owner does for its inbox. */
typedef struct {
  /* There is something, and was nothing; or it may be that more can be delivered than before. Runs no user code. */
  void     (* due)          (gpointer owner);
  /* Before each delivery, and behind the last. May run user code, and change what is next. FALSE if nothing may be
   * delivered now. */
  gboolean (* prepare)      (gpointer owner);
} QmpInboxFuncs;

/* Embedded by its owner. */
typedef struct {
  GQueue               entries;    /* of QmpInboxEntry, by their links */
  guint                n_new;      /* posted since the last delivery */
  guint                n_limited;  /* of the limited kinds in entries */
  gsize                size;       /* of entries */
  gsize                max_size;   /* over which nothing of a limited kind is posted; the owner's to set */
  gint64               max_time;   /* microseconds that one dispatch goes on for; the owner's to set */
  const QmpInboxFuncs *funcs;
  gpointer             owner;      /* borrowed */
} QmpInbox;

void     qmp_inbox_init         (QmpInbox            *self,
                                 const QmpInboxFuncs *funcs,
                                 gpointer             owner);
/* Drops all that is in it. */
void     qmp_inbox_clear        (QmpInbox            *self);

/* Last in the inbox. kind, created and size of the entry are set. May drop it at once if its kind is limited. */
void     qmp_inbox_post         (QmpInbox            *self,
                                 QmpInboxEntry       *entry);
/* Out again, wherever it stands. It is the caller's then. */
void     qmp_inbox_remove       (QmpInbox            *self,
                                 QmpInboxEntry       *entry);

/* Delivers what one dispatch may; the rest waits for the next. May be called again from within. The caller holds the
 * owner. */
void     qmp_inbox_deliver      (QmpInbox            *self);
/* What is in it now is delivered bit by bit, rather than all in the next dispatch. */
void     qmp_inbox_spread       (QmpInbox            *self);

/* It may be that more can be delivered than before: the owner is asked to. */
void     qmp_inbox_stir         (QmpInbox            *self);

/* As much as one dispatch delivers: no more should be read. */
gboolean qmp_inbox_is_full      (QmpInbox            *self);

static inline gboolean
qmp_inbox_is_empty (QmpInbox *self)
{
  return self->entries.head == NULL;
}

G_END_DECLS
