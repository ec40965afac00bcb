/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>
#include <qmp-glib/qmp-mock.h>

/* What a mock is to expect, and what it answers: data, which the program writes and the mock's thread reads, under one lock. No
 * I/O. */

G_BEGIN_DECLS

typedef struct _QmpScript QmpScript;

/* An event that belongs to an answer. */
typedef struct {
  char     *name;
  JsonNode *data;   /* nullable, sealed */
} QmpScriptEvent;

typedef enum {
  QMP_ANSWER_BY_PRESET,  /* what the preset has to say; without one, an empty object */
  QMP_ANSWER_VALUE,
  QMP_ANSWER_ERROR,
  QMP_ANSWER_FAILED_JOB,
  QMP_ANSWER_NONE,
} QmpAnswerKind;

/* An expectation, and what has met it. All of it is under the script's lock. */
typedef struct {
  char          *command;
  JsonNode      *arguments;    /* nullable, sealed: these and any others */
  gboolean       repeats;      /* met as often as it comes; stands in no order */

  QmpAnswerKind  kind;
  JsonNode      *value;        /* of VALUE: nullable, sealed */
  char          *error_class;  /* of ERROR */
  char          *desc;         /* of ERROR and FAILED_JOB */
  GPtrArray     *before;       /* of QmpScriptEvent */
  GPtrArray     *after;
  gboolean       held;         /* until it is released */
  QmpMockFault   fault;

  guint          n_met;
  QmpMessage    *message;      /* nullable: the last that has met it; the script's own */
} QmpStep;

QmpScript *qmp_script_new       (void);
QmpScript *qmp_script_ref       (QmpScript          *self);
void       qmp_script_unref     (QmpScript          *self);

void       qmp_script_lock      (QmpScript          *self);
void       qmp_script_unlock    (QmpScript          *self);

/* --- under the lock --- */

/* Borrowed, as long as the script is there. */
QmpStep   *qmp_script_add       (QmpScript          *self,
                                 const char         *command,
                                 JsonNode           *arguments);
/* Nullable; sealed, so that any thread may read it. */
JsonNode  *qmp_script_copy_node (JsonNode           *node);
void       qmp_step_add_event   (GPtrArray          *events,
                                 const char         *name,
                                 JsonNode           *data);

typedef enum {
  QMP_SCRIPT_FREE,         /* no expectation names the command */
  QMP_SCRIPT_MET,
  QMP_SCRIPT_UNEXPECTED,   /* what qmp_script_verify() will say */
} QmpScriptResult;

/* A command came. message: kept. step: out, borrowed; problem: out, owned, and set if it was unexpected. Who waits is woken. */
QmpScriptResult qmp_script_take (QmpScript          *self,
                                 const char         *command,
                                 QmpMessage         *message,
                                 QmpStep           **step,
                                 char              **problem);
/* All that came, in its order: transfer full, of QmpMessage. */
GList     *qmp_script_list      (QmpScript          *self);
gboolean   qmp_script_verify    (QmpScript          *self,
                                 GError            **error);

/* Nothing will come any more. */
void       qmp_script_end       (QmpScript          *self);
gboolean   qmp_script_has_ended (QmpScript          *self);

/* --- without the lock --- */

/* Until the step is met, the time is over (QMP_TIMEOUT_NONE: none is), or the mock has ended. */
gboolean   qmp_script_wait      (QmpScript          *self,
                                 QmpStep            *step,
                                 int                 timeout,
                                 GCancellable       *cancellable,
                                 GError            **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpScript, qmp_script_unref)

G_END_DECLS
