/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "once.h"
#include "tool-keys.h"
#include "tool-print.h"
#include "tool-terminal.h"
#include "top-machines.h"
#include "top-view.h"

/* "qmp top": how busy machines are, on a screen that is drawn again and again; or as a table, or as lines of JSON. */

#define USUAL_SECONDS 2
/* The first time, so that something is there soon. */
#define FIRST_MILLISECONDS 500
/* What comes together is drawn together, and a flood of events costs little. */
#define FRAME_MILLISECONDS 100
/* An Escape that nothing follows is a key. */
#define ESCAPE_MILLISECONDS 50
/* How long a table waits for machines that do not answer. */
#define PATIENCE (3 * G_TIME_SPAN_SECOND)

static double interval_seconds = USUAL_SECONDS;
static gboolean prints_once;

typedef void     (*StartFunc)  (QmpMachine           *machine,
                                GCancellable         *cancellable,
                                GAsyncReadyCallback   callback,
                                gpointer              user_data);
typedef gboolean (*FinishFunc) (QmpMachine           *machine,
                                GAsyncResult         *result,
                                GError              **error);

/* What a key tells a machine to do. */
typedef struct {
  char        key;
  StartFunc   start;
  FinishFunc  finish;
  const char *done;
  const char *question;   /* nullable: it is not asked */
} Verb;

static const Verb verbs[] = {
  { 'p', qmp_machine_pause_async, qmp_machine_pause_finish, N_("%s is paused"), NULL },
  { 'r', qmp_machine_resume_async, qmp_machine_resume_finish, N_("%s goes on"), NULL },
  { 'R', qmp_machine_reset_async, qmp_machine_reset_finish, N_("%s was reset"), N_("y/n: Reset %s?") },
  { 'P', qmp_machine_power_down_async, qmp_machine_power_down_finish, N_("The power button of %s was pressed"),
    N_("y/n: Press the power button of %s?") },
  { 'Q', qmp_machine_quit_async, qmp_machine_quit_finish, N_("QEMU has quit: %s"),
    N_("y/n: Let QEMU quit, without asking the guest: %s?") },
};

typedef struct {
  Once            *once;
  TopMachines     *machines;
  ToolScreen      *screen;
  ToolTerminal    *terminal;
  TopView         *view;
  ToolKeys         keys;
  GCancellable    *cancellable;  /* of the verbs */
  guint            n_verbs;      /* under way */
  const Verb      *asked;        /* nullable: a question stands there */
  QmpMachineEntry *of;           /* nullable, owned: which machine it is about */
  guint            interval;     /* milliseconds */
  guint            tick;         /* sources; 0: none */
  guint            frame;
  guint            escape;
  gboolean         over;
} Top;

/* --- frames --- */

static void
draw (Top *top)
{
  g_autoptr(GArray) rows = top_machines_list (top->machines);
  g_autoptr(GString) out = g_string_new (NULL);

  g_clear_handle_id (&top->frame, g_source_remove);
  top_view_draw (top->view, rows, top_machines_get_log (top->machines));
  tool_screen_draw (top->screen, out);
  if (!tool_terminal_write (top->terminal, out->str, out->len))
    top->over = TRUE;
}

static gboolean
frame_cb (gpointer user_data)
{
  Top *top = user_data;

  top->frame = 0;
  draw (top);
  return G_SOURCE_REMOVE;
}

static void
changed_cb (gpointer owner)
{
  Top *top = owner;

  if (top->frame == 0 && top->view != NULL && !top->over)
    top->frame = g_timeout_add (FRAME_MILLISECONDS, frame_cb, top);
}

static void
resize (Top *top)
{
  guint columns, rows;

  tool_terminal_get_size (top->terminal, &columns, &rows);
  tool_screen_resize (top->screen, columns, rows);
}

static void
terminal_cb (gpointer owner)
{
  Top *top = owner;

  resize (top);
  draw (top);
}

/* --- verbs --- */

typedef struct {
  Top        *top;
  const Verb *verb;
  char       *title;   /* harmless */
} Doing;

static void
say (Top  *top,
     char *text)
{
  top_view_set_message (top->view, text, FALSE);
  g_free (text);
}

static char *
format (const char *text,
        const char *title)
{
  g_auto(GStrv) parts = g_strsplit (_(text), "%s", 2);

  return g_strconcat (parts[0], title, parts[1], NULL);
}

static void
done_cb (GObject      *machine,
         GAsyncResult *result,
         gpointer      user_data)
{
  Doing *doing = user_data;
  Top *top = doing->top;
  g_autoptr(GError) error = NULL;
  g_autofree char *text = NULL;

  top->n_verbs--;
  if (doing->verb->finish (QMP_MACHINE (machine), result, &error))
    text = format (doing->verb->done, doing->title);
  else
    text = g_strdup_printf ("%s: %s", doing->title, error->message);
  if (!top->over)
    {
      say (top, tool_print_harmless_line (text));
      changed_cb (top);
    }
  g_free (doing->title);
  g_free (doing);
}

