/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-unplug-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-machine.h>

#include "machine/qmp-member-private.h"

const char * const qmp_unplug_events[] = {
  "DEVICE_DELETED", "DEVICE_UNPLUG_GUEST_ERROR", "MEM_UNPLUG_ERROR", "ACPI_DEVICE_OST", NULL
};

#define WITH_ID "/machine/peripheral/"

/* A device that has an ID is named by it in each event; in some by its path as well. */
static gboolean
is_about (const char *device,
          JsonNode   *data)
{
  if (g_str_has_prefix (device, WITH_ID))
    device += strlen (WITH_ID);
  return g_strcmp0 (qmp_member_get_string (data, device[0] == '/' ? "path" : "device"), device) == 0;
}

static JsonNode *
get_info (QmpEvent *event)
{
  JsonNode *data = qmp_event_get_data (event);

  return data != NULL && JSON_NODE_HOLDS_OBJECT (data)
         ? json_object_get_member (json_node_get_object (data), "info") : NULL;
}

/* What a guest says of memory and processors, by the method _OST of ACPI: the event is an ejection, and the status a
 * failure. 0x84 is that it goes on. */
static gboolean
is_refusal (JsonNode *info)
{
  gint64 source = qmp_member_get_int (info, "source", 0);
  gint64 status = qmp_member_get_int (info, "status", 0);

  return (source == 3 || source == 0x103) && (status == 1 || (status >= 0x80 && status <= 0x83));
}

QmpUnplugNews
qmp_unplug_read (const char *device,
                 QmpEvent   *event)
{
  const char *name = qmp_event_get_name (event);

  if (g_str_equal (name, "ACPI_DEVICE_OST"))
    return is_about (device, get_info (event)) && is_refusal (get_info (event)) ? QMP_UNPLUG_REFUSED : QMP_UNPLUG_NOTHING;
  if (!is_about (device, qmp_event_get_data (event)))
    return QMP_UNPLUG_NOTHING;
  return g_str_equal (name, "DEVICE_DELETED") ? QMP_UNPLUG_GONE : QMP_UNPLUG_REFUSED;
}

gboolean
qmp_unplug_judge (const char  *device,
                  QmpEvent    *event,
                  GError     **error)
{
  const char *why;

  if (qmp_unplug_read (device, event) == QMP_UNPLUG_GONE)
    return TRUE;
  why = qmp_member_get_string (qmp_event_get_data (event), "msg");
  if (why != NULL)
    g_set_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED, _("The guest does not let go of the device “%s”: %s"),
                 device, why);
  else
    g_set_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED, _("The guest does not let go of the device “%s”"),
                 device);
  return FALSE;
}

/* It has no class of its own. */
gboolean
qmp_unplug_is_under_way (const GError *error)
{
  return g_error_matches (error, QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC) &&
         strstr (error->message, "already in the process of unplug") != NULL;
}
