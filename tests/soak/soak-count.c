/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "soak-count.h"

static GHashTable *commands; /* name -> guint64[SOAK_N_OUTCOMES] */
static GHashTable *events;   /* "link name" -> guint64 */
static GHashTable *faults;   /* name -> guint64 */
static guint64 totals[SOAK_N_OUTCOMES];

static void (* explain_func) (gpointer user_data);
static gpointer explain_data;

void
soak_set_explain (void     (* explain) (gpointer user_data),
                  gpointer    user_data)
{
  explain_func = explain;
  explain_data = user_data;
}

void
soak_fail (const char *format,
           ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  soak_count_print ();
  if (explain_func != NULL)
    explain_func (explain_data);
  g_error ("%s", text);
}

static guint64 *
get_numbers (GHashTable **table,
             const char  *name)
{
  guint64 *numbers;

  if (*table == NULL)
    *table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  numbers = g_hash_table_lookup (*table, name);
  if (numbers == NULL)
    {
      numbers = g_new0 (guint64, SOAK_N_OUTCOMES);
      g_hash_table_insert (*table, g_strdup (name), numbers);
    }
  return numbers;
}

void
soak_count_command (const char  *command,
                    SoakOutcome  outcome)
{
  get_numbers (&commands, command)[outcome]++;
  totals[outcome]++;
}

void
soak_count_event (const char *link,
                  const char *event)
{
  g_autofree char *name = g_strdup_printf ("%s %s", link, event);

  get_numbers (&events, name)[0]++;
}

void
soak_count_fault (const char *fault)
{
  get_numbers (&faults, fault)[0]++;
}

guint64
soak_count_get (SoakOutcome outcome)
{
  return totals[outcome];
}

guint64
soak_count_answers (void)
{
  guint64 sum = 0;

  for (guint i = SOAK_RESULT; i < SOAK_N_OUTCOMES; i++)
    sum += totals[i];
  return sum;
}

static void
print_row (const char    *name,
           const guint64 *numbers)
{
  g_print ("%-28s", name);
  for (guint i = 0; i < SOAK_N_OUTCOMES; i++)
    g_print (" %11" G_GUINT64_FORMAT, numbers[i]);
  g_print ("\n");
}

static void
print_commands (void)
{
  g_autoptr (GList) names = g_list_sort (g_hash_table_get_keys (commands), (GCompareFunc) g_strcmp0);

  g_print ("\n%-28s %11s %11s %11s %11s %11s %11s %11s\n", "command", "issued", "result", "error",
           "interrupted", "refused", "cancelled", "timed out");
  for (GList *l = names; l != NULL; l = l->next)
    print_row (l->data, g_hash_table_lookup (commands, l->data));
  print_row ("all", totals);
}

static void
print_numbers (const char *title,
               GHashTable *table)
{
  g_autoptr (GList) names = NULL;

  if (table == NULL)
    return;
  names = g_list_sort (g_hash_table_get_keys (table), (GCompareFunc) g_strcmp0);
  g_print ("\n%s\n", title);
  for (GList *l = names; l != NULL; l = l->next)
    g_print ("%-28s %11" G_GUINT64_FORMAT "\n", (char *) l->data, *(guint64 *) g_hash_table_lookup (table, l->data));
}

void
soak_count_print (void)
{
  if (commands != NULL)
    print_commands ();
  print_numbers ("event, by link", events);
  print_numbers ("fault", faults);
}

void
soak_count_clear (void)
{
  g_clear_pointer (&commands, g_hash_table_unref);
  g_clear_pointer (&events, g_hash_table_unref);
  g_clear_pointer (&faults, g_hash_table_unref);
}
