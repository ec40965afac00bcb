/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/qmp-error-private.h"
#include "message/qmp-message-private.h"

/* What the tests of messages share. */

G_BEGIN_DECLS

GBytes     *test_bytes_from_text        (const char *text);
QmpMessage *test_message_from_text      (const char *text);
QmpMessage *test_lazy_message_from_text (const char *text);
QmpMessage *test_received_from_text     (const char *text);
JsonNode   *test_node_from_text         (const char *text);
/* n empty arrays, one in the other. */
char       *test_nested_arrays          (guint       n);
/* {name: value} */
JsonNode   *test_object_around          (const char *name,
                                         JsonNode   *value);

#define assert_bytes(message, expected) \
  G_STMT_START { \
    GBytes *bytes_ = qmp_message_get_bytes (message); \
    g_autofree char *text_ = g_strndup (g_bytes_get_data (bytes_, NULL), g_bytes_get_size (bytes_)); \
    g_assert_cmpstr (text_, ==, expected); \
  } G_STMT_END

#define assert_member(message, name, expected) \
  G_STMT_START { \
    g_autofree char *text_ = qmp_message_dup_member_text (message, name); \
    g_assert_cmpstr (text_, ==, expected); \
  } G_STMT_END

#define assert_members(message, expected) \
  G_STMT_START { \
    g_auto(GStrv) names_ = qmp_message_list_members (message); \
    g_autofree char *text_ = g_strjoinv (" ", names_); \
    g_assert_cmpstr (text_, ==, expected); \
  } G_STMT_END

#define assert_wire(message, id, expected) \
  G_STMT_START { \
    g_autoptr(GString) out_ = g_string_new ("before;"); \
    g_autoptr(GError) error_ = NULL; \
    g_assert_true (qmp_message_append_wire (message, out_, id, &error_)); \
    g_assert_no_error (error_); \
    g_assert_cmpstr (out_->str, ==, "before;" expected); \
  } G_STMT_END

#define assert_wire_fails(message, id, domain, code) \
  G_STMT_START { \
    g_autoptr(GString) out_ = g_string_new ("before;"); \
    g_autoptr(GError) error_ = NULL; \
    g_assert_false (qmp_message_append_wire (message, out_, id, &error_)); \
    g_assert_error (error_, domain, code); \
    g_assert_cmpstr (out_->str, ==, "before;"); \
    g_assert_false (qmp_message_append_wire (message, out_, id, NULL)); \
    g_assert_cmpstr (out_->str, ==, "before;"); \
  } G_STMT_END

G_END_DECLS
