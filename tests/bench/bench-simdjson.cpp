/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The check of a server's schema reply, beside simdjson's parser of the same bytes, each in turn.
 *
 *   bench-simdjson COUNT PATH
 *
 * Prints one line of JSON: the reply's size, and the medians in nanoseconds. simdjson makes its tape: its parser is
 * used again, and the bytes have the padding that it wants already. */

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <gio/gunixsocketaddress.h>
#include <qmp-glib/qmp-glib.h>
#include <simdjson.h>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

struct Contestant {
  std::string name;
  const simdjson::implementation *kernel = nullptr;  /* none for the library */
  simdjson::dom::parser parser;
  std::vector<double> times;
};

static void
check (GError *error)
{
  if (error != nullptr)
    g_error ("%s", error->message);
}

static GBytes *
fetch_schema (const char *path)
{
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr(QmpClient) client = qmp_client_new (nullptr);
  g_autoptr(GError) error = nullptr;
  g_autoptr(QmpMessage) command = nullptr;
  g_autoptr(QmpMessage) reply = nullptr;

  qmp_client_open (client, G_SOCKET_CONNECTABLE (address), nullptr, &error);
  check (error);
  command = qmp_message_new_command ("query-qmp-schema", nullptr, &error);
  check (error);
  reply = qmp_client_exchange (client, command, nullptr, &error);
  check (error);
  return g_bytes_ref (qmp_message_get_bytes (reply));
}

static std::vector<Contestant>
list_contestants ()
{
  const auto *best = simdjson::get_available_implementations ().detect_best_supported ();
  std::vector<Contestant> contestants (2);

  contestants[0].name = "qmp-glib";
  contestants[1].name = best->name ();
  contestants[1].kernel = best;
  for (const auto *kernel : simdjson::get_available_implementations ())
    if (kernel != best && kernel->supported_by_runtime_system () && kernel->name () != "fallback")
      {
        contestants.emplace_back ();
        contestants.back ().name = kernel->name ();
        contestants.back ().kernel = kernel;
      }
  return contestants;
}

static void
run (Contestant                    &self,
     GBytes                        *bytes,
     const simdjson::padded_string &padded)
{
  /* A parser keeps to what was active when it was used first. */
  if (self.kernel != nullptr)
    simdjson::get_active_implementation () = self.kernel;

  auto start = Clock::now ();

  if (self.kernel == nullptr)
    {
      g_autoptr(GError) error = nullptr;
      g_autoptr(QmpMessage) message = qmp_message_new_from_bytes (bytes, &error);

      check (error);
    }
  else if (self.parser.parse (padded).error () != simdjson::SUCCESS)
    g_error ("simdjson takes the reply to be wrong");

  self.times.push_back (std::chrono::duration<double, std::nano> (Clock::now () - start).count ());
}

static double
median (std::vector<double> &times)
{
  std::sort (times.begin (), times.end ());
  return times[times.size () / 2];
}

int
main (int    argc,
      char **argv)
{
  if (argc != 3)
    {
      g_printerr ("usage: bench-simdjson COUNT PATH\n");
      return 2;
    }

  guint count = g_ascii_strtoull (argv[1], nullptr, 10);
  g_autoptr(GBytes) bytes = fetch_schema (argv[2]);
  gsize length = g_bytes_get_size (bytes);
  simdjson::padded_string padded (static_cast<const char *> (g_bytes_get_data (bytes, nullptr)), length);
  std::vector<Contestant> contestants = list_contestants ();

  for (guint i = 0; i < count; i++)
    for (Contestant &contestant : contestants)
      run (contestant, bytes, padded);

  std::printf ("{\"bytes\": %zu, \"best\": \"%s\"", length, contestants[1].name.c_str ());
  for (Contestant &contestant : contestants)
    std::printf (", \"%s\": %.0f", contestant.name.c_str (), median (contestant.times));
  std::printf ("}\n");
  return 0;
}
