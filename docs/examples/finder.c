/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists the machines on this computer, waits for one of a name, asks it how it is, and waits for its end.
 *
 * usage: finder NAME */

#include <locale.h>
#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>

static GMainLoop *loop;

/* An example ends at the first error; a program would pass it on. */
static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

static void
print_endpoints (QmpInstance *instance)
{
  GListModel *endpoints = qmp_instance_get_endpoints (instance);
  g_autofree char *title = qmp_instance_dup_title (instance);

  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);
      const char *address = qmp_endpoint_get_address (endpoint);
      const char *holder = qmp_endpoint_get_holder_name (endpoint);

      g_print ("%s: %s, held by %s\n", title,
               address != NULL ? address : "no address",
               holder != NULL ? holder : "nobody");
    }
}

static void
ask (QmpInstance *instance)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpEndpoint) monitor = NULL;
  g_autoptr(QmpClient) client = NULL;
  g_autoptr(QmpMessage) reply = NULL;
  g_autofree char *status = NULL;

  monitor = qmp_instance_choose_endpoint (instance, QMP_ENDPOINT_KIND_MONITOR,
                                          &error);
  check (error);
  client = qmp_client_new_for_address (qmp_endpoint_get_address (monitor),
                                       NULL, &error);
  check (error);
  reply = qmp_client_execute_parsed (client, NULL, &error, "query-status", NULL);
  check (error);
  status = qmp_message_dup_string (reply, "return.status", &error);
  check (error);
  g_print ("%s is %s\n", qmp_instance_get_name (instance), status);
}

static void
gone_cb (QmpInstance *instance)
{
  g_print ("%s is gone\n", qmp_instance_get_name (instance));
  g_main_loop_quit (loop);
}

static void
changed_cb (GListModel *finder,
            guint       position,
            guint       removed,
            guint       added,
            gpointer    user_data)
{
  const char *wanted = user_data;

  for (guint i = position; i < position + added; i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (finder, i);

      if (g_strcmp0 (qmp_instance_get_name (instance), wanted) != 0)
        continue;
      g_signal_connect (instance, "notify::gone", G_CALLBACK (gone_cb), NULL);
      ask (instance);
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  g_autoptr(GError) error = NULL;

  setlocale (LC_ALL, "");
  if (argc != 2)
    return 2;
  qmp_finder_refresh (finder, NULL, &error);
  check (error);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (finder)); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (G_LIST_MODEL (finder), i);

      print_endpoints (instance);
    }
  g_print ("waiting\n");

  loop = g_main_loop_new (NULL, FALSE);
  g_signal_connect (finder, "items-changed", G_CALLBACK (changed_cb), argv[1]);
  g_main_loop_run (loop);
  g_main_loop_unref (loop);
  return 0;
}
