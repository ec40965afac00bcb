/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

#define QMP_TYPE_MESSAGE (qmp_message_get_type ())
#define QMP_MESSAGE(obj) (G_TYPE_CHECK_INSTANCE_CAST ((obj), QMP_TYPE_MESSAGE, QmpMessage))
#define QMP_IS_MESSAGE(obj) (G_TYPE_CHECK_INSTANCE_TYPE ((obj), QMP_TYPE_MESSAGE))

typedef struct _QmpMessageClass QmpMessageClass;

QMP_AVAILABLE_IN_1_0
GType        qmp_message_get_type           (void) G_GNUC_CONST;

/* constructors */
QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_new                (void) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_new_command        (const char   *command,
                                             JsonNode     *arguments,
                                             GError      **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_new_parsed         (const char   *command,
                                             GError      **error,
                                             const char   *format,
                                             ...) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_new_parsed_va      (const char   *command,
                                             GError      **error,
                                             const char   *format,
                                             va_list      *arguments) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_new_from_bytes     (GBytes       *bytes,
                                             GError      **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_new_from_bytes_unchecked (GBytes *bytes) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_new_from_node      (JsonNode     *object,
                                             GError      **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_message_dup                (QmpMessage   *self) G_GNUC_WARN_UNUSED_RESULT;

/* the whole */
QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_validate           (QmpMessage   *self,
                                             GError      **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_is_read_only       (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
GBytes      *qmp_message_get_bytes          (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
char        *qmp_message_to_string          (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_message_get_node           (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_equal              (QmpMessage   *self,
                                             QmpMessage   *other);

QMP_AVAILABLE_IN_1_0
guint        qmp_message_hash               (QmpMessage   *self);

/* the mapping */
QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_has_member         (QmpMessage   *self,
                                             const char   *name);

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_message_get_member         (QmpMessage   *self,
                                             const char   *name);

QMP_AVAILABLE_IN_1_0
char        *qmp_message_dup_member_text    (QmpMessage   *self,
                                             const char   *name);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_set_member         (QmpMessage   *self,
                                             const char   *name,
                                             JsonNode     *value,
                                             GError      **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_set_member_text    (QmpMessage   *self,
                                             const char   *name,
                                             const char   *value,
                                             GError      **error);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_remove_member      (QmpMessage   *self,
                                             const char   *name);

QMP_AVAILABLE_IN_1_0
char       **qmp_message_list_members       (QmpMessage   *self);

/* values by their path */
QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_lookup             (QmpMessage   *self,
                                             GError      **error,
                                             const char   *first_path,
                                             ...) G_GNUC_NULL_TERMINATED;

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_lookup_va          (QmpMessage   *self,
                                             GError      **error,
                                             const char   *first_path,
                                             va_list      *arguments);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_has_path           (QmpMessage   *self,
                                             const char   *path);

QMP_AVAILABLE_IN_1_0
char        *qmp_message_dup_string         (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
char        *qmp_message_dup_text           (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
JsonNode    *qmp_message_dup_node           (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error) G_GNUC_WARN_UNUSED_RESULT;

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_get_boolean        (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error);

QMP_AVAILABLE_IN_1_0
gint64       qmp_message_get_int64          (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error);

QMP_AVAILABLE_IN_1_0
guint64      qmp_message_get_uint64         (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error);

QMP_AVAILABLE_IN_1_0
double       qmp_message_get_double         (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error);

QMP_AVAILABLE_IN_1_0
guint        qmp_message_get_n_elements     (QmpMessage   *self,
                                             const char   *path,
                                             GError      **error);

/* of a reply */
QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_check_reply        (QmpMessage   *self,
                                             QmpMessage   *command,
                                             GError      **error);

/* of a command */
QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_get_out_of_band    (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
void         qmp_message_set_out_of_band    (QmpMessage   *self,
                                             gboolean      out_of_band);

QMP_AVAILABLE_IN_1_0
GUnixFDList *qmp_message_get_fd_list        (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
void         qmp_message_set_fd_list        (QmpMessage   *self,
                                             GUnixFDList  *fd_list);

QMP_AVAILABLE_IN_1_0
int          qmp_message_get_timeout        (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
void         qmp_message_set_timeout        (QmpMessage   *self,
                                             int           timeout);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_get_assign_id      (QmpMessage   *self);

QMP_AVAILABLE_IN_1_0
void         qmp_message_set_assign_id      (QmpMessage   *self,
                                             gboolean      assign_id);

QMP_AVAILABLE_IN_1_0
gboolean     qmp_message_get_success_response (QmpMessage *self);

QMP_AVAILABLE_IN_1_0
void         qmp_message_set_success_response (QmpMessage *self,
                                               gboolean    success_response);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpMessage, g_object_unref)

G_END_DECLS
