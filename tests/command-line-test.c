/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-command-line-private.h"

#include <qmp-glib/qmp-glib.h>
#include <string.h>

/* All ways to say where a monitor is. */

#define QEMU QMP_INSTANCE_KIND_MACHINE
#define DAEMON QMP_INSTANCE_KIND_STORAGE_DAEMON
#define AGENT QMP_INSTANCE_KIND_GUEST_AGENT

/* words: with one blank between them. */
typedef struct {
  const char      *name;
  QmpInstanceKind  kind;
  const char      *words;
  const char      *expected;
} Row;

static const Row rows[] = {
  { "nothing", QEMU, "", "- - -" },
  { "name", QEMU, "-name vm", "vm - -" },
  { "name-of-guest", QEMU, "-name guest=vm,debug-threads=on", "vm - -" },
  { "name-with-comma", QEMU, "-name a,,b,process=c", "a,b - -" },
  { "name-with-sign", QEMU, "-name a,,b=c", "a,b=c - -" },
  { "name-like-key", QEMU, "-name a=b,,c", "- - -" },
  { "name-behind", QEMU, "-name debug-threads=on,guest=vm", "vm - -" },
  { "name-empty", QEMU, "-name  -S", "- - -" },
  { "name-twice", QEMU, "-name a -name process=x -name b", "b - -" },
  { "two-dashes", QEMU, "--name vm --uuid 1-2", "vm 1-2 -" },
  { "machine", QEMU, "-machine q35,accel=kvm -uuid u", "- u q35" },
  { "machine-short", QEMU, "-M type=pc -machine usb=off", "- - pc" },
  { "qmp", QEMU, "-qmp unix:/m.sock,server=on,wait=off", "- - - [monitor compat_monitor0 path /m.sock 0 listens]" },
  { "qmp-old", QEMU, "-qmp unix:m.sock,server,nowait", "- - - [monitor compat_monitor0 path m.sock 0 listens]" },
  { "qmp-pretty", QEMU, "-qmp-pretty unix:a,,b,server", "- - - [monitor compat_monitor0 path a,b 0 listens]" },
  { "qmp-client", QEMU, "-qmp unix:m.sock", "- - - [monitor compat_monitor0 path m.sock 0]" },
  { "qmp-not-server", QEMU, "-qmp unix:m.sock,server=off", "- - - [monitor compat_monitor0 path m.sock 0]" },
  { "qmp-abstract", QEMU, "-qmp unix:m,server,abstract=on", "- - - [monitor compat_monitor0 abstract m 0 listens]" },
  { "qmp-tcp", QEMU, "-qmp tcp:host:4444,server=on", "- - - [monitor compat_monitor0 tcp host 4444 listens]" },
  { "qmp-tcp-any", QEMU, "-qmp tcp::4444,server", "- - - [monitor compat_monitor0 tcp - 4444 listens]" },
  { "qmp-tcp-bad", QEMU, "-qmp tcp:4444", "- - - [monitor compat_monitor0 other - 0]" },
  { "qmp-telnet", QEMU, "-qmp telnet:h:1,server", "- - - [monitor compat_monitor0 other - 0 listens]" },
  { "qmp-websocket", QEMU, "-qmp websocket:h:1,server", "- - - [monitor compat_monitor0 other - 0 listens]" },
  { "qmp-stdio", QEMU, "-qmp stdio", "- - - [monitor compat_monitor0 other - 0]" },
  { "qmp-shared", QEMU, "-qmp mon:stdio", "- - - [monitor compat_monitor0 other - 0]" },
  { "qmp-pipe", QEMU, "-qmp pipe:/p", "- - - [monitor compat_monitor0 pipe /p 0 listens]" },
  { "qmp-none", QEMU, "-qmp none", "- - -" },
  { "qmp-of-chardev", QEMU, "-qmp chardev:c -chardev socket,id=c,path=/p,server", "- - - [monitor c path /p 0 listens]" },
  { "qmp-behind-monitor", QEMU, "-monitor stdio -qmp stdio", "- - - [monitor compat_monitor1 other - 0]" },
  { "human", QEMU, "-monitor unix:/p,server", "- - -" },
  { "human-mon", QEMU, "-chardev socket,id=c,path=/p,server -mon c", "- - -" },
  { "human-mode", QEMU, "-chardev socket,id=c,path=/p,server -mon c,mode=readline", "- - -" },
  { "mon", QEMU, "-chardev socket,id=c,path=/p,server=on -mon chardev=c,mode=control",
    "- - - [monitor c path /p 0 listens]" },
  { "mon-in-front", QEMU, "-mon c,mode=control,pretty=on -chardev backend=socket,path=/p,server,id=c",
    "- - - [monitor c path /p 0 listens]" },
  { "mon-of-nothing", QEMU, "-mon c,mode=control", "- - - [monitor c other - 0]" },
  { "libvirt", QEMU, "-name guest=vm,debug-threads=on -chardev socket,id=charmonitor,fd=24,server=on,wait=off "
    "-mon chardev=charmonitor,id=monitor,mode=control", "vm - - [monitor charmonitor fd - 24 listens]" },
  { "libvirt-agent", QEMU, "-chardev socket,id=c0,fd=31,server=on -device "
    "{\"driver\":\"virtserialport\",\"bus\":\"b.0\",\"nr\":1,\"chardev\":\"c0\",\"name\":\"org.qemu.guest_agent.0\"}",
    "- - - [agent c0 fd - 31 listens]" },
  { "agent", QEMU, "-device virtserialport,chardev=q,name=org.qemu.guest_agent.0 -chardev socket,path=/g,server,id=q",
    "- - - [agent q path /g 0 listens]" },
  { "agent-of-driver", QEMU, "-device name=org.qemu.guest_agent.0,driver=virtserialport,chardev=q -chardev null,id=q",
    "- - - [agent q other - 0]" },
  { "other-port", QEMU, "-device virtserialport,chardev=q,name=spice -chardev socket,path=/g,server,id=q", "- - -" },
  { "json-that-is-not", QEMU, "-device {\"driver\": -device {} -device []", "- - -" },
  { "ports", QEMU, "-chardev socket,id=c,host=h,port=1,to=9,server -mon c,mode=control", "- - - [monitor c other - 0 listens]" },
  { "port-0", QEMU, "-chardev socket,id=c,host=h,port=0,server -mon c,mode=control", "- - - [monitor c other - 0 listens]" },
  { "ipv6", QEMU, "-chardev socket,id=c,host=::1,port=9,server -mon c,mode=control", "- - - [monitor c tcp ::1 9 listens]" },
  { "two", QEMU, "-qmp unix:/a,server -qmp unix:/b,server",
    "- - - [monitor compat_monitor0 path /a 0 listens] [monitor compat_monitor1 path /b 0 listens]" },
  { "value-like-option", QEMU, "-append -qmp -kernel stdio", "- - -" },
  { "last-word", QEMU, "-name vm -qmp", "vm - -" },
  { "file", QEMU, "-readconfig file", "n,n - pc [monitor c path /a,b 0 listens] [agent q fd - 7]" },
  { "file-ninth", QEMU, "-readconfig x -readconfig x -readconfig x -readconfig x -readconfig x -readconfig x -readconfig x -readconfig x -readconfig file", "- - -" },
  { "file-missing", QEMU, "-readconfig missing -name vm", "vm - -" },
  { "daemon", DAEMON, "--chardev socket,path=/p,server=on,id=c --monitor c", "- - - [monitor c path /p 0 listens]" },
  { "daemon-signs", DAEMON, "--monitor=chardev=c --char=socket,path=/p,server=on,id=c",
    "- - - [monitor c path /p 0 listens]" },
  { "daemon-json", DAEMON, "--chardev socket,path=/p,server=on,id=c --mon {\"chardev\":\"c\"}",
    "- - - [monitor c path /p 0 listens]" },
  { "daemon-name", DAEMON, "-name vm --name vm", "- - -" },
  { "agent-listens", AGENT, "-m unix-listen -p /g", "- - - [agent - path /g 0 listens]" },
  { "agent-signs", AGENT, "--method=unix-listen -p/g", "- - - [agent - path /g 0 listens]" },
  { "agent-vsock", AGENT, "-mvsock-listen --path 3:1234", "- - - [agent - vsock 3 1234 listens]" },
  { "agent-in-guest", AGENT, "-d", "- - - [agent - other - 0]" },
};

