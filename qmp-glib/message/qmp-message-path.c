/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include <qmp-glib/qmp-error.h>

#include "json/qmp-json-node-private.h"
#include "message/qmp-message-struct-private.h"
#include "message/qmp-path-private.h"

/* Values by their path. */

/* --- one value --- */

static gboolean
read_boolean (const char    *path,
              QmpJsonSlice   value,
              gboolean      *result,
              GError       **error)
{
  if (*value.text != 't' && *value.text != 'f')
    return qmp_path_set_type_error (path, value, _("a boolean"), error);

  *result = *value.text == 't';
  return TRUE;
}

static gboolean
fail_integer (const char    *path,
              QmpJsonSlice   value,
              const char    *least,
              const char    *most,
              GError       **error)
{
  g_autofree char *wanted = NULL;

  if (error == NULL)
    return FALSE;

  /* Translators: the lowest and the highest of the numbers that fit */
  wanted = g_strdup_printf (_("an integer from %s to %s"), least, most);
  return qmp_path_set_type_error (path, value, wanted, error);
}

static gboolean
read_int64 (const char    *path,
            QmpJsonSlice   value,
            gint64        *result,
            GError       **error)
{
  return qmp_json_get_int64 (value.text, value.length, result) ||
         fail_integer (path, value, "-9223372036854775808", "9223372036854775807", error);
}

static gboolean
read_uint64 (const char    *path,
             QmpJsonSlice   value,
             guint64       *result,
             GError       **error)
{
  return qmp_json_get_uint64 (value.text, value.length, result) ||
         fail_integer (path, value, "0", "18446744073709551615", error);
}

static gboolean
read_int (const char    *path,
          QmpJsonSlice   value,
          int           *result,
          GError       **error)
{
  gint64 number;

  if (!qmp_json_get_int64 (value.text, value.length, &number) || number < G_MININT || number > G_MAXINT)
    return fail_integer (path, value, "-2147483648", "2147483647", error);

  *result = number;
  return TRUE;
}

static gboolean
read_uint (const char    *path,
           QmpJsonSlice   value,
           guint         *result,
           GError       **error)
{
  guint64 number;

  if (!qmp_json_get_uint64 (value.text, value.length, &number) || number > G_MAXUINT)
    return fail_integer (path, value, "0", "4294967295", error);

  *result = number;
  return TRUE;
}

static gboolean
read_double (const char    *path,
             QmpJsonSlice   value,
             double        *result,
             GError       **error)
{
  if (*value.text != '-' && !g_ascii_isdigit (*value.text))
    return qmp_path_set_type_error (path, value, _("a number"), error);

  *result = qmp_json_get_double (value.text, value.length);
  return isfinite (*result) ||
         qmp_path_set_type_error (path, value, _("a number that a double can hold"), error);
}

static gboolean
read_string (const char    *path,
             QmpJsonSlice   value,
             char         **result,
             GError       **error)
{
  if (*value.text != '"')
    return qmp_path_set_type_error (path, value, _("a string"), error);

  *result = qmp_json_dup_string (value.text, value.length);
  return TRUE;
}

static gboolean
read_node (QmpJsonSlice   value,
           JsonNode     **result,
           GError       **error)
{
  *result = qmp_json_to_whole_node (value.text, value.length, error);
  return *result != NULL;
}

/**
 * qmp_message_has_path:
 * @self: a message
 * @path: (not nullable): where to look, such as `return.status`
 *
 * Tells whether a message has a value at a path; `null` counts.
 *
 * [method@Message.dup_string] says how a path is written. Nothing is at one that is written otherwise.
 *
 * Returns: `TRUE` if there is one
 *
 * Since: 1.0
 */
gboolean
qmp_message_has_path (QmpMessage *self,
                      const char *path)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);

  return qmp_path_find (self, path, &value, NULL);
}

