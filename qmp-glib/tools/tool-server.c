/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "tool-server.h"

#include <glib/gi18n.h>
#include <string.h>

#include "tool-offers.h"

gboolean
tool_server_is_address (const char *text)
{
  g_autofree char *pipe = NULL;

  if (*text == '\0' || *text == '@' || strpbrk (text, "/:") != NULL)
    return TRUE;
  pipe = g_strconcat (text, ".in", NULL);
  return g_file_test (text, G_FILE_TEST_EXISTS) || g_file_test (pipe, G_FILE_TEST_EXISTS);
}

/* "9772" would be the path of a socket, but who types it means a port. */
static gboolean
is_bare_port (const char *text)
{
  return *text != '\0' && strspn (text, "0123456789") == strlen (text) && !tool_server_is_address (text);
}

GSocketConnectable *
tool_server_parse (const char  *text,
                   GError     **error)
{
  if (!is_bare_port (text))
    return qmp_address_parse (text, error);
  g_set_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_ADDRESS,
               _("“%s” is a number: the port is “:%s”, and a Unix socket of that name is “./%s”"), text, text, text);
  return NULL;
}

static GSocketConnectable *
find_named (const char  *name,
            gboolean     agent,
            GError     **error)
{
  QmpEndpointKind kind = agent ? QMP_ENDPOINT_KIND_AGENT : QMP_ENDPOINT_KIND_MONITOR;
  g_autoptr(QmpInstance) instance = qmp_instance_find (name, error);
  g_autoptr(QmpEndpoint) endpoint = NULL;

  if (instance != NULL)
    endpoint = qmp_instance_choose_endpoint (instance, kind, error);
  return endpoint != NULL ? qmp_address_parse (qmp_endpoint_get_address (endpoint), error) : NULL;
}

GSocketConnectable *
tool_server_find (const char  *text,
                  gboolean     agent,
                  gboolean     may_come,
                  GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  GSocketConnectable *address;

  if (tool_server_is_address (text))
    return qmp_address_parse (text, error);
  address = find_named (text, agent, &local_error);
  /* Without /proc there are addresses alone. */
  if (local_error != NULL && local_error->domain == G_IO_ERROR)
    return tool_server_parse (text, error);
  if (may_come && g_error_matches (local_error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND))
    return tool_server_parse (text, error);
  if (g_error_matches (local_error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND))
    g_set_error (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND,
                 _("There is no file “%s”, and no machine of that name runs on this computer"), text);
  else if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return address;
}

char *
tool_server_dup_holder (QmpEndpoint *endpoint)
{
  const char *name = qmp_endpoint_get_holder_name (endpoint);

  if (name == NULL)
    return g_strdup (_("somebody is connected to it"));
  return g_strdup_printf (_("%s (%d) is connected to it"), name, qmp_endpoint_get_holder_pid (endpoint));
}

static gboolean
is_held_at (QmpEndpoint *endpoint,
            const char  *address)
{
  const char *text = qmp_endpoint_get_address (endpoint);
  g_autoptr(GSocketConnectable) own = text != NULL ? qmp_address_parse (text, NULL) : NULL;
  g_autofree char *name = own != NULL ? g_socket_connectable_to_string (own) : NULL;

  return qmp_endpoint_get_state (endpoint) == QMP_ENDPOINT_STATE_HELD && g_strcmp0 (name, address) == 0;
}

static QmpEndpoint *
find_held_of (QmpInstance *instance,
              const char  *address)
{
  GListModel *endpoints = qmp_instance_get_endpoints (instance);

  for (guint i = 0; i < g_list_model_get_n_items (endpoints); i++)
    {
      g_autoptr(QmpEndpoint) endpoint = g_list_model_get_item (endpoints, i);

      if (is_held_at (endpoint, address))
        return g_steal_pointer (&endpoint);
    }
  return NULL;
}

static QmpEndpoint *
find_held (const char *address)
{
  g_autoptr(QmpFinder) finder = qmp_finder_new ();
  QmpEndpoint *found = NULL;

  qmp_finder_refresh (finder, NULL, NULL);
  for (guint i = 0; found == NULL && i < g_list_model_get_n_items (G_LIST_MODEL (finder)); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (G_LIST_MODEL (finder), i);

      found = find_held_of (instance, address);
    }
  return found;
}

void
tool_server_name_holder (GSocketConnectable *address,
                         GError             *error)
{
  g_autofree char *text = g_socket_connectable_to_string (address);
  g_autoptr(QmpEndpoint) endpoint = find_held (text);
  g_autofree char *holder = NULL;
  g_autofree char *before = NULL;

  if (endpoint == NULL)
    return;
  holder = tool_server_dup_holder (endpoint);
  before = error->message;
  error->message = g_strdup_printf ("%s; %s", before, holder);
}

char **
tool_server_list_names (const char *typed)
{
  g_autoptr(QmpFinder) finder = g_object_new (QMP_TYPE_FINDER, "find-holders", FALSE, NULL);
  ToolOffers offers;

  tool_offers_init (&offers, typed);
  qmp_finder_refresh (finder, NULL, NULL);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (finder)); i++)
    {
      g_autoptr(QmpInstance) instance = g_list_model_get_item (G_LIST_MODEL (finder), i);
      const char *name = qmp_instance_get_name (instance);

      if (name != NULL && !tool_server_is_address (name))
        tool_offers_add (&offers, "", name, "");
    }
  return tool_offers_end (&offers);
}
