/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-describe.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-members.h"

/* Types refer to each other in circles, and hostile ones grow with each level: each is described once, so deep, and
 * the text ends when it is long. Deeper ones have paths of their own. */
#define MAX_DEPTH 8
#define MAX_LENGTH 1000000
#define MAX_TYPES 2000

typedef struct {
  GString            *out;
  const char * const *given;
  GPtrArray          *shown;   /* of QmpSchemaType: objects */
} Description;

static void add_members (Description   *self,
                         QmpSchemaType *object,
                         const char    *prefix,
                         guint          depth);

static void
free_list (GList *list)
{
  g_list_free_full (list, g_object_unref);
}

static void
indent (Description *self,
        guint        depth)
{
  g_string_append_printf (self->out, "%*s", (int) (2 * depth), "");
}

/* Takes features. */
static void
add_features (Description  *self,
              char        **features)
{
  g_autofree char *joined = g_strjoinv (", ", features);

  if (*joined != '\0')
    g_string_append_printf (self->out, " [%s]", joined);
  g_strfreev (features);
}

/* --- types, in a line --- */

static void
add_values (Description   *self,
            QmpSchemaType *type)
{
  g_auto(GStrv) values = qmp_schema_type_list_values (type);

  for (guint i = 0; values[i] != NULL && self->out->len < MAX_LENGTH; i++)
    {
      g_string_append_printf (self->out, "%s“%s”", i > 0 ? ", " : "", values[i]);
      add_features (self, qmp_schema_type_list_value_features (type, values[i]));
    }
}

static void
add_type (Description   *self,
          QmpSchemaType *type)
{
  g_autoptr(QmpSchemaType) element = qmp_schema_type_ref_element_type (type);
  g_autofree char *words = qmp_schema_type_describe (type);
  GList *alternatives = qmp_schema_type_list_alternatives (type);

  if (element != NULL)
    {
      g_string_append (self->out, _("list of "));
      add_type (self, element);
    }
  for (GList *l = alternatives; l != NULL; l = l->next)
    {
      if (l != alternatives)
        g_string_append (self->out, _(" or "));
      add_type (self, l->data);
    }
  if (qmp_schema_type_get_kind (type) == QMP_SCHEMA_KIND_ENUM)
    add_values (self, type);
  else if (element == NULL && alternatives == NULL)
    g_string_append (self->out, words);
  free_list (alternatives);
}

/* --- members --- */

static gboolean
was_shown (Description   *self,
           QmpSchemaType *object)
{
  for (guint i = 0; i < self->shown->len; i++)
    if (qmp_schema_type_equal (self->shown->pdata[i], object))
      return TRUE;
  return FALSE;
}

/* The object that a value of the type is, or has in its list; NULL if there is none. */
static QmpSchemaType *
find_inner (QmpSchemaType *type)
{
  g_autoptr(QmpSchemaType) element = qmp_schema_type_ref_element_type (type);

  return element != NULL ? find_inner (element) : tool_members_as_object (type);
}

/* Behind what was said of it. */
static void
add_inner (Description   *self,
           QmpSchemaType *inner,
           const char    *prefix,
           guint          depth)
{
  if (was_shown (self, inner))
    {
      g_string_append_printf (self->out, " (%s)\n", _("its members are above"));
      return;
    }
  g_string_append_c (self->out, '\n');
  if (depth <= MAX_DEPTH)
    add_members (self, inner, prefix, depth);
}

static void
add_member (Description     *self,
            QmpSchemaMember *member,
            const char      *prefix,
            guint            depth)
{
  g_autoptr(QmpSchemaType) type = qmp_schema_member_ref_value_type (member);
  g_autoptr(QmpSchemaType) inner = find_inner (type);
  const char *name = qmp_schema_member_get_name (member);
  g_autofree char *inner_prefix = g_strconcat (prefix, name, ".", NULL);

  indent (self, depth);
  g_string_append_printf (self->out, "%s: ", name);
  add_type (self, type);
  if (qmp_schema_member_is_optional (member))
    g_string_append_printf (self->out, " (%s)", _("optional"));
  add_features (self, qmp_schema_member_list_features (member));
  if (inner != NULL)
    add_inner (self, inner, inner_prefix, depth + 1);
  else
    g_string_append_c (self->out, '\n');
}

/* The variant that was chosen, or else all. */
static void
add_variants (Description   *self,
              QmpSchemaType *object,
              const char    *prefix,
              guint          depth)
{
  g_auto(GStrv) cases = qmp_schema_type_list_cases (object);
  const char *tag = qmp_schema_type_get_tag (object);
  g_autoptr(QmpSchemaType) chosen = tool_members_find_variant (object, prefix, self->given);

  if (chosen != NULL)
    {
      add_members (self, chosen, prefix, depth);
      return;
    }
  for (guint i = 0; cases[i] != NULL && self->out->len < MAX_LENGTH; i++)
    {
      g_autoptr(QmpSchemaType) variant = qmp_schema_type_ref_variant (object, cases[i]);

      if (variant == NULL)
        continue;
      indent (self, depth - 1);
      g_string_append_printf (self->out, _("with %s%s=%s also:\n"), prefix, tag, cases[i]);
      if (was_shown (self, variant))
        {
          indent (self, depth);
          g_string_append_printf (self->out, "(%s)\n", _("its members are above"));
        }
      else
        {
          add_members (self, variant, prefix, depth);
        }
    }
}

