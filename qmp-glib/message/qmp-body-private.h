/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <string.h>

#include "json/qmp-json-reader-private.h"
#include "message/qmp-members-private.h"

/* What a message says, without the object around it: a text, a table of its members and a node, each made when it is
 * asked for. Embedded by value in QmpMessage. */

G_BEGIN_DECLS

/* What most events and replies fit in. */
#define QMP_BODY_SHORT 160

typedef struct {
  const char     *text;           /* in bytes, or short_text; NULL: what members make up, none if these are NULL as well */
  gsize           length;         /* of text */
  GBytes         *bytes;          /* nullable: made when asked for, if text is short_text */
  QmpMembers     *members;        /* nullable: made when asked for */
  JsonNode       *node;           /* nullable: made when asked for; sealed */
  GError         *fault;          /* nullable; why text is not a message; known once checked */
  QmpJsonOutline  outline;        /* of text, if has_outline */
  guint           command_length; /* not 0: text is as new_command() makes it, and this is the
                                   * length of the name with its quotes */
  guint           checked : 1;    /* text is known to be a message, or fault says why it is not */
  guint           has_outline : 1;
  guint           compact : 1;    /* text is in its shortest form */
  guint           sendable : 1;   /* nothing in it that QEMU would refuse */
  char            short_text[QMP_BODY_SHORT];
} QmpBody;

/* Without members. self is zeroed. */
void        qmp_body_init            (QmpBody               *self);
void        qmp_body_clear           (QmpBody               *self);
/* self is without members. */
void        qmp_body_copy            (QmpBody               *self,
                                      QmpBody               *from);

/* These fill one that is without members. They take their text, but for that of a frame. */
/* Text that the writer has made, in its shortest form, fit to be sent. command_length: as in the struct. */
void        qmp_body_take_own        (QmpBody               *self,
                                      GString               *text,
                                      guint                  command_length);
/* Text that the reader has found valid. reader: NULL if the frame is not in its buffer. */
void        qmp_body_take_frame      (QmpBody               *self,
                                      QmpJsonReader         *reader,
                                      QmpJsonFrame          *frame);
/* Any bytes. */
void        qmp_body_take_unchecked  (QmpBody               *self,
                                      GBytes                *text);

/* Looks at the bytes, once; does nothing where no such look is needed. FALSE with an error
 * if they are not a message; it then behaves as an empty mapping. */
gboolean    qmp_body_check           (QmpBody               *self,
                                      GError               **error);
/* The bytes are what the server would take. FALSE also for bytes that are not a message. */
gboolean    qmp_body_check_sendable  (QmpBody               *self,
                                      GError               **error);

/* Valid until the body changes. */
const char *qmp_body_get_text        (QmpBody               *self,
                                      gsize                 *length);
GBytes     *qmp_body_get_bytes       (QmpBody               *self);
JsonNode   *qmp_body_get_node        (QmpBody               *self);

/* The members, to read. To change them: only if qmp_body_check() is content, and qmp_body_changed() is to be called
 * afterwards. */
QmpMembers *qmp_body_ensure_members  (QmpBody               *self);
void        qmp_body_changed         (QmpBody               *self);

/* The text of a member's value as it stands, valid until the body changes. Does not build the table
 * for the members that the reader has found. */
gboolean    qmp_body_find_name       (QmpBody               *self,
                                      const char            *name,
                                      gsize                  length,
                                      QmpJsonSlice          *value);

static inline gboolean
qmp_body_find (QmpBody      *self,
               const char   *name,
               QmpJsonSlice *value)
{
  return qmp_body_find_name (self, name, strlen (name), value);
}

/* The same for a member that the reader finds, if it was it that has found this message. name: that of key. */
static inline gboolean
qmp_body_find_key (QmpBody      *self,
                   QmpJsonKey    key,
                   const char   *name,
                   QmpJsonSlice *value)
{
  const QmpJsonSpan *span = &self->outline.members[key];

  if (!self->has_outline)
    return qmp_body_find (self, name, value);

  *value = (QmpJsonSlice) { self->text + span->start, span->length };
  return span->length > 0;
}

/* Appends the bytes in their shortest form. */
void        qmp_body_append_compact  (QmpBody               *self,
                                      GString               *out);

G_END_DECLS
