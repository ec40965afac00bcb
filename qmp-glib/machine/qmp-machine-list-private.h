/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-machine-list.h>

#include "machine/qmp-machine-entry-private.h"
#include "wire/qmp-hand-over-private.h"

/* The list's inner life, shared by the files of its class:
 *
 *   qmp-machine-list.c            the GObject, its members
 *   qmp-machine-list-add.c        what the program adds
 *   qmp-machine-list-found.c      what the finder finds
 *   qmp-machine-list-shut-down.c  the end of all of them
 *
 * User code runs in the middle of many of these, and may take out any member: who goes on afterwards looks for it again. */

G_BEGIN_DECLS

/* What was added. */
typedef enum {
  QMP_MACHINE_NOT_ADDED,    /* the finder has found it */
  QMP_MACHINE_BY_NAME,
  QMP_MACHINE_BY_ADDRESS,
} QmpMachineOrigin;

/* A member of the list. */
typedef struct {
  QmpMachineEntry *entry;
  QmpMachineOrigin origin;
  char            *key;       /* nullable: the name, or the address as the finder has it */
} QmpMachineMember;

struct _QmpMachineList {
  GObject       parent_instance;

  QmpIoContext *io;
  GPtrArray    *members;      /* of QmpMachineMember */
  GHashTable   *by_key;       /* QmpMachineMember, borrowed: those that were added */
  GHashTable   *by_title;     /* QmpMachineMember, borrowed */
  GHashTable   *by_instance;  /* QmpMachineMember, borrowed: those that have one */
  QmpFinder    *finder;       /* nullable: whose machines are all in the list */
  QmpFinder    *looker;       /* nullable: that one, or one of our own: it knows what has a name */
  GCancellable *looking;      /* nullable: it looks for names */
};

/* qmp-machine-list.c */

/* Runs user code. */
void              qmp_machine_list_tell           (QmpMachineList    *self,
                                                   guint              position,
                                                   guint              removed,
                                                   guint              added);
/* NULL if it is not in the list. */
QmpMachineMember *qmp_machine_list_find           (QmpMachineList    *self,
                                                   QmpMachineEntry   *entry);
/* The entries of the members that are so, each owned: user code runs while they are gone through. */
GPtrArray        *qmp_machine_list_dup_entries    (QmpMachineList    *self,
                                                   gboolean        (* is_so) (QmpMachineMember *member));
/* Takes key, which is nullable, and title. It is not told of yet. */
QmpMachineMember *qmp_machine_list_append         (QmpMachineList    *self,
                                                   QmpMachineOrigin   origin,
                                                   char              *key,
                                                   char              *title);
/* Runs user code. */
void              qmp_machine_list_remove_member  (QmpMachineList    *self,
                                                   QmpMachineMember  *member);
/* instance: nullable. Runs user code, unless the member was not told of yet. */
void              qmp_machine_list_set_instance   (QmpMachineList    *self,
                                                   QmpMachineMember  *member,
                                                   QmpInstance       *instance);

/* qmp-machine-list-found.c */

/* What runs at an address; NULL if that is not known. */
QmpInstance      *qmp_machine_list_find_at        (QmpMachineList    *self,
                                                   const char        *key);
/* There is a name to be looked up. */
void              qmp_machine_list_need_looker    (QmpMachineList    *self);
/* Once, and then whenever the finder has found something. */
void              qmp_machine_list_look_now       (QmpMachineList    *self);
/* The list's finder is another one; nullable. Runs user code. */
void              qmp_machine_list_change_looker  (QmpMachineList    *self,
                                                   QmpFinder         *finder);
/* For dispose. */
void              qmp_machine_list_drop_looker    (QmpMachineList    *self);

G_END_DECLS
