/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-server-text-private.h"

#include <string.h>

static void
append_string (GString    *out,
               const char *string)
{
  qmp_json_append_escaped (out, string, strlen (string));
}

static void
append_strings (GString  *out,
                char    **strings)
{
  g_string_append_c (out, '[');
  for (gsize i = 0; strings[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append (out, ", ");
      append_string (out, strings[i]);
    }
  g_string_append_c (out, ']');
}

GString *
qmp_server_text_greeting (const QmpServerAbout *about)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": %u, \"minor\": %u, \"major\": %u}, \"package\": ",
                          about->version[2], about->version[1], about->version[0]);
  append_string (out, about->package);
  g_string_append (out, "}, \"capabilities\": ");
  append_strings (out, about->capabilities);
  return g_string_append (out, "}}\r\n");
}

static GString *
end (GString      *out,
     QmpJsonSlice  id)
{
  if (id.length > 0)
    {
      g_string_append (out, ", \"id\": ");
      g_string_append_len (out, id.text, id.length);
    }
  return g_string_append (out, "}\r\n");
}

static char *
copy (char       *p,
      const char *text)
{
  return mempcpy (p, text, strlen (text));
}

/* All answers come by here: written in one piece. */
static GString *
make_reply (const char   *start,
            const char   *value,
            gsize         length,
            QmpJsonSlice  id)
{
  GString *out = g_string_sized_new (strlen (start) + length + id.length + strlen (", \"id\": }\r\n"));
  char *p = copy (out->str, start);

  p = mempcpy (p, value, length);
  if (id.length > 0)
    p = mempcpy (copy (p, ", \"id\": "), id.text, id.length);
  p = copy (p, "}\r\n");
  *p = '\0';
  out->len = p - out->str;
  return out;
}

GString *
qmp_server_text_return (const char   *value,
                        gsize         length,
                        QmpJsonSlice  id)
{
  return make_reply ("{\"return\": ", value, length, id);
}

GString *
qmp_server_text_failure (const char   *error,
                         gsize         length,
                         QmpJsonSlice  id)
{
  return make_reply ("{\"error\": ", error, length, id);
}

GString *
qmp_server_text_error (const char   *error_class,
                       const char   *desc,
                       QmpJsonSlice  id)
{
  GString *out = g_string_new ("{\"error\": {\"class\": ");

  append_string (out, error_class);
  g_string_append (out, ", \"desc\": ");
  append_string (out, desc);
  g_string_append_c (out, '}');
  return end (out, id);
}

GString *
qmp_server_text_event (const char *name,
                       const char *data,
                       gint64      time)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "{\"timestamp\": {\"seconds\": %" G_GINT64_FORMAT ", \"microseconds\": %d}, \"event\": ",
                          time / G_USEC_PER_SEC, (int) (time % G_USEC_PER_SEC));
  append_string (out, name);
  if (data != NULL)
    g_string_append_printf (out, ", \"data\": %s", data);
  return g_string_append (out, "}\r\n");
}