/**
 * qmp_message_dup_string:
 * @self: a message
 * @path: (not nullable): where the string is, such as `return.status`
 * @error: return location for an error
 *
 * The string at a path.
 *
 * A path is the name of a member of the message, followed by any number of steps: `.name` is a member of the object
 * there, `[0]` the first element of the array there. A name that has a dot or a bracket in it is written as `["a.b"]` or
 * `['a.b']`. Of a key that is used twice the last value counts.
 *
 * ```c
 * g_autofree char *status = qmp_message_dup_string (reply, "return.status", &error);
 * ```
 *
 * The value is read out of the message's text: no nodes are made, and integers are exact. Each call begins at the
 * beginning of the text, so all the elements of a long array are better read with [method@Message.dup_node].
 *
 * The errors are those of all functions that take a path. The text names the path and what is there instead.
 *
 * - `QMP_PROTOCOL_ERROR_NOT_FOUND`: there is no such value, or @path is not written as a path;
 * - `QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE`: the value is of another type, or is a number that does not fit;
 * - those of [error@CommandError]: the message is a server's error reply, and @path begins with `return`. The error is the
 *   server's;
 * - those of [method@Message.validate], for a message that is not one.
 *
 * The message stays as it is.
 *
 * Returns: (transfer full): the string, with U+FFFD in place of U+0000; `NULL` with @error set if there is none
 *
 * Since: 1.0
 */
char *
qmp_message_dup_string (QmpMessage  *self,
                        const char  *path,
                        GError     **error)
{
  QmpJsonSlice value;
  char *result = NULL;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (qmp_path_find (self, path, &value, error))
    read_string (path, value, &result, error);
  return result;
}

/**
 * qmp_message_dup_text:
 * @self: a message
 * @path: (not nullable): where the value is, such as `return`
 * @error: return location for an error
 *
 * The value at a path as JSON text, just as it stands in the message.
 *
 * [method@Message.dup_string] says how a path is written, and which errors there are.
 *
 * Returns: (transfer full): the text; `NULL` with @error set if there is no such value
 *
 * Since: 1.0
 */
char *
qmp_message_dup_text (QmpMessage  *self,
                      const char  *path,
                      GError     **error)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return qmp_path_find (self, path, &value, error) ? g_strndup (value.text, value.length) : NULL;
}

/**
 * qmp_message_dup_node:
 * @self: a message
 * @path: (not nullable): where the value is, such as `return[0]`
 * @error: return location for an error
 *
 * The value at a path as a node of the caller's own.
 *
 * [method@Message.dup_string] says how a path is written, and which errors there are; [method@Message.get_node] what a
 * node cannot hold. A value with more members than a node may have is `QMP_PROTOCOL_ERROR_TOO_LARGE`.
 *
 * Returns: (transfer full): the value, a node of type null for a JSON `null`; `NULL` with @error set if there is no such
 *   value
 *
 * Since: 1.0
 */
JsonNode *
qmp_message_dup_node (QmpMessage  *self,
                      const char  *path,
                      GError     **error)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), NULL);
  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return qmp_path_find (self, path, &value, error) ? qmp_json_to_whole_node (value.text, value.length, error) : NULL;
}

/**
 * qmp_message_get_boolean:
 * @self: a message
 * @path: (not nullable): where the boolean is, such as `return.running`
 * @error: return location for an error
 *
 * The boolean at a path.
 *
 * [method@Message.dup_string] says how a path is written, and which errors there are.
 *
 * Returns: the boolean; `FALSE` with @error set if there is none
 *
 * Since: 1.0
 */
gboolean
qmp_message_get_boolean (QmpMessage  *self,
                         const char  *path,
                         GError     **error)
{
  QmpJsonSlice value;
  gboolean result = FALSE;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (qmp_path_find (self, path, &value, error))
    read_boolean (path, value, &result, error);
  return result;
}

/**
 * qmp_message_get_int64:
 * @self: a message
 * @path: (not nullable): where the integer is, such as `return[0].size`
 * @error: return location for an error
 *
 * The integer at a path, exactly.
 *
 * A number that is written with a fraction or an exponent, such as 1.0, is not an integer. [method@Message.dup_string]
 * says how a path is written, and which errors there are.
 *
 * Returns: the integer; 0 with @error set if there is none, or if it does not fit
 *
 * Since: 1.0
 */
gint64
qmp_message_get_int64 (QmpMessage  *self,
                       const char  *path,
                       GError     **error)
{
  QmpJsonSlice value;
  gint64 result = 0;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), 0);
  g_return_val_if_fail (path != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  return qmp_path_find (self, path, &value, error) && read_int64 (path, value, &result, error) ? result : 0;
}

/**
 * qmp_message_get_uint64:
 * @self: a message
 * @path: (not nullable): where the integer is, such as `return.total`
 * @error: return location for an error
 *
 * The integer at a path, exactly, up to 18446744073709551615.
 *
 * A number that is written with a fraction or an exponent, such as 1.0, is not an integer. [method@Message.dup_string]
 * says how a path is written, and which errors there are.
 *
 * Returns: the integer; 0 with @error set if there is none, or if it does not fit
 *
 * Since: 1.0
 */
