/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "link/qmp-calls-private.h"

/* A command that is about to be issued: its text and what has to be known to send it. A value on the stack. */

G_BEGIN_DECLS

typedef struct {
  QmpCallForm  form;
  GString     *text;         /* borrowed from the calls until the next request is made */
  guint        serial;       /* the id that was given, 0 if it has one of its own or none */
  char        *id_text;      /* an id of its own, as the calls know it; owned, nullable */
  GUnixFDList *fd_list;      /* borrowed from the message, nullable */
  gboolean     out_of_band;
  gboolean     silent;       /* success is not answered */
  int          timeout;      /* milliseconds, QMP_TIMEOUT_NONE for none */
} QmpRequest;

/* All write the command's text, with an id that the calls do not have yet. What cannot be sent is an error, and then the
 * request is only to be cleared. timeout: that of a command that says nothing of its own. */
gboolean  qmp_request_init_command  (QmpRequest   *self,
                                     QmpCalls     *calls,
                                     const char   *command,
                                     JsonNode     *arguments,
                                     int           timeout,
                                     GError      **error);
/* Its arguments are written in place: see qmp_message_new_parsed(). The whole reply is wanted, unless it is an error. */
gboolean  qmp_request_init_parsed   (QmpRequest   *self,
                                     QmpCalls     *calls,
                                     const char   *command,
                                     const char   *format,
                                     va_list      *arguments,
                                     int           timeout,
                                     GError      **error);
/* The message keeps an id of its own if it is exchanged (QMP_CALL_MESSAGE), or says that it wants none of ours. */
gboolean  qmp_request_init_message  (QmpRequest   *self,
                                     QmpCalls     *calls,
                                     QmpMessage   *message,
                                     QmpCallForm   form,
                                     int           timeout,
                                     GError      **error);
void      qmp_request_clear         (QmpRequest   *self);

/* Puts the command on its way. Takes the id. */
QmpCall  *qmp_request_issue         (QmpRequest   *self,
                                     QmpCalls     *calls);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (QmpRequest, qmp_request_clear)

G_END_DECLS
