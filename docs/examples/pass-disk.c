/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gives a machine a disk image as an open file: the machine needs no right to open it itself.
 *
 * usage: pass-disk ADDRESS IMAGE */

#include <fcntl.h>
#include <glib/gstdio.h>
#include <qmp-glib/qmp-glib.h>
#include <stdlib.h>

#define FDSET 1

/* An example ends at the first error; a program would pass it on. */
static void
check (GError *error)
{
  if (error == NULL)
    return;
  g_printerr ("%s\n", error->message);
  exit (1);
}

static GUnixFDList *
open_image (const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new ();
  int fd = g_open (path, O_RDWR | O_CLOEXEC);

  if (fd < 0)
    {
      g_printerr ("%s: %s\n", path, g_strerror (errno));
      exit (1);
    }
  g_unix_fd_list_append (fds, fd, &error);
  check (error);
  g_close (fd, NULL);
  return g_steal_pointer (&fds);
}

static void
run (QmpClient  *vm,
     QmpMessage *message)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) nothing = qmp_client_execute_message (vm, message, NULL, &error);

  check (error);
}

/* The descriptor travels with the command that takes it. */
static void
add_fd (QmpClient  *vm,
        const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GUnixFDList) fds = open_image (path);
  g_autoptr(QmpMessage) message = NULL;

  message = qmp_message_new_parsed ("add-fd", &error,
                                    "{'fdset-id': %i, 'opaque': %s}",
                                    FDSET, path);
  check (error);
  qmp_message_set_fd_list (message, fds);
  run (vm, message);
}

/* What the machine is told to open is the descriptor that it has already. */
static void
add_disk (QmpClient *vm)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *filename = g_strdup_printf ("/dev/fdset/%d", FDSET);
  g_autoptr(QmpMessage) message = NULL;

  message = qmp_message_new_parsed (
    "blockdev-add", &error,
    "{'driver': 'raw', 'node-name': %s,"
    " 'file': {'driver': 'file', 'filename': %s}}",
    "disk0", filename);
  check (error);
  run (vm, message);
}

static void
print_disks (QmpClient *vm)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) nodes = qmp_client_execute (vm, "query-named-block-nodes", NULL, NULL, &error);
  JsonArray *array;

  check (error);
  array = json_node_get_array (nodes);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonObject *node = json_array_get_object_element (array, i);
      JsonObject *image = json_object_get_object_member (node, "image");

      if (g_strcmp0 (json_object_get_string_member_with_default (node, "node-name", NULL), "disk0") == 0)
        g_print ("disk0: %" G_GINT64_FORMAT " bytes of %s\n",
                 json_object_get_int_member (image, "virtual-size"),
                 json_object_get_string_member (image, "filename"));
    }
}

int
main (int    argc,
      char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(QmpClient) vm = qmp_client_new ("pass-disk");
  g_autoptr(GSocketConnectable) address = NULL;

  if (argc != 3)
    {
      g_printerr ("usage: %s ADDRESS IMAGE\n", argv[0]);
      return 2;
    }

  address = qmp_address_parse (argv[1], &error);
  check (error);
  qmp_client_open (vm, address, NULL, &error);
  check (error);

  add_fd (vm, argv[2]);
  add_disk (vm);
  print_disks (vm);

  qmp_client_close (vm, NULL, &error);
  check (error);
  return 0;
}