static const char *
or_dash (const char *text)
{
  return text != NULL ? text : "-";
}

static void
append_endpoint (GString               *out,
                 const QmpEndpointPlan *plan)
{
  static const char * const types[] = { "other", "path", "abstract", "tcp", "vsock", "fd", "pipe" };

  g_string_append_printf (out, " [%s %s %s %s %u%s]", plan->kind == QMP_ENDPOINT_KIND_AGENT ? "agent" : "monitor",
                          or_dash (plan->id), types[plan->chardev.type], or_dash (plan->chardev.place),
                          plan->chardev.number, plan->chardev.listens ? " listens" : "");
}

static char *
describe (const QmpCommandLine *line)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%s %s %s", or_dash (line->name), or_dash (line->uuid), or_dash (line->machine_type));
  for (guint i = 0; i < line->endpoints->len; i++)
    append_endpoint (out, line->endpoints->pdata[i]);
  return g_string_free (out, FALSE);
}

static char *
read_file_cb (const char *name,
              gpointer    user_data)
{
  if (!g_str_equal (name, "file"))
    return NULL;
  return g_strdup ("# a comment\n\n  key = \"of no group\"\n[name]\n  guest = \"n,n\"\n[machine]\n\ttype=\"pc\"\n"
                   "[chardev \"c\"]\n  backend = \"socket\"\n  path = \"/a,b\"\n  server = \"on\"\n"
                   "[mon]\nchardev = \"c\"\nmode = \"control\"\nbroken\nbroken = \n[readconfig]\n x = \"file\"\n"
                   "[chardev \"q\"]\n  backend = \"socket\"\n  fd = \"7\"\n"
                   "[device \"d\"]\n  driver = \"virtserialport\"\n name = \"org.qemu.guest_agent.0\"\n chardev = \"q\"\n[");
}