static void
do_verb (Top             *top,
         const Verb      *verb,
         QmpMachineEntry *entry)
{
  Doing *doing = g_new0 (Doing, 1);

  doing->top = top;
  doing->verb = verb;
  doing->title = tool_print_harmless_line (qmp_machine_entry_get_title (entry));
  top->n_verbs++;
  verb->start (qmp_machine_entry_get_machine (entry), top->cancellable, done_cb, doing);
}

static void
ask (Top             *top,
     const Verb      *verb,
     QmpMachineEntry *entry)
{
  g_autofree char *title = tool_print_harmless_line (qmp_machine_entry_get_title (entry));
  g_autofree char *question = format (verb->question, title);

  top->asked = verb;
  g_set_object (&top->of, entry);
  top_view_set_message (top->view, question, TRUE);
}

static void
answer (Top   *top,
        guint  key)
{
  const Verb *verb = g_steal_pointer (&top->asked);
  g_autoptr(QmpMachineEntry) entry = g_steal_pointer (&top->of);

  top_view_set_message (top->view, NULL, FALSE);
  if (key == 'y' || key == 'Y')
    do_verb (top, verb, entry);
}

/* One that has no link cannot be told anything, which is said in the last line as it is. */
static void
choose_verb (Top        *top,
             const Verb *verb)
{
  QmpMachineEntry *entry = top_view_get_selected (top->view);

  if (entry == NULL || !qmp_machine_get_connected (qmp_machine_entry_get_machine (entry)))
    return;
  if (verb->question != NULL)
    ask (top, verb, entry);
  else
    do_verb (top, verb, entry);
}

/* --- keys --- */

static void
press_letter (Top   *top,
              guint  key)
{
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++)
    if ((guint) verbs[i].key == key)
      choose_verb (top, &verbs[i]);
  if (key == 'q')
    top->over = TRUE;
  else if (key == 's')
    top_view_sort_next (top->view);
  else if (key == 'h' || key == '?')
    top_view_set_help (top->view, TRUE);
  else if (key == 'L' - '@')
    tool_screen_forget (top->screen);
}

static void
press (Top   *top,
       guint  key)
{
  if (top->asked != NULL)
    {
      answer (top, key);
      return;
    }
  top_view_set_message (top->view, NULL, FALSE);
  if (top_view_get_help (top->view))
    top_view_set_help (top->view, FALSE);
  else if (key == TOOL_KEY_UP || key == 'k')
    top_view_move (top->view, -1);
  else if (key == TOOL_KEY_DOWN || key == 'j')
    top_view_move (top->view, 1);
  else if (key == TOOL_KEY_PAGE_UP)
    top_view_move (top->view, -top_view_get_page (top->view));
  else if (key == TOOL_KEY_PAGE_DOWN)
    top_view_move (top->view, top_view_get_page (top->view));
  else if (key == TOOL_KEY_HOME)
    top_view_move (top->view, G_MININT);
  else if (key == TOOL_KEY_END)
    top_view_move (top->view, G_MAXINT);
  else
    press_letter (top, key);
}

static gboolean
escape_cb (gpointer user_data)
{
  Top *top = user_data;

  top->escape = 0;
  if (tool_keys_is_escape (&top->keys))
    {
      tool_keys_drop (&top->keys);
      press (top, TOOL_KEY_ESCAPE);
      draw (top);
    }
  return G_SOURCE_REMOVE;
}

/* Each key acts on what the one before has made of the screen. */
static void
input_cb (gpointer    owner,
          const char *data,
          gsize       length)
{
  Top *top = owner;
  guint key;

  if (length == 0)
    top->over = TRUE;
  g_clear_handle_id (&top->escape, g_source_remove);
  tool_keys_feed (&top->keys, data, length);
  while (!top->over && (key = tool_keys_next (&top->keys)) != 0)
    {
      press (top, key);
      draw (top);
    }
  if (tool_keys_is_escape (&top->keys))
    top->escape = g_timeout_add (ESCAPE_MILLISECONDS, escape_cb, top);
}

/* --- on the screen --- */

static gboolean
tick_cb (gpointer user_data)
{
  Top *top = user_data;

  top_machines_tick (top->machines);
  top->tick = g_timeout_add (top->interval, tick_cb, top);
  return G_SOURCE_REMOVE;
}

static const ToolTerminalFuncs terminal_funcs = { input_cb, terminal_cb };

static void
open_screen (Top *top)
{
  top->screen = tool_screen_new (g_get_charset (NULL), tool_print_wants_colour (stdout));
  top->view = top_view_new (top->screen);
  tool_keys_init (&top->keys);
  top->terminal = tool_terminal_new (&terminal_funcs, top);
  resize (top);
}

static void
close_screen (Top *top)
{
  top->over = TRUE;
  g_clear_handle_id (&top->frame, g_source_remove);
  g_clear_handle_id (&top->escape, g_source_remove);
  g_clear_pointer (&top->terminal, tool_terminal_free);
  g_clear_pointer (&top->view, top_view_free);
  g_clear_pointer (&top->screen, tool_screen_free);
  tool_keys_clear (&top->keys);
  g_clear_object (&top->of);
}

