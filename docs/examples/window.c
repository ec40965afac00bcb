/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GTK 4 window on a machine: what it is, how it stands, what happens, and two buttons.
 *
 * usage: window SOCKET */

#include <gtk/gtk.h>
#include <qmp-glib/qmp-glib.h>

#define HISTORY 1000

/* A call under way holds a reference, and the window has one. */
typedef struct {
  QmpClient *vm;
  QmpEventListener *events;
  GCancellable *closing;
  GtkWindow *window;
  GtkLabel *greeting;
  GtkLabel *status;
  GtkLabel *trouble;
  GSimpleAction *pause;
  GSimpleAction *resume;
} View;

static void
view_clear (gpointer data)
{
  View *view = data;

  g_clear_object (&view->vm);
  g_clear_object (&view->events);
  g_clear_object (&view->closing);
  g_clear_object (&view->pause);
  g_clear_object (&view->resume);
}

static void
view_unref (View *view)
{
  g_rc_box_release_full (view, view_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (View, view_unref)

/* Calls that end when the window is gone have nothing to show. */
static gboolean
is_closed (View *view)
{
  return g_cancellable_is_cancelled (view->closing);
}

static void
show_error (View         *view,
            const GError *error)
{
  if (is_closed (view))
    return;

  gtk_label_set_text (view->trouble, error->message);
  gtk_widget_set_visible (GTK_WIDGET (view->trouble), TRUE);
}

static void
show_status (View       *view,
             const char *status)
{
  gtk_label_set_text (view->status, status);
  g_simple_action_set_enabled (view->pause, g_str_equal (status, "running"));
  g_simple_action_set_enabled (view->resume,
                               g_str_equal (status, "paused") || g_str_equal (status, "prelaunch"));
}

static void
status_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(View) view = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) status = qmp_client_execute_finish (view->vm, result, &error);

  if (status == NULL)
    show_error (view, error);
  else if (!is_closed (view))
    show_status (view, json_object_get_string_member (json_node_get_object (status), "status"));
}

static void
ask_status (View *view)
{
  qmp_client_execute_async (view->vm, "query-status", NULL, view->closing, status_cb,
                            g_rc_box_acquire (view));
}

static void
executed_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(View) view = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) nothing = qmp_client_execute_finish (view->vm, result, &error);

  if (nothing == NULL)
    show_error (view, error);
}

static void
pause_cb (GSimpleAction *action,
          GVariant      *parameter,
          gpointer       user_data)
{
  View *view = user_data;

  qmp_client_execute_async (view->vm, "stop", NULL, view->closing, executed_cb,
                            g_rc_box_acquire (view));
}

static void
resume_cb (GSimpleAction *action,
           GVariant      *parameter,
           gpointer       user_data)
{
  View *view = user_data;

  qmp_client_execute_async (view->vm, "cont", NULL, view->closing, executed_cb,
                            g_rc_box_acquire (view));
}

static void
runstate_cb (QmpClient  *vm,
             GParamSpec *pspec,
             gpointer    user_data)
{
  View *view = user_data;
  QmpGreeting *greeting = qmp_client_get_greeting (vm);
  g_autofree char *text = NULL;

  switch (qmp_client_get_runstate (vm))
    {
    case QMP_RUNSTATE_CONNECTING:
      show_status (view, "connecting");
      break;

    case QMP_RUNSTATE_RUNNING:
      text = g_strdup_printf ("QEMU %s", qmp_greeting_get_version_string (greeting));
      gtk_label_set_text (view->greeting, text);
      ask_status (view);
      break;

    case QMP_RUNSTATE_DISCONNECTING:
      break;

    case QMP_RUNSTATE_IDLE:
      show_status (view, "disconnected");
      break;
    }
}

static void
event_cb (QmpClient *vm,
          QmpEvent  *event,
          gpointer   user_data)
{
  ask_status (user_data);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(View) view = user_data;
  g_autoptr(GError) error = NULL;

  if (!qmp_client_open_finish (view->vm, result, &error))
    show_error (view, error);
}

/* The columns of the list: each shows a text of an event. */

static char *
get_time (QmpEvent *event)
{
  gint64 timestamp = qmp_event_get_timestamp (event);
  g_autoptr(GDateTime) time = NULL;

  if (timestamp < 0)
    return g_strdup ("");
  time = g_date_time_new_from_unix_local (timestamp / G_USEC_PER_SEC);
  return g_date_time_format (time, "%T");
}

static char *
get_name (QmpEvent *event)
{
  return g_strdup (qmp_event_get_name (event));
}

static char *
get_data (QmpEvent *event)
{
  return qmp_message_dup_member_text (QMP_MESSAGE (event), "data");
}

typedef char *(*GetText) (QmpEvent *event);

static void
set_up_cb (GtkSignalListItemFactory *factory,
           GtkListItem              *item)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0.0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_list_item_set_child (item, label);
}

static void
bind_cb (GtkSignalListItemFactory *factory,
         GtkListItem              *item,
         gpointer                  user_data)
{
  GetText get_text = (GetText) user_data;
  g_autofree char *text = get_text (gtk_list_item_get_item (item));

  gtk_label_set_text (GTK_LABEL (gtk_list_item_get_child (item)), text != NULL ? text : "");
}

static void
add_column (GtkColumnView *list,
            const char    *title,
            GetText        get_text,
            int            width)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkColumnViewColumn *column = gtk_column_view_column_new (title, factory);

  g_signal_connect (factory, "setup", G_CALLBACK (set_up_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_cb), (gpointer) get_text);
  if (width > 0)
    gtk_column_view_column_set_fixed_width (column, width);
  else
    gtk_column_view_column_set_expand (column, TRUE);
  gtk_column_view_append_column (list, column);
  g_object_unref (column);
}

