/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-members.h"

#include <string.h>

char *
tool_members_dup_given (const char * const *given,
                        const char         *key)
{
  gsize length = strlen (key);

  for (guint i = 0; given[i] != NULL; i++)
    {
      const char *text = given[i];
      gsize end;

      if (strncmp (text, key, length) != 0)
        continue;
      text += length;
      if (*text == ':')
        text++;
      if (*text++ != '=')
        continue;
      if (*text == '=')
        return g_strdup (text + 1);
      end = strlen (text);
      if (end >= 2 && (*text == '"' || *text == '\'') && text[end - 1] == *text)
        return g_strndup (text + 1, end - 2);
      return g_strdup (text);
    }
  return NULL;
}

QmpSchemaType *
tool_members_find_variant (QmpSchemaType      *object,
                           const char         *prefix,
                           const char * const *given)
{
  const char *tag = qmp_schema_type_get_tag (object);
  g_autofree char *key = NULL;
  g_autofree char *value = NULL;

  if (tag == NULL)
    return NULL;
  key = g_strconcat (prefix, tag, NULL);
  value = tool_members_dup_given (given, key);
  return value != NULL ? qmp_schema_type_ref_variant (object, value) : NULL;
}

static QmpSchemaMember *
find_member (QmpSchemaType      *object,
             const char         *prefix,
             const char         *name,
             const char * const *given)
{
  QmpSchemaMember *member = qmp_schema_type_ref_member (object, name);
  g_autoptr(QmpSchemaType) variant = NULL;

  if (member != NULL)
    return member;
  variant = tool_members_find_variant (object, prefix, given);
  return variant != NULL ? find_member (variant, prefix, name, given) : NULL;
}

QmpSchemaType *
tool_members_as_object (QmpSchemaType *type)
{
  QmpSchemaType *object = NULL;
  GList *alternatives;

  if (qmp_schema_type_get_kind (type) == QMP_SCHEMA_KIND_OBJECT)
    return g_object_ref (type);
  alternatives = qmp_schema_type_list_alternatives (type);
  for (GList *l = alternatives; l != NULL && object == NULL; l = l->next)
    {
      if (qmp_schema_type_get_kind (l->data) == QMP_SCHEMA_KIND_OBJECT)
        object = g_object_ref (l->data);
    }
  g_list_free_full (alternatives, g_object_unref);
  return object;
}

QmpSchemaType *
tool_members_find_owner (QmpSchemaType      *type,
                         const char         *dotted,
                         const char * const *given)
{
  g_auto(GStrv) parts = g_strsplit (dotted, ".", -1);
  g_autoptr(QmpSchemaType) object = tool_members_as_object (type);
  g_autoptr(GString) prefix = g_string_new (NULL);

  for (guint i = 0; object != NULL && parts[i] != NULL && parts[i + 1] != NULL; i++)
    {
      g_autoptr(QmpSchemaMember) member = find_member (object, prefix->str, parts[i], given);
      g_autoptr(QmpSchemaType) inner = member != NULL ? qmp_schema_member_ref_value_type (member) : NULL;

      g_clear_object (&object);
      if (inner != NULL)
        object = tool_members_as_object (inner);
      g_string_append_printf (prefix, "%s.", parts[i]);
    }
  return g_steal_pointer (&object);
}

QmpSchemaMember *
tool_members_find (QmpSchemaType      *type,
                   const char         *dotted,
                   const char * const *given)
{
  g_autoptr(QmpSchemaType) owner = tool_members_find_owner (type, dotted, given);
  const char *dot = strrchr (dotted, '.');
  g_autofree char *prefix = g_strndup (dotted, dot != NULL ? dot + 1 - dotted : 0);

  return owner != NULL ? find_member (owner, prefix, dot != NULL ? dot + 1 : dotted, given) : NULL;
}