static gboolean
fill_screen (Top     *top,
             GError **error)
{
  if (!tool_terminal_is_there ())
    return once_fail (error, ONCE_STATUS_USAGE, _("This is not a terminal that can be filled; --once prints a table"));
  open_screen (top);
  top_machines_tick (top->machines);
  top->tick = g_timeout_add (MIN (top->interval, FIRST_MILLISECONDS), tick_cb, top);
  draw (top);
  while (!top->over)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (top->tick);
  close_screen (top);
  return TRUE;
}

/* --- as a table, and as JSON --- */

static gboolean
wake_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* Returns FALSE with error set when the time that there is for all is over. */
static gboolean
run_until (Top       *top,
           gint64     end,
           gboolean   settled,
           GError   **error)
{
  guint wake = g_timeout_add (FRAME_MILLISECONDS, wake_cb, NULL);

  while (g_get_monotonic_time () < end && !once_is_late (top->once) && !(settled && top_machines_is_settled (top->machines)))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (wake);
  return !once_is_late (top->once) || once_fail (error, ONCE_STATUS_TIMEOUT, _("The time is over"));
}

static int
compare_names (gconstpointer row,
               gconstpointer other)
{
  return top_row_compare (row, other, TOP_COLUMN_NAME);
}

static void
print_table (Once   *once,
             GArray *rows)
{
  const char *titles[TOP_N_COLUMNS + 1] = { NULL };
  g_autoptr(OnceTable) table = NULL;

  for (guint i = 0; i < TOP_N_COLUMNS; i++)
    titles[i] = top_column_get_title (i);
  table = once_table_new (titles);
  for (guint i = 0; i < rows->len; i++)
    {
      g_auto(GStrv) cells = g_new0 (char *, TOP_N_COLUMNS + 1);

      for (guint column = 0; column < TOP_N_COLUMNS; column++)
        cells[column] = top_row_dup_text (&g_array_index (rows, TopRow, i), column);
      once_table_add (table, (const char * const *) cells);
    }
  once_table_print (table, once);
}

static void
print_rows (Top *top)
{
  g_autoptr(GArray) rows = top_machines_list (top->machines);

  g_array_sort (rows, compare_names);
  if (!top->once->json)
    print_table (top->once, rows);
  for (guint i = 0; i < rows->len && top->once->json; i++)
    {
      g_autofree char *text = top_row_to_json (&g_array_index (rows, TopRow, i));

      once_print_json (top->once, text, -1, FALSE);
    }
}

/* What an interval has brought needs a look at both of its ends. */
static gboolean
print (Top     *top,
       GError **error)
{
  gint64 end;

  if (!run_until (top, g_get_monotonic_time () + PATIENCE, TRUE, error))
    return FALSE;
  top_machines_tick (top->machines);
  do
    {
      end = g_get_monotonic_time () + (gint64) top->interval * 1000;
      if (!run_until (top, end, FALSE, error))
        return FALSE;
      top_machines_tick (top->machines);
      if (!run_until (top, g_get_monotonic_time () + PATIENCE, TRUE, error))
        return FALSE;
      print_rows (top);
    }
  while (once_flush (top->once, error) && !prints_once);
  return error == NULL || *error == NULL;
}

/* --- */

static gboolean
read_interval (Top     *top,
               GError **error)
{
  if (!(interval_seconds >= 0.1) || interval_seconds > 3600)
    return once_fail (error, ONCE_STATUS_USAGE, _("%s takes seconds, from 0.1 to 3600"), "--interval");
  top->interval = (guint) (interval_seconds * 1000);
  return TRUE;
}

/* Verbs that are under way come to their ends. */
static void
clear (Top *top)
{
  g_cancellable_cancel (top->cancellable);
  while (top->n_verbs > 0)
    g_main_context_iteration (NULL, TRUE);
  g_clear_pointer (&top->machines, top_machines_free);
  g_object_unref (top->cancellable);
}

static gboolean
run_top (Once                *once,
         const char * const  *words,
         GError             **error)
{
  Top top = { once };
  gboolean good;

  if (!read_interval (&top, error))
    return FALSE;
  top.cancellable = g_cancellable_new ();
  top.machines = top_machines_new (top.interval, changed_cb, &top);
  good = top_machines_add (top.machines, once, !prints_once, error) &&
         (prints_once || once->json ? print (&top, error) : fill_screen (&top, error));
  clear (&top);
  return good;
}

static const GOptionEntry top_entries[] = {
  { "once", '1', 0, G_OPTION_ARG_NONE, &prints_once, N_("Print one table and leave"), NULL },
  { "interval", 'i', 0, G_OPTION_ARG_DOUBLE, &interval_seconds, N_("Look that often, every 2 without this"), N_("SECONDS") },
  G_OPTION_ENTRY_NULL
};

const OnceVerb once_top = {
  .words = "top",
  .parameters = N_("[ADDRESS…]"),
  .summary = N_("Show how busy machines are, all the time"),
  .entries = top_entries,
  .local = TRUE,
  .addresses = TRUE,
  .many = TRUE,
  .run = run_top,
};
