/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>
#include <qmp-glib/qmp-error.h>

/* A client's state, and what handlers of notify are told of it.
 *
 * GObject's notify does not recurse: if a handler changes the state, the handlers behind it would never hear of the
 * step before. And a blocking call runs no user code. So each change makes a step, a picture of all that belongs
 * together; steps are told one after the other, each to all handlers, when no method of the client is under way any
 * more. While a step is told, handlers find the client as the picture has it. */

G_BEGIN_DECLS

typedef struct {
  QmpRunstate         runstate;
  gboolean            out_of_band_active;
  QmpGreeting        *greeting;        /* owned, nullable; so are the next */
  GSocketConnectable *address;
  GSocketAddress     *listen_address;
} QmpPicture;

/* What the owner does for its state. */
typedef struct {
  /* FALSE while no user code may run. */
  gboolean (* may_tell) (gpointer owner);
  /* There is something to tell that could not be told at once: qmp_state_tell() is due, from the owner's context. */
  void     (* due)      (gpointer owner);
} QmpStateFuncs;

/* Embedded by its owner. */
typedef struct {
  QmpPicture           now;
  QmpPicture           told;           /* what handlers were told last */
  GQueue               steps;          /* of QmpPicture, owned: what they are still to be told, to its end, which is now */
  guint                n_holds;        /* methods under way: no handler is called */
  gboolean             telling;
  int                  telling_depth;  /* g_main_depth() of the handlers */
  const char          *name;           /* borrowed, nullable: the owner's, for QMP_DEBUG; its to set */
  const QmpStateFuncs *funcs;
  GObject             *owner;          /* borrowed: notifies */
} QmpState;

void              qmp_state_init               (QmpState             *self,
                                                const QmpStateFuncs  *funcs,
                                                GObject              *owner);
/* Nobody is told of what is left. */
void              qmp_state_clear              (QmpState             *self);

/* What a getter returns. */
const QmpPicture *qmp_state_get                (QmpState             *self);
/* FALSE with QMP_CLIENT_ERROR_STATE unless it is required now. what: the method, for the text. */
gboolean          qmp_state_require            (QmpState             *self,
                                                QmpRunstate           required,
                                                const char           *what,
                                                GError              **error);

/* A step each; while steps are held only the runstate makes one, with what was set before it. Runs user code unless they
 * are. */
void              qmp_state_set_runstate       (QmpState             *self,
                                                QmpRunstate           runstate);
/* RUNNING. greeting: nullable, for the one there is. */
void              qmp_state_set_running        (QmpState             *self,
                                                QmpGreeting          *greeting,
                                                gboolean              out_of_band_active);
void              qmp_state_set_greeting       (QmpState             *self,
                                                QmpGreeting          *greeting);
/* Of the opening that is about to begin: told with its runstate. Steps are held. */
void              qmp_state_set_address        (QmpState             *self,
                                                GSocketConnectable   *address);
void              qmp_state_set_listen_address (QmpState             *self,
                                                GSocketAddress       *address);

/* No user code is run by steps between the two. What was held is told by qmp_state_tell(), which the methods that do not
 * block call last, or else from the owner's context. */
void              qmp_state_hold               (QmpState             *self);
void              qmp_state_release            (QmpState             *self);
/* Runs user code, unless steps are held, the owner may not tell, or handlers are being called already: then they are
 * told later. */
void              qmp_state_tell               (QmpState             *self);
/* Are there any that may be told now? */
gboolean          qmp_state_has_steps          (QmpState             *self);

G_END_DECLS
