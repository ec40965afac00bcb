/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-client.h>

#include "wire/qmp-io-context-private.h"

/* For who stands on a client and waits for more than its link: where the client does its I/O, and a blocking call that
 * waits for both. */

G_BEGIN_DECLS

typedef struct {
  /* What else is waited for is to be watched there from now on. Called twice: with the context of blocking calls, and with
   * the owner's. */
  void     (* attach)  (gpointer      data,
                        QmpIoContext *context);
  /* Asked when something may have happened. Runs no user code. */
  gboolean (* is_done) (gpointer      data);
} QmpServeFuncs;

/* Who stands on a client and has something to do while that blocks, in whatever call of the program's: what it waits for would
 * rest meanwhile. Not in qmp_client_serve(), which does that for its caller. */
typedef struct {
  /* Is there something to be done? */
  gboolean (* wants) (gpointer data);
  /* A blocking call begins: what is waited for is to be watched where the client does its I/O. */
  void     (* begin) (gpointer data);
  /* Something may have happened. Runs no user code, but for who checks commands. */
  void     (* turn)  (gpointer data);
  /* It is over: all is watched in the owner's context again. */
  void     (* end)   (gpointer data);
} QmpCompanionFuncs;

/* One for each client: the last one who says so. data has to live from begin to end. */
void          qmp_client_set_companion   (QmpClient               *self,
                                          const QmpCompanionFuncs *funcs,
                                          gpointer                 data);
/* It is not that one any more, if it was. */
void          qmp_client_drop_companion  (QmpClient            *self,
                                          gpointer              data);
/* Where the client does its I/O at the moment: within a blocking call that may be the library's own context. */
QmpIoContext *qmp_client_get_io_context  (QmpClient            *self);
/* The owner's, always. */
QmpIoContext *qmp_client_get_owner_io_context (QmpClient       *self);
/* FALSE with QMP_CLIENT_ERROR_STATE inside of a filter. what: the method, for the text. */
gboolean      qmp_client_may_block       (QmpClient            *self,
                                          const char           *what,
                                          GError              **error);
/* Blocks until it is done, and serves the link meanwhile, if there is one. FALSE with error if cancellable was cancelled
 * before. The caller has asked whether it may block. */
gboolean      qmp_client_serve           (QmpClient            *self,
                                          const QmpServeFuncs  *funcs,
                                          gpointer              data,
                                          GCancellable         *cancellable,
                                          GError              **error);
/* A blocking call that waits for several clients of this thread: each is served from begin to end, with its companion, of which the
 * caller sees to. begin runs filters; the caller has asked whether it may block. */
void          qmp_client_begin_serving   (QmpClient            *self);
void          qmp_client_end_serving     (QmpClient            *self);
/* Sleeps until something has happened to one of them: self is any. */
void          qmp_client_serve_all       (QmpClient            *self);
/* Right within a blocking call as well: the link is there, and has not ended. */
gboolean      qmp_client_is_linked       (QmpClient            *self);
/* The end of a link is known, and closed was not emitted yet: it comes first of all that follows from it. */
gboolean      qmp_client_has_untold_end  (QmpClient            *self);
/* How the last link has ended; NULL if the client has closed it. */
const GError *qmp_client_get_last_error  (QmpClient            *self);

G_END_DECLS