guint64
qmp_message_get_uint64 (QmpMessage  *self,
                        const char  *path,
                        GError     **error)
{
  QmpJsonSlice value;
  guint64 result = 0;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), 0);
  g_return_val_if_fail (path != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  return qmp_path_find (self, path, &value, error) && read_uint64 (path, value, &result, error) ? result : 0;
}

/**
 * qmp_message_get_double:
 * @self: a message
 * @path: (not nullable): where the number is, such as `return.mbps`
 * @error: return location for an error
 *
 * The number at a path as a double.
 *
 * Any number will do; beyond 53 bits a double is not exact. [method@Message.dup_string] says how a path is written, and
 * which errors there are.
 *
 * Returns: the number, which is finite; 0 with @error set if there is none, or if it does not fit
 *
 * Since: 1.0
 */
double
qmp_message_get_double (QmpMessage  *self,
                        const char  *path,
                        GError     **error)
{
  QmpJsonSlice value;
  double result = 0;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), 0);
  g_return_val_if_fail (path != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  return qmp_path_find (self, path, &value, error) && read_double (path, value, &result, error) ? result : 0;
}

/**
 * qmp_message_get_n_elements:
 * @self: a message
 * @path: (not nullable): where the array is, such as `return`
 * @error: return location for an error
 *
 * How many elements the array at a path has.
 *
 * [method@Message.dup_string] says how a path is written, and which errors there are.
 *
 * Returns: the number of elements; 0 with @error set if there is no array
 *
 * Since: 1.0
 */
guint
qmp_message_get_n_elements (QmpMessage  *self,
                            const char  *path,
                            GError     **error)
{
  QmpJsonSlice value;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), 0);
  g_return_val_if_fail (path != NULL, 0);
  g_return_val_if_fail (error == NULL || *error == NULL, 0);

  if (!qmp_path_find (self, path, &value, error))
    return 0;
  if (*value.text != '[')
    return qmp_path_set_type_error (path, value, _("an array"), error);
  return qmp_path_count_elements (value);
}

/* --- several at once --- */

/* place: of the C type that goes with type, which is one of the table's below. */
static gboolean
read_as (char           type,
         const char    *path,
         QmpJsonSlice   value,
         gpointer       place,
         GError       **error)
{
  switch (type)
    {
    case 'b':
      return read_boolean (path, value, place, error);
    case 'i':
      return read_int (path, value, place, error);
    case 'u':
      return read_uint (path, value, place, error);
    case 'x':
      return read_int64 (path, value, place, error);
    case 't':
      return read_uint64 (path, value, place, error);
    case 'd':
      return read_double (path, value, place, error);
    case 's':
      return read_string (path, value, place, error);
    case 'v':
      return read_node (value, place, error);
    default:
      *(char **) place = g_strndup (value.text, value.length);
      return TRUE;
    }
}

/* Nothing, in the C type that goes with type. */
static void
clear (char     type,
       gpointer place)
{
  switch (type)
    {
    case 'b':
    case 'i':
    case 'u':
      *(guint *) place = 0;
      break;
    case 'x':
    case 't':
      *(guint64 *) place = 0;
      break;
    case 'd':
      *(double *) place = 0;
      break;
    default:
      *(gpointer *) place = NULL;
      break;
    }
}

static gboolean
is_type (char letter)
{
  switch (letter)
    {
    case 'b':
    case 'i':
    case 'u':
    case 'x':
    case 't':
    case 'd':
    case 's':
    case 'v':
    case 'j':
      return TRUE;
    default:
      return FALSE;
    }
}

static gboolean
check_type (const char  *type,
            GError     **error)
{
  const char *letter = type + (*type == '?');

  if (is_type (*letter) && letter[1] == '\0')
    return TRUE;

  g_critical ("“%s” is not a type that qmp_message_lookup() knows", type);
  g_set_error (error, QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_FAILED, _("“%s” is not a type of value"), type);
  return FALSE;
}