static void
test_row (gconstpointer data)
{
  const Row *row = data;
  g_auto(GStrv) words = g_strsplit (*row->words != '\0' ? row->words : "-S", " ", -1);
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) argv = NULL;
  g_autoptr(QmpCommandLine) line = NULL;
  g_autofree char *text = NULL;

  g_strv_builder_add (builder, "program");
  for (guint i = 0; words[i] != NULL; i++)
    g_strv_builder_add (builder, words[i]);
  argv = g_strv_builder_end (builder);
  line = qmp_command_line_new (row->kind, (const char * const *) argv, read_file_cb, NULL);
  text = describe (line);
  g_assert_cmpstr (text, ==, row->expected);
}

/* Bytes that are not UTF-8 stay in a path, and not in a text. */
static void
test_bytes (void)
{
  const char * const argv[] = { "program", "-name", "a\xff\nb", "-qmp", "unix:/p\xff,server", "", "-", "--", NULL };
  g_autoptr(QmpCommandLine) line = qmp_command_line_new (QEMU, argv, read_file_cb, NULL);
  const QmpEndpointPlan *plan = line->endpoints->pdata[0];

  g_assert_cmpstr (line->name, ==, "a\357\277\275\nb");
  g_assert_cmpstr (plan->chardev.place, ==, "/p\xff");
  g_assert_true (g_utf8_validate (plan->description, -1, NULL));
}

static void
test_no_words (void)
{
  const char * const argv[] = { NULL };
  const char * const title[] = { "qemu-system-x86_64 -name vm -qmp stdio", NULL };

  for (QmpInstanceKind kind = QEMU; kind <= AGENT; kind++)
    qmp_command_line_free (qmp_command_line_new (kind, argv, read_file_cb, NULL));
  qmp_command_line_free (qmp_command_line_new (QEMU, title, read_file_cb, NULL));
}

static void
test_programs (void)
{
  static const struct { const char *name; int kind; } programs[] = {
    { "qemu-system-x86_64", QEMU }, { "qemu-kvm", QEMU }, { "qemu-system-aarch64 (deleted)", QEMU },
    { ".qemu-system-x86_64-wrapped", QEMU }, { "qemu-storage-daemon", DAEMON }, { "qemu-ga", AGENT },
    { "qemu-ga (deleted)", AGENT }, { "qemu-gadget", -1 }, { "qemu-img", -1 }, { "my-qemu-system-x86_64", -1 }, { "", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      QmpInstanceKind kind = QEMU;
      gboolean is_server = qmp_command_line_is_server (programs[i].name, &kind);

      g_assert_cmpint (is_server ? (int) kind : -1, ==, programs[i].kind);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/command-line/", rows[i].name, NULL);

      g_test_add_data_func (path, &rows[i], test_row);
    }
  g_test_add_func ("/command-line/bytes", test_bytes);
  g_test_add_func ("/command-line/no-words", test_no_words);
  g_test_add_func ("/command-line/programs", test_programs);
  return g_test_run ();
}
