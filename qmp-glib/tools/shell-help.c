/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-help.h"

#include <glib/gi18n.h>
#include <string.h>

/* Deeper objects are asked for in other ways. */
#define MAX_DEPTH 1

static void add_members (GString       *out,
                         QmpSchemaType *type,
                         guint          depth);

static void
add_features (GString  *out,
              char    **features)
{
  g_autofree char *joined = g_strjoinv (", ", features);

  if (*joined != '\0')
    g_string_append_printf (out, " [%s]", joined);
  g_strfreev (features);
}

static void
add_member (GString         *out,
            QmpSchemaMember *member,
            guint            depth)
{
  g_autoptr(QmpSchemaType) type = qmp_schema_member_get_value_type (member);
  g_autofree char *words = qmp_schema_type_describe (type);
  const char *name = qmp_schema_member_get_name (member);

  g_string_append_printf (out, "%*s%s: %s", (int) (2 * depth + 2), "", name, words);
  if (qmp_schema_member_is_optional (member))
    g_string_append_printf (out, " (%s)", _("optional"));
  add_features (out, qmp_schema_member_list_features (member));
  g_string_append_c (out, '\n');
  if (qmp_schema_type_get_kind (type) == QMP_SCHEMA_KIND_OBJECT && depth < MAX_DEPTH)
    add_members (out, type, depth + 1);
}

static void
add_members (GString       *out,
             QmpSchemaType *type,
             guint          depth)
{
  GList *members = qmp_schema_type_list_members (type);
  g_auto(GStrv) cases = qmp_schema_type_list_cases (type);

  for (GList *l = members; l != NULL; l = l->next)
    add_member (out, l->data, depth);
  g_list_free_full (members, g_object_unref);
  for (guint i = 0; cases[i] != NULL && depth == 0; i++)
    {
      g_autoptr(QmpSchemaType) variant = qmp_schema_type_get_variant (type, cases[i]);

      if (variant == NULL)
        continue;
      g_string_append_printf (out, _("with %s=%s also:\n"), qmp_schema_type_get_tag (type), cases[i]);
      add_members (out, variant, depth + 1);
    }
}

static void
add_type (GString       *out,
          const char    *title,
          QmpSchemaType *type)
{
  g_autofree char *words = type != NULL ? qmp_schema_type_describe (type) : NULL;
  gsize start = out->len;

  if (type == NULL)
    return;
  add_members (out, type, 0);
  if (out->len == start && qmp_schema_type_get_kind (type) != QMP_SCHEMA_KIND_OBJECT)
    g_string_append_printf (out, "  %s\n", words);
  if (out->len > start)
    g_string_insert (out, start, title);
}

static void
add_command (GString    *out,
             QmpSchema  *schema,
             const char *name)
{
  g_autoptr(QmpSchemaType) arguments = qmp_schema_get_command_arguments (schema, name);
  g_autoptr(QmpSchemaType) returned = qmp_schema_get_command_return (schema, name);

  g_string_append (out, name);
  add_features (out, qmp_schema_list_features (schema, name));
  if (qmp_schema_allows_out_of_band (schema, name))
    g_string_append_printf (out, " (%s)", _("can run out-of-band"));
  g_string_append_c (out, '\n');
  add_type (out, _("arguments:\n"), arguments);
  add_type (out, _("returns:\n"), returned);
}

static void
add_event (GString    *out,
           QmpSchema  *schema,
           const char *name)
{
  g_autoptr(QmpSchemaType) data = qmp_schema_get_event_data (schema, name);

  g_string_append_printf (out, _("%s (an event)"), name);
  add_features (out, qmp_schema_list_features (schema, name));
  g_string_append_c (out, '\n');
  add_type (out, _("data:\n"), data);
}

static const char *
general_text (void)
{
  return _("command-name [arg-name=value]...     executes a command\n"
           "  values: 7, true, word, \"two words\", {\"json\": 1}, {'python': None}\n"
           "  arg-name:=1.5 or :=null            any JSON value; key.inner=value nests\n"
           "transaction( ... )                   many actions as one, over as many lines; abort forgets it\n"
           "{\"execute\": ...}                     JSON as it is\n"
           "help NAME                            about a command or an event; Tab completes\n"
           "Ctrl-C cancels the command that runs, Ctrl-D leaves.\n");
}

char *
shell_help_text (QmpSchema  *schema,
                 const char *name)
{
  GString *out = g_string_new (NULL);

  if (*name == '\0')
    g_string_append (out, general_text ());
  else if (schema == NULL)
    g_string_append (out, _("The server does not describe its commands\n"));
  else if (qmp_schema_has_command (schema, name))
    add_command (out, schema, name);
  else if (qmp_schema_has_event (schema, name))
    add_event (out, schema, name);
  else
    g_string_append_printf (out, _("The server has no command and no event “%s”\n"), name);
  return g_string_free (out, FALSE);
}
