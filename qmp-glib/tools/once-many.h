/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "once-select.h"

/* One thing with several servers at once, each with a client of its own, in one main loop. What one says is marked with its name. */

G_BEGIN_DECLS

/* --- which; see once-targets.c --- */

typedef struct {
  char               *mark;      /* what qmp takes as its ADDRESS, made harmless */
  GSocketConnectable *address;   /* nullable: it cannot be asked */
  char               *reason;    /* nullable: why it is skipped */
  GError             *error;     /* nullable: why it cannot be asked otherwise */
} OnceTarget;

void        once_target_free       (OnceTarget          *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OnceTarget, once_target_free)

/* All that the command line says, of OnceTarget. */
GPtrArray  *once_list_targets      (Once                *once,
                                    GError             **error);

/* --- what is done with them; see once-many.c --- */

typedef struct _OnceMany OnceMany;

/* One of them. */
typedef struct {
  OnceMany   *many;
  Once       *once;
  OnceTarget *target;
  QmpClient  *client;
  QmpMachine *machine;    /* on the client; nullable: not opened as one */
  gint64      deadline;   /* of the monotonic clock; 0: none */
  gpointer    user_data;  /* of once_many_run() */
  gpointer    data;       /* the verb's own */
} OnceOne;

typedef struct {
  void     (*prepare)   (OnceOne *one);   /* before it is opened; nullable */
  void     (*go)        (OnceOne *one);   /* it is open; to end with once_one_end(), now or later */
  void     (*free_data) (gpointer data);  /* nullable */
  guint      seconds;                     /* --timeout is for each of them, and that without it; 0: it is for all together */
  gboolean   as_machines;                 /* how they are opened */
} OnceManyFuncs;

/* Opens them, a few dozen at a time, and returns when all have ended. That one has failed is told of when it has, and in the status to
 * leave with. FALSE with error set: nothing could be begun, or it was stopped. */
gboolean    once_many_run          (Once                *once,
                                    const OnceManyFuncs *funcs,
                                    gpointer             user_data,
                                    GError             **error);
/* It is done, or has failed: takes error, which is nullable. */
void        once_one_end           (OnceOne             *one,
                                    GError              *error);
/* Gives its next call the time that is left. */
void        once_one_set_timeout   (OnceOne             *one);
/* The milliseconds that are left, or QMP_TIMEOUT_NONE for all the time there is. */
int         once_one_get_remaining (OnceOne             *one);
/* Ends all: takes error, which is nullable. */
void        once_many_stop         (OnceMany            *many,
                                    GError              *error);
/* What it says, which is JSON: a line with its mark, or with --json an object, whose member of that name it is. */
void        once_one_print_value   (OnceOne             *one,
                                    const char          *member,
                                    const char          *json);
/* The same of a text for people, where --json was not given. */
void        once_one_print_line    (OnceOne             *one,
                                    const char          *text);
/* The same of a text of many lines, with no line of its own for the end of the last one. */
void        once_one_print_text    (OnceOne             *one,
                                    const char          *text);
/* An event, as once_print_event() does. */
void        once_one_print_event   (OnceOne             *one,
                                    QmpEvent            *event);

/* --- commands for them; see once-call-many.c --- */

/* Longer than a server takes that answers at all. */
#define ONCE_ANSWER_SECONDS 10

/* reply: not an error. */
typedef void (*OncePrintReplyFunc) (OnceOne    *one,
                                    QmpMessage *reply);

/* One command, in words that each server is asked how it wants them, or messages. print: nullable, for what they return. */
gboolean    once_call_many         (Once                *once,
                                    const char * const  *words,
                                    GQueue              *messages,
                                    OncePrintReplyFunc   print,
                                    GError             **error);

/* --- what machines are told; see once-power-many.c --- */

typedef struct {
  void     (*start)  (QmpMachine           *machine,
                      GCancellable         *cancellable,
                      GAsyncReadyCallback   callback,
                      gpointer              user_data);
  /* said (out): what there is to say of it, nullable */
  gboolean (*finish) (QmpMachine           *machine,
                      GAsyncResult         *result,
                      const char          **said,
                      GError              **error);
} OncePush;

/* seconds: that each may take without --timeout. */
gboolean    once_push_many         (Once                *once,
                                    const OncePush      *push,
                                    guint                seconds,
                                    GError             **error);

G_END_DECLS
