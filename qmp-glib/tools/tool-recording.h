/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

/* What qmp record has written, to be played again; see "The file" in docs/server.md. */

G_BEGIN_DECLS

/* What a client has sent, or what it was told. */
typedef struct {
  QmpMessage *command;  /* nullable; then there is the next */
  QmpMessage *said;
  int         answers;  /* the step of the command that is answered; -1: it is an event */
} ToolStep;

/* Of one client. Negotiation is left out, and so is what was not a command, with its answer. */
typedef struct {
  QmpMessage *greeting;
  GPtrArray  *steps;        /* of ToolStep */
  gboolean    server_ends;
  GQueue      open;         /* while it is read: of Open */
} ToolSession;

typedef struct {
  gboolean   redacted;
  GPtrArray *sessions;      /* of ToolSession; at least one */
} ToolRecording;

/* Fails with GFileErrors; G_FILE_ERROR_INVAL when it is not a recording. */
ToolRecording *tool_recording_read    (const char     *path,
                                       GError        **error);
void           tool_recording_free    (ToolRecording  *self);

/* Is a command the recorded one? Whatever was left out of that as a secret is equal to everything. */
gboolean       tool_recording_matches (ToolRecording  *self,
                                       QmpMessage     *recorded,
                                       const char     *name,
                                       JsonNode       *arguments,
                                       gboolean        any_arguments);
/* The name of a recorded command. Owned. */
char          *tool_recording_dup_name (QmpMessage    *command);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ToolRecording, tool_recording_free)

G_END_DECLS