/* depth: from 1 on. */
static void
add_members (Description   *self,
             QmpSchemaType *object,
             const char    *prefix,
             guint          depth)
{
  GList *members;

  if (self->shown->len == MAX_TYPES)
    return;
  members = qmp_schema_type_list_members (object);
  /* Of one without members there is nothing above. */
  if (members != NULL || qmp_schema_type_get_tag (object) != NULL)
    g_ptr_array_add (self->shown, g_object_ref (object));
  for (GList *l = members; l != NULL && self->out->len < MAX_LENGTH; l = l->next)
    add_member (self, l->data, prefix, depth);
  free_list (members);
  add_variants (self, object, prefix, depth);
}

/* title: ends with a line end. */
static void
add_titled (Description   *self,
            const char    *title,
            QmpSchemaType *type)
{
  g_autoptr(QmpSchemaType) inner = find_inner (type);
  gboolean is_object = qmp_schema_type_get_kind (type) == QMP_SCHEMA_KIND_OBJECT;
  gsize start = self->out->len;

  if (!is_object)
    {
      indent (self, 1);
      add_type (self, type);
    }
  if (inner != NULL && !is_object)
    add_inner (self, inner, "", 2);
  else if (inner != NULL)
    add_members (self, inner, "", 1);
  else
    g_string_append_c (self->out, '\n');
  /* An object without members is not worth a title. */
  if (self->out->len > start)
    g_string_insert (self->out, start, title);
}

/* --- what has a name --- */

static void
add_command (Description *self,
             QmpSchema   *schema,
             const char  *name)
{
  g_autoptr(QmpSchemaType) arguments = qmp_schema_ref_command_arguments (schema, name);
  g_autoptr(QmpSchemaType) returned = qmp_schema_ref_command_return (schema, name);

  g_string_append (self->out, name);
  add_features (self, qmp_schema_list_features (schema, name));
  if (qmp_schema_allows_out_of_band (schema, name))
    g_string_append_printf (self->out, " (%s)", _("can run out-of-band"));
  g_string_append_c (self->out, '\n');
  add_titled (self, _("arguments:\n"), arguments);
  if (returned != NULL)
    add_titled (self, _("returns:\n"), returned);
}

static void
add_event (Description *self,
           QmpSchema   *schema,
           const char  *name)
{
  g_autoptr(QmpSchemaType) data = qmp_schema_ref_event_data (schema, name);

  g_string_append_printf (self->out, _("%s (an event)"), name);
  add_features (self, qmp_schema_list_features (schema, name));
  g_string_append_c (self->out, '\n');
  add_titled (self, _("data:\n"), data);
}

static gboolean
has_members (QmpSchema  *schema,
             const char *name)
{
  g_autoptr(QmpSchemaType) arguments = qmp_schema_has_command (schema, name) ?
                                       qmp_schema_ref_command_arguments (schema, name) : NULL;
  GList *members = arguments != NULL ? qmp_schema_type_list_members (arguments) : NULL;
  gboolean any = members != NULL;

  free_list (members);
  return any;
}

/* "query-block/inserted" is "query-block/ret-type/inserted". */
QmpSchemaType *
tool_describe_find_type (QmpSchema   *schema,
                         const char  *path,
                         GError     **error)
{
  const char *slash = strchr (path, '/');
  g_autofree char *name = g_strndup (path, slash != NULL ? (gsize) (slash - path) : strlen (path));
  g_autofree char *in_arguments = g_strconcat (name, "/arg-type", slash, NULL);
  g_autofree char *in_return = g_strconcat (name, "/ret-type", slash, NULL);
  QmpSchemaType *type = qmp_schema_find_type (schema, path, NULL);

  if (type != NULL)
    return type;
  if (slash == NULL || g_str_has_prefix (slash, "/arg-type") || g_str_has_prefix (slash, "/ret-type"))
    return qmp_schema_find_type (schema, path, error);
  type = qmp_schema_find_type (schema, in_arguments, NULL);
  if (type == NULL)
    type = qmp_schema_find_type (schema, in_return, NULL);
  if (type != NULL)
    return type;
  /* Where it is more likely to have been meant. */
  return qmp_schema_find_type (schema, has_members (schema, name) ? in_arguments : in_return, error);
}

static gboolean
add_path (Description  *self,
          QmpSchema    *schema,
          const char   *path,
          GError      **error)
{
  g_autoptr(QmpSchemaType) type = tool_describe_find_type (schema, path, error);
  g_autoptr(QmpSchemaType) inner = type != NULL ? find_inner (type) : NULL;

  if (type == NULL)
    return FALSE;
  g_string_append_printf (self->out, "%s: ", path);
  add_type (self, type);
  add_features (self, qmp_schema_type_list_features (type));
  if (inner != NULL)
    add_inner (self, inner, "", 1);
  else
    g_string_append_c (self->out, '\n');
  return TRUE;
}

char *
tool_describe (QmpSchema           *schema,
               const char          *path,
               const char * const  *given,
               GError             **error)
{
  g_autoptr(GString) out = g_string_new (NULL);
  g_autoptr(GPtrArray) shown = g_ptr_array_new_with_free_func (g_object_unref);
  Description self = { out, given, shown };

  if (qmp_schema_has_command (schema, path))
    add_command (&self, schema, path);
  else if (qmp_schema_has_event (schema, path))
    add_event (&self, schema, path);
  else if (!add_path (&self, schema, path, error))
    return NULL;
  if (out->len >= MAX_LENGTH)
    g_string_append (out, "…\n");
  return g_string_free (g_steal_pointer (&out), FALSE);
}
