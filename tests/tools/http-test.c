/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <locale.h>
#include <string.h>

#include "tool-http.h"
#include "tool-metrics.h"

/* What is asked for over HTTP, and how metrics are spelled. */

#define HOST "Host: localhost\r\n"

typedef struct {
  const char *text;
  gboolean    remote;   /* over TCP */
  guint       status;   /* 0: it is right */
  const char *path;
} Case;

static const Case cases[] = {
  { "GET /metrics HTTP/1.1\r\n" HOST, FALSE, 0, "/metrics" },
  { "GET /metrics?a=b HTTP/1.1\r\n" HOST, TRUE, 0, "/metrics" },
  { "GET / HTTP/1.0\r\n", TRUE, 0, "/" },
  { "GET / HTTP/1.1\r\nHost: 127.0.0.1:9100\r\nAccept: */*", TRUE, 0, "/" },
  { "GET / HTTP/1.1\r\nhost: [::1]:9100\r\nContent-Length: 0", TRUE, 0, "/" },
  { "GET / HTTP/1.1\r\nHost: anything\r\n", FALSE, 0, "/" },
  /* a page that has a browser ask us */
  { "GET / HTTP/1.1\r\nHost: evil.example\r\n", TRUE, 403 },
  { "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n", TRUE, 403 },
  { "GET / HTTP/1.0\r\nHost: 127.0.0.1.evil.example\r\n", TRUE, 403 },
  { "POST /metrics HTTP/1.1\r\n" HOST, FALSE, 405 },
  { "get /metrics HTTP/1.1\r\n" HOST, FALSE, 405 },
  { "GET /metrics HTTP/2.0\r\n" HOST, FALSE, 505 },
  { "GET /metrics HTTP/1.1\r\n", FALSE, 400 },
  { "GET /metrics HTTP/1.1\r\n" HOST HOST, FALSE, 400 },
  { "GET /metrics HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n", FALSE, 400 },
  { "GET /metrics HTTP/1.1\r\n" HOST "Content-Length: 1\r\n", FALSE, 400 },
  { "GET /metrics HTTP/1.1\r\n" HOST "no colon\r\n", FALSE, 400 },
  { "GET /metrics HTTP/1.1\r\n" HOST "Blank : a\r\n", FALSE, 400 },
  { "GET /metrics HTTP/1.1\r\n" HOST " folded: a\r\n", FALSE, 400 },
  { "GET /metrics HTTP/1.1\r\n" HOST "A: \x01\r\n", FALSE, 400 },
  { "GET metrics HTTP/1.1\r\n" HOST, FALSE, 400 },
  { "GET http://localhost/metrics HTTP/1.1\r\n" HOST, FALSE, 400 },
  { "GET /metrics\r\n" HOST, FALSE, 400 },
  { "GET  /metrics HTTP/1.1\r\n" HOST, FALSE, 400 },
  { "", FALSE, 400 },
  { "\r\n\r\n", FALSE, 400 },
};

static void
test_requests (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strdup (cases[i].text);
      g_autofree char *path = NULL;

      g_test_message ("%s", text);
      /* As it is found before the empty line. */
      if (g_str_has_suffix (text, "\r\n"))
        text[strlen (text) - 2] = '\0';
      g_assert_cmpuint (tool_http_parse (text, !cases[i].remote, &path), ==, cases[i].status);
      g_assert_cmpstr (path, ==, cases[i].path);
    }
}

static void
test_metrics (void)
{
  g_autoptr(GString) out = g_string_new (NULL);

  tool_metrics_begin (out, "a_total", "counter", "What it is.");
  tool_metrics_add (out, "a_total", 1, NULL);
  tool_metrics_add (out, "a_total", 0.25, "b", "x\"y\\z\nw{}=,é", "none", NULL, "c", "", NULL);
  tool_metrics_add (out, "a_total", 18446744073709551615.0, "none", NULL, NULL);
  tool_metrics_add (out, "a_total", -3, "b", "1", NULL);
  g_assert_cmpstr (out->str, ==,
                   "# HELP a_total What it is.\n# TYPE a_total counter\na_total 1\n"
                   "a_total{b=\"x\\\"y\\\\z\\nw{}=,é\",c=\"\"} 0.25\na_total 1.8446744073709552e+19\na_total{b=\"1\"} -3\n");
}

int
main (int    argc,
      char **argv)
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tool-http/requests", test_requests);
  g_test_add_func ("/tool-http/metrics", test_metrics);
  return g_test_run ();
}