/* The listener's history is the list's model. */
static GtkWidget *
make_list (View *view)
{
  GListModel *events = g_object_ref (qmp_event_listener_get_history (view->events));
  GtkNoSelection *model = gtk_no_selection_new (events);
  GtkWidget *list = gtk_column_view_new (GTK_SELECTION_MODEL (model));
  GtkWidget *scrolled = gtk_scrolled_window_new ();

  add_column (GTK_COLUMN_VIEW (list), "Time", get_time, 100);
  add_column (GTK_COLUMN_VIEW (list), "Event", get_name, 180);
  add_column (GTK_COLUMN_VIEW (list), "Data", get_data, 0);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), list);
  gtk_widget_set_vexpand (scrolled, TRUE);
  return scrolled;
}

static GtkLabel *
add_label (GtkBox     *box,
           const char *style)
{
  GtkWidget *label = gtk_label_new (NULL);

  if (style != NULL)
    gtk_widget_add_css_class (label, style);
  gtk_box_append (box, label);
  return GTK_LABEL (label);
}

static GtkWidget *
make_header (View *view)
{
  GtkWidget *header = gtk_header_bar_new ();
  GtkWidget *title = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *pause = gtk_button_new_with_label ("Pause");
  GtkWidget *resume = gtk_button_new_with_label ("Resume");

  gtk_widget_set_valign (title, GTK_ALIGN_CENTER);
  view->greeting = add_label (GTK_BOX (title), "title");
  view->status = add_label (GTK_BOX (title), "subtitle");
  gtk_header_bar_set_title_widget (GTK_HEADER_BAR (header), title);

  gtk_actionable_set_action_name (GTK_ACTIONABLE (pause), "win.pause");
  gtk_actionable_set_action_name (GTK_ACTIONABLE (resume), "win.resume");
  gtk_header_bar_pack_start (GTK_HEADER_BAR (header), pause);
  gtk_header_bar_pack_start (GTK_HEADER_BAR (header), resume);
  return header;
}

static GSimpleAction *
add_action (View       *view,
            const char *name,
            const char *key,
            GCallback   callback)
{
  g_autofree char *detailed = g_strconcat ("win.", name, NULL);
  const char *keys[] = { key, NULL };
  GSimpleAction *action = g_simple_action_new (name, NULL);

  g_signal_connect (action, "activate", callback, view);
  g_action_map_add_action (G_ACTION_MAP (view->window), G_ACTION (action));
  gtk_application_set_accels_for_action (gtk_window_get_application (view->window), detailed, keys);
  return action;
}

static void
destroy_cb (GtkWindow *window,
            gpointer   user_data)
{
  g_autoptr(View) view = user_data;

  g_cancellable_cancel (view->closing);
  g_signal_handlers_disconnect_by_data (view->vm, view);
  qmp_client_remove_listener (view->vm, view->events);
  qmp_client_close_async (view->vm, NULL, NULL, NULL);
}

static void
make_window (GtkApplication *application,
             View           *view)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  view->window = GTK_WINDOW (gtk_application_window_new (application));
  g_signal_connect (view->window, "destroy", G_CALLBACK (destroy_cb), view);
  gtk_window_set_title (view->window, "Machine");
  gtk_window_set_default_size (view->window, 640, 360);
  gtk_window_set_titlebar (view->window, make_header (view));
  view->pause = add_action (view, "pause", "<Control>p", G_CALLBACK (pause_cb));
  view->resume = add_action (view, "resume", "<Control>r", G_CALLBACK (resume_cb));

  gtk_box_append (GTK_BOX (box), make_list (view));
  view->trouble = add_label (GTK_BOX (box), "error");
  gtk_label_set_wrap (view->trouble, TRUE);
  gtk_widget_set_visible (GTK_WIDGET (view->trouble), FALSE);
  gtk_window_set_child (view->window, box);
}

static void
open_cb (GApplication  *application,
         GFile        **files,
         int            n_files,
         const char    *hint,
         gpointer       user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = NULL;
  View *view = g_rc_box_new0 (View);

  view->vm = qmp_client_new ("window");
  view->closing = g_cancellable_new ();
  view->events = qmp_event_listener_new (NULL);
  qmp_event_listener_set_history_length (view->events, HISTORY);
  qmp_client_add_listener (view->vm, view->events);

  make_window (GTK_APPLICATION (application), view);
  g_signal_connect (view->vm, "notify::runstate", G_CALLBACK (runstate_cb), view);
  g_signal_connect (view->vm, "event", G_CALLBACK (event_cb), view);
  show_status (view, "disconnected");
  gtk_window_present (view->window);

  address = qmp_address_parse (g_file_peek_path (files[0]), &error);
  if (address != NULL)
    qmp_client_open_async (view->vm, address, view->closing, opened_cb, g_rc_box_acquire (view));
  else
    show_error (view, error);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GtkApplication) application = NULL;

  if (argc != 2)
    {
      g_printerr ("usage: %s SOCKET\n", argv[0]);
      return 2;
    }

  application = gtk_application_new (NULL, G_APPLICATION_HANDLES_OPEN | G_APPLICATION_NON_UNIQUE);
  g_signal_connect (application, "open", G_CALLBACK (open_cb), NULL);
  return g_application_run (G_APPLICATION (application), argc, argv);
}
