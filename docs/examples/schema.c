/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks a server what it can do, and has commands checked before they are sent.
 *
 * usage: schema ADDRESS */

#include <locale.h>
#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>

/* An example ends at the first error; a program would pass it on. */
static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

/* What there is, without trying it and without knowing the server's version. */
static void
print_path (QmpSchema  *schema,
            const char *path)
{
  if (qmp_schema_has_path (schema, path))
    g_print ("%s is there\n", path);
  else
    g_print ("%s is not there\n", path);
}

/* What a command takes. */
static void
print_arguments (QmpSchema  *schema,
                 const char *command)
{
  g_autoptr(QmpSchemaType) arguments = qmp_schema_ref_command_arguments (schema, command);
  g_autolist(QmpSchemaMember) members = NULL;

  if (arguments == NULL)
    return;
  members = qmp_schema_type_list_members (arguments);
  for (GList *l = members; l != NULL; l = l->next)
    {
      QmpSchemaMember *member = l->data;
      g_autoptr(QmpSchemaType) type = NULL;
      g_autofree char *text = NULL;

      type = qmp_schema_member_ref_value_type (member);
      text = qmp_schema_type_describe (type);

      g_print ("%s: %s: %s%s\n",
               command, qmp_schema_member_get_name (member), text,
               qmp_schema_member_is_optional (member) ? ", optional" : "");
    }
}

/* Why a path leads nowhere. */
static void
explain_path (QmpSchema  *schema,
              const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpSchemaType) type = qmp_schema_find_type (schema, path, &error);

  if (type == NULL)
    g_print ("%s\n", error->message);
}

/* All that is wrong with a command. */
static void
print_problems (QmpSchema  *schema,
                QmpMessage *command)
{
  g_autolist(QmpSchemaProblem) problems = qmp_schema_list_problems (schema, command);

  for (GList *l = problems; l != NULL; l = l->next)
    g_print ("%s: %s\n", qmp_schema_problem_get_path (l->data), qmp_schema_problem_get_text (l->data));
}

/* From now on no wrong command is sent. */
static void
attach_and_execute (QmpSchema  *schema,
                    QmpClient  *vm,
                    QmpMessage *command)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) value = NULL;

  qmp_schema_attach (schema, vm);
  value = qmp_client_execute_message (vm, command, NULL, &error);
  if (g_error_matches (error, QMP_SCHEMA_ERROR, QMP_SCHEMA_ERROR_COMMAND))
    g_print ("not sent: %s\n", error->message);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  g_autoptr(QmpClient) vm = qmp_client_new ("schema");
  g_autoptr(QmpSchema) schema = NULL;
  g_autoptr(QmpMessage) command = NULL;

  setlocale (LC_ALL, "");
  if (argc != 2)
    {
      g_printerr ("usage: %s ADDRESS\n", argv[0]);
      return 2;
    }

  address = qmp_address_parse (argv[1], &error);
  check (error);
  qmp_client_open (vm, address, NULL, &error);
  check (error);

  schema = qmp_schema_fetch (vm, NULL, &error);
  check (error);

  print_path (schema, "block_resize");
  print_path (schema, "blockdev-add/arg-type/driver/^nbd");
  print_path (schema, "blockdev-add/arg-type/driver/^floppy");
  print_arguments (schema, "block_resize");
  explain_path (schema, "blockdev-add/arg-type/driver/^ndb");

  command = qmp_message_new_parsed ("block_resize", &error, "{'node_name': %s, 'size': %s}", "disk0", "1G");
  check (error);
  print_problems (schema, command);
  attach_and_execute (schema, vm, command);

  qmp_client_close (vm, NULL, &error);
  check (error);
  return 0;
}
