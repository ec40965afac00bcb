/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-unplug-private.h"

#include "test-event.h"
#include "test-utils.h"

/* What each event says of a device. */

typedef struct {
  const char    *device;
  const char    *event;
  const char    *data;
  QmpUnplugNews  news;
} Row;

#define BY_PATH "/machine/peripheral-anon/device[0]"

static const Row rows[] = {
  { "a", "DEVICE_DELETED", "{\"device\": \"a\", \"path\": \"/machine/peripheral/a\"}", QMP_UNPLUG_GONE },
  { "a", "DEVICE_DELETED", "{\"device\": \"a\"}", QMP_UNPLUG_GONE },
  /* A part of it. */
  { "a", "DEVICE_DELETED", "{\"path\": \"/machine/peripheral/a/virtio-backend\"}", QMP_UNPLUG_NOTHING },
  { "a", "DEVICE_DELETED", "{\"device\": \"b\", \"path\": \"/machine/peripheral/b\"}", QMP_UNPLUG_NOTHING },
  { "a", "DEVICE_DELETED", "{}", QMP_UNPLUG_NOTHING },
  { "a", "DEVICE_DELETED", NULL, QMP_UNPLUG_NOTHING },
  { "a", "DEVICE_DELETED", "{\"device\": 1}", QMP_UNPLUG_NOTHING },
  { BY_PATH, "DEVICE_DELETED", "{\"path\": \"" BY_PATH "\"}", QMP_UNPLUG_GONE },
  { BY_PATH, "DEVICE_DELETED", "{\"path\": \"" BY_PATH "/virtio-backend\"}", QMP_UNPLUG_NOTHING },
  { "/machine/peripheral/a", "DEVICE_DELETED", "{\"device\": \"a\", \"path\": \"/machine/peripheral/a\"}", QMP_UNPLUG_GONE },
  { "/machine/peripheral/a", "DEVICE_DELETED", "{\"path\": \"/machine/peripheral/a/virtio-backend\"}",
    QMP_UNPLUG_NOTHING },
  { "a", "DEVICE_UNPLUG_GUEST_ERROR", "{\"device\": \"a\", \"path\": \"/machine/peripheral/a\"}", QMP_UNPLUG_REFUSED },
  { "a", "DEVICE_UNPLUG_GUEST_ERROR", "{\"device\": \"b\", \"path\": \"/machine/peripheral/b\"}", QMP_UNPLUG_NOTHING },
  { BY_PATH, "DEVICE_UNPLUG_GUEST_ERROR", "{\"path\": \"" BY_PATH "\"}", QMP_UNPLUG_REFUSED },
  { "a", "MEM_UNPLUG_ERROR", "{\"device\": \"a\", \"msg\": \"no\"}", QMP_UNPLUG_REFUSED },
  { "/machine/peripheral/a", "MEM_UNPLUG_ERROR", "{\"device\": \"a\", \"msg\": \"no\"}", QMP_UNPLUG_REFUSED },
  { "a", "MEM_UNPLUG_ERROR", "{\"device\": \"\", \"msg\": \"no\"}", QMP_UNPLUG_NOTHING },
#define OST(device, source, status) \
  "{\"info\": {\"device\": \"" device "\", \"slot\": \"0\", \"slot-type\": \"DIMM\", \"source\": " source ", \"status\": " \
  status "}}"
  { "a", "ACPI_DEVICE_OST", OST ("a", "3", "1"), QMP_UNPLUG_REFUSED },
  { "a", "ACPI_DEVICE_OST", OST ("a", "259", "128"), QMP_UNPLUG_REFUSED },
  { "a", "ACPI_DEVICE_OST", OST ("a", "3", "131"), QMP_UNPLUG_REFUSED },
  /* It goes on. */
  { "a", "ACPI_DEVICE_OST", OST ("a", "3", "132"), QMP_UNPLUG_NOTHING },
  { "a", "ACPI_DEVICE_OST", OST ("a", "3", "0"), QMP_UNPLUG_NOTHING },
  /* It was plugged in. */
  { "a", "ACPI_DEVICE_OST", OST ("a", "1", "1"), QMP_UNPLUG_NOTHING },
  { "a", "ACPI_DEVICE_OST", OST ("b", "3", "1"), QMP_UNPLUG_NOTHING },
  { "a", "ACPI_DEVICE_OST", "{\"info\": {\"slot\": \"0\", \"slot-type\": \"DIMM\", \"source\": 3, \"status\": 1}}",
    QMP_UNPLUG_NOTHING },
  { "a", "ACPI_DEVICE_OST", "{\"info\": 1}", QMP_UNPLUG_NOTHING },
  { "a", "ACPI_DEVICE_OST", "{}", QMP_UNPLUG_NOTHING },
  { "a", "ACPI_DEVICE_OST", NULL, QMP_UNPLUG_NOTHING },
};

static void
test_rows (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(QmpEvent) event = test_event_new (rows[i].event, rows[i].data);

      g_test_message ("row %" G_GSIZE_FORMAT, i);
      g_assert_true (g_strv_contains (qmp_unplug_events, rows[i].event));
      g_assert_cmpint (qmp_unplug_read (rows[i].device, event), ==, rows[i].news);
    }
}

static void
test_judge (void)
{
  g_autoptr(QmpEvent) gone = test_event_new ("DEVICE_DELETED", "{\"device\": \"a\"}");
  g_autoptr(QmpEvent) refused = test_event_new ("DEVICE_UNPLUG_GUEST_ERROR", "{\"device\": \"a\", \"path\": \"/a\"}");
  g_autoptr(QmpEvent) explained = test_event_new ("MEM_UNPLUG_ERROR", "{\"device\": \"a\", \"msg\": \"it is in use\"}");
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_unplug_judge ("a", gone, &error));
  g_assert_no_error (error);
  g_assert_false (qmp_unplug_judge ("a", refused, &error));
  g_assert_error (error, QMP_MACHINE_ERROR, QMP_MACHINE_ERROR_FAILED);
  g_assert_cmpstr (error->message, ==, "The guest does not let go of the device “a”");
  g_clear_error (&error);
  g_assert_false (qmp_unplug_judge ("a", explained, &error));
  g_assert_cmpstr (error->message, ==, "The guest does not let go of the device “a”: it is in use");
}

static void
test_under_way (void)
{
  g_autoptr(GError) under_way = g_error_new_literal (QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC,
                                                     "Device a is already in the process of unplug");
  g_autoptr(GError) other = g_error_new_literal (QMP_COMMAND_ERROR, QMP_COMMAND_ERROR_GENERIC,
                                                 "Bus 'pcie.0' does not support hotplugging");
  g_autoptr(GError) ours = g_error_new_literal (QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_FAILED,
                                                "Device a is already in the process of unplug");

  g_assert_true (qmp_unplug_is_under_way (under_way));
  g_assert_false (qmp_unplug_is_under_way (other));
  g_assert_false (qmp_unplug_is_under_way (ours));
  g_assert_false (qmp_unplug_is_under_way (NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/unplug/rows", test_rows);
  g_test_add_func ("/unplug/judge", test_judge);
  g_test_add_func ("/unplug/under-way", test_under_way);
  return g_test_run ();
}
