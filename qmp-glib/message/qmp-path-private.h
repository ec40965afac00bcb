/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

#include "json/qmp-json-text-private.h"

/* A value deep in a message, found in the text itself: no nodes are made and no tables are built. */

G_BEGIN_DECLS

#define QMP_PATH_MAX_MEMBERS 32

/* The object that was walked last, so that those who ask for several of its members walk it once. Valid as long as the
 * message is not changed. */
typedef struct {
  const char   *path;       /* of it, borrowed; not ended by a NUL */
  gsize         length;     /* of path; 0 if nothing was walked */
  QmpJsonSlice  object;
  guint         n_members;  /* QMP_PATH_MAX_MEMBERS: there may be more */
  QmpJsonSlice  keys[QMP_PATH_MAX_MEMBERS];
  guint32       plain;      /* a bit for each key: ASCII without an escape */
  QmpJsonSlice  values[QMP_PATH_MAX_MEMBERS];
} QmpPathMemo;

/* path: NAME, then any number of .NAME, [INDEX], ["NAME"] and ['NAME']. Of a key used twice the last one counts.
 * value points into the message's text and is valid until the message is changed.
 *
 * FALSE with QMP_PROTOCOL_ERROR_NOT_FOUND, which says how far the path led and what is there; with the server's error
 * if the message is an error reply and the path begins with "return"; with what qmp_message_validate() fails with for
 * a message that is not one. */
gboolean  qmp_path_find           (QmpMessage    *message,
                                   const char    *path,
                                   QmpJsonSlice  *value,
                                   GError       **error);
/* The same. memo: of the same message; its length is 0 at first. */
gboolean  qmp_path_find_next      (QmpMessage    *message,
                                   QmpPathMemo   *memo,
                                   const char    *path,
                                   QmpJsonSlice  *value,
                                   GError       **error);
/* Of an array. */
gsize     qmp_path_count_elements (QmpJsonSlice   array);

/* QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE: value is there, but is not what is wanted, which goes on "is a string, not …".
 * Returns FALSE, for the caller to return. */
gboolean  qmp_path_set_type_error (const char    *path,
                                   QmpJsonSlice   value,
                                   const char    *wanted,
                                   GError       **error);

G_END_DECLS