static gboolean
look_up (QmpMessage   *self,
         QmpPathMemo  *memo,
         const char   *path,
         const char   *type,
         gpointer      place,
         GError      **error)
{
  gboolean optional = *type == '?';
  gboolean found;
  QmpJsonSlice value;

  if (!check_type (type, error))
    return FALSE;

  type += optional;
  found = qmp_path_find_next (self, memo, path, &value, optional ? NULL : error);
  if (optional)
    found = found && *value.text != 'n';
  if (found && read_as (*type, path, value, place, error))
    return TRUE;

  clear (*type, place);
  return optional && !found;
}

/* Takes back what was stored for the first n values. arguments: from the first type on. */
static void
give_back (guint    n,
           va_list *arguments)
{
  for (; n > 0; n--)
    {
      const char *type = va_arg (*arguments, const char *);
      gpointer *place = va_arg (*arguments, gpointer *);

      va_arg (*arguments, const char *);
      type += *type == '?';
      if (*type == 'v')
        g_clear_pointer ((JsonNode **) place, json_node_unref);
      else if (*type == 's' || *type == 'j')
        g_clear_pointer ((char **) place, g_free);
    }
}

/**
 * qmp_message_lookup: (skip)
 * @self: a message
 * @error: return location for an error
 * @first_path: (not nullable): where the first value is, such as `return.status`
 * @...: its type, where to store it, and further paths, types and places, ended by `NULL`
 *
 * Reads values by their paths, without making nodes.
 *
 * [method@Message.dup_string] says how a path is written, and which errors there are. A type is a letter, the same as
 * [ctor@Message.new_parsed] has:
 *
 * | Type | Stored in | What is there |
 * |------|-----------|---------------|
 * | `b` | `gboolean` | `true` or `false` |
 * | `i` | `int` | an integer |
 * | `u` | `guint` | an integer, 0 or more |
 * | `x` | `gint64` | an integer |
 * | `t` | `guint64` | an integer, 0 or more, up to 18446744073709551615 |
 * | `d` | `double` | a number |
 * | `s` | `char *`, the caller's | a string |
 * | `v` | [struct@Json.Node], the caller's | any value |
 * | `j` | `char *`, the caller's | any value, as JSON text |
 *
 * With a `?` before the letter there may be nothing, or `null`: then 0, `FALSE` or `NULL` is stored.
 *
 * ```c
 * g_autofree char *status = NULL;
 * gboolean running;
 *
 * if (!qmp_message_lookup (reply, &error,
 *                          "return.status", "s", &status,
 *                          "return.running", "b", &running,
 *                          NULL))
 *   g_error ("%s", error->message);
 * ```
 *
 * If one of them cannot be read the function fails; what was stored for the others is freed and cleared then.
 * Another type is an error of the programmer.
 *
 * Returns: `TRUE` if all were read, `FALSE` with @error set if not
 *
 * Since: 1.0
 */
gboolean
qmp_message_lookup (QmpMessage  *self,
                    GError     **error,
                    const char  *first_path,
                    ...)
{
  va_list arguments;
  gboolean done;

  va_start (arguments, first_path);
  done = qmp_message_lookup_va (self, error, first_path, &arguments);
  va_end (arguments);

  return done;
}

/**
 * qmp_message_lookup_va: (skip)
 * @self: a message
 * @error: return location for an error
 * @first_path: (not nullable): where the first value is, such as `return.status`
 * @arguments: (not nullable): its type, where to store it, and further paths, types and places, ended by `NULL`; where
 *   it stands afterwards is undefined
 *
 * Reads values by their paths, as [method@Message.lookup] does.
 *
 * Returns: `TRUE` if all were read, `FALSE` with @error set if not
 *
 * Since: 1.0
 */
gboolean
qmp_message_lookup_va (QmpMessage  *self,
                       GError     **error,
                       const char  *first_path,
                       va_list     *arguments)
{
  QmpPathMemo memo;
  va_list given;
  guint n_read = 0;
  gboolean done = TRUE;

  g_return_val_if_fail (QMP_IS_MESSAGE (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  g_return_val_if_fail (first_path != NULL, FALSE);
  g_return_val_if_fail (arguments != NULL, FALSE);

  memo.length = 0;
  va_copy (given, *arguments);
  for (const char *path = first_path; path != NULL; path = va_arg (*arguments, const char *), n_read++)
    {
      const char *type = va_arg (*arguments, const char *);
      gpointer place = va_arg (*arguments, gpointer);

      done = look_up (self, &memo, path, type, place, error);
      if (!done)
        break;
    }
  if (!done)
    give_back (n_read, &given);
  va_end (given);

  return done;
}
