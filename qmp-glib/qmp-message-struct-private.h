/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

#include "qmp-json-reader-private.h"
#include "qmp-members-private.h"

/* What QmpEvent and QmpGreeting derive from; nobody else derives. */

G_BEGIN_DECLS

struct _QmpMessage {
  GObject         parent_instance;

  /* The text is bytes, or where that is NULL, what members make up. Both NULL: no members. */
  GBytes         *bytes;
  QmpMembers     *members;        /* nullable: made when asked for */
  JsonNode       *node;           /* nullable: made when asked for; sealed */
  GError         *fault;          /* nullable; why bytes are no message; known once checked */
  QmpJsonOutline  outline;        /* of bytes, if has_outline */
  GUnixFDList    *fd_list;        /* nullable; our own duplicates */
  GError         *fd_fault;       /* nullable; why there are no duplicates: must not be sent then */
  int             timeout;        /* in milliseconds; -1: the client's */
  guint           command_length; /* not 0: bytes are as new_command() makes them, and this is the
                                   * length of the name with its quotes */
  guint           checked : 1;    /* bytes are known to be a message, or fault says why they are not */
  guint           has_outline : 1;
  guint           compact : 1;    /* bytes are in their shortest form */
  guint           sendable : 1;   /* nothing in it that QEMU would refuse */
  guint           read_only : 1;
  guint           assign_id : 1;
  guint           success_response : 1;
};

struct _QmpMessageClass {
  GObjectClass parent_class;
};

/* As many levels as QEMU takes; the message itself is the first of them. */
#define QMP_MESSAGE_MAX_DEPTH 1024

/* For the constructors of received messages: makes a new, empty self one. text is taken. */
void         qmp_message_take_received      (QmpMessage            *self,
                                             GBytes                *text,
                                             const QmpJsonOutline  *outline);
/* A message of text that the writer has made, in its shortest form, fit to be sent. text is taken. */
QmpMessage  *qmp_message_new_own            (GString               *text);

/* Looks at the bytes, once; does nothing for a message that needs no such look. FALSE with an error
 * if they are no message; it then behaves as an empty mapping. */
gboolean     qmp_message_check_bytes        (QmpMessage            *self,
                                             GError               **error);

/* The members, to read. To change them: only if qmp_message_check_bytes() is content, and
 * qmp_message_changed() is to be called afterwards. */
QmpMembers  *qmp_message_ensure_members     (QmpMessage            *self);
void         qmp_message_changed            (QmpMessage            *self);

/* The text of a member's value as it stands, valid until the message changes. Does not build the
 * table for the members that the reader has found. */
gboolean     qmp_message_find               (QmpMessage            *self,
                                             const char            *name,
                                             QmpJsonSlice          *value);

/* The value of the member name as text; the error names the member. Leaves out as it was on failure. */
gboolean     qmp_message_append_value       (GString               *out,
                                             const char            *name,
                                             JsonNode              *value,
                                             GError               **error);

/* The value of a member is one level deeper than by itself: FALSE with
 * QMP_PROTOCOL_ERROR_SERIALIZATION for one that leaves no room for that. value is valid JSON. */
gboolean     qmp_message_check_depth        (const char            *value,
                                             gsize                  length,
                                             GError               **error);

/* FALSE with QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE for what is no object. text is valid JSON. */
gboolean     qmp_message_check_object       (const char            *text,
                                             gsize                  length,
                                             GError               **error);
gboolean     qmp_message_check_holds_object (JsonNode              *node,
                                             GError               **error);

G_END_DECLS
