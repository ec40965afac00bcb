/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "test-guest.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The whole state of a machine whose guest is ready: a file without a name, which goes with the program. */
static int booted = -1;

static char *
dup_path (const char *name)
{
  return g_test_build_filename (G_TEST_BUILT, "guest", name, NULL);
}

gboolean
test_guest_is_missing (void)
{
  g_autofree char *path = dup_path ("initramfs");

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return FALSE;
  g_test_skip ("there is no guest: its kernel could not be had, or “meson compile guest” was not run");
  return TRUE;
}

/* --- a machine --- */

/* A machine can go on only where it has the devices that it had. */
static QmpLauncher *
launcher_new (int                  console,
              const char * const  *arguments)
{
  g_autofree char *kernel = dup_path ("vmlinuz");
  g_autofree char *initramfs = dup_path ("initramfs");
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr(QmpLauncher) launcher = qmp_launcher_new (NULL);
  g_autofree char *chardev = NULL;
  g_autofree char *port = NULL;
  g_auto(GStrv) argv = NULL;
  g_autoptr(GError) error = NULL;

  chardev = g_strdup_printf ("socket,id=console,fd=%d", qmp_launcher_inherit_fd (launcher, console, &error));
  g_assert_no_error (error);
  port = g_strdup_printf ("virtserialport,id=agent,name=org.qemu.guest_agent.0,chardev=%s",
                          qmp_launcher_add_agent_channel (launcher));
  g_strv_builder_add_many (builder, "qemu-system-x86_64", "-machine", "pc,accel=tcg", "-m", "96", "-nodefaults",
                           "-display", "none", "-kernel", kernel, "-initrd", initramfs,
                           "-append", "console=ttyS0 quiet agent=late", "-chardev", chardev, "-serial", "chardev:console",
                           "-device", "pvpanic", "-device", "ib700", "-device", "virtio-rng-pci,id=rng",
                           "-device", "virtio-serial-pci", "-device", port, NULL);
  g_strv_builder_addv (builder, (const char **) arguments);
  argv = g_strv_builder_end (builder);
  qmp_launcher_set_argv (launcher, (const char * const *) argv);
  return g_steal_pointer (&launcher);
}

static gboolean
console_cb (int           fd,
            GIOCondition  condition,
            gpointer      user_data)
{
  TestGuest *self = user_data;
  char buffer[4096];
  gssize size = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (size > 0)
    g_string_append_len (self->said, buffer, size);
  return size > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static TestGuest *
start (const char * const *arguments)
{
  TestGuest *self = g_new0 (TestGuest, 1);
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  self->console = fds[0];
  self->said = g_string_new (NULL);
  self->vm = test_machine_new (launcher_new (fds[1], arguments));
  close (fds[1]);
  /* A guest hangs when nobody reads what it says. */
  self->source = g_unix_fd_source_new (self->console, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (console_cb), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return self;
}

void
test_guest_free (TestGuest *self)
{
  if (self->vm != NULL)
    test_machine_free (self->vm);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  close (self->console);
  g_string_free (self->said, TRUE);
  g_free (self);
}

/* --- what is said --- */

void
test_guest_tell (TestGuest  *self,
                 const char *letters)
{
  g_assert_cmpint (write (self->console, letters, strlen (letters)), ==, strlen (letters));
}

void
test_guest_wait_said (TestGuest  *self,
                      const char *text)
{
  test_spin_until (strstr (self->said->str, text) != NULL);
  g_string_truncate (self->said, 0);
}

/* --- booting --- */

static void
execute (QmpMachine *vm,
         const char *text)
{
  g_autoptr(QmpMessage) command = test_message (text);
  g_autoptr(GError) error = NULL;
  g_autoptr(JsonNode) reply = test_execute_message (qmp_machine_get_client (vm), command, &error);

  g_assert_no_error (error);
}

static char *
dup_state_path (void)
{
  return g_strdup_printf ("/proc/%d/fd/%d", (int) getpid (), booted);
}

static void
create_state (void)
{
  g_autofree char *path = NULL;
  g_autoptr(GError) error = NULL;

  booted = g_file_open_tmp ("qmp-glib-guest-XXXXXX", &path, &error);
  g_assert_no_error (error);
  g_unlink (path);
}

/* Boots it, and keeps it as it is then. */
static void
boot (void)
{
  TestGuest *self = start ((const char * const []) { NULL });
  g_autofree char *state = NULL;
  g_autofree char *migrate = NULL;

  create_state ();
  state = dup_state_path ();
  migrate = g_strdup_printf ("{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"exec:cat > %s\"}}", state);
  test_guest_wait_said (self, "ready\n");
  execute (self->vm, "{\"execute\": \"migrate-set-capabilities\", \"arguments\": {\"capabilities\": "
                     "[{\"capability\": \"events\", \"state\": true}]}}");
  execute (self->vm, migrate);
  test_spin_until (qmp_machine_get_status (self->vm) == QMP_MACHINE_STATUS_POSTMIGRATE);
  test_machine_quit (g_steal_pointer (&self->vm));
  test_guest_free (self);
}

void
test_guest_clean_up (void)
{
  if (booted >= 0)
    close (booted);
  booted = -1;
}

TestGuest *
test_guest_new_for (const char * const *arguments)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *state = NULL;
  g_autofree char *incoming = NULL;
  g_auto(GStrv) all = NULL;
  TestGuest *self;

  if (booted < 0)
    boot ();
  state = dup_state_path ();
  incoming = g_strdup_printf ("exec:cat %s", state);
  g_strv_builder_add_many (builder, "-incoming", incoming, NULL);
  g_strv_builder_addv (builder, (const char **) arguments);
  all = g_strv_builder_end (builder);
  self = start ((const char * const *) all);
  /* What it is told before is lost. */
  test_spin_until (qmp_machine_get_running (self->vm));
  return self;
}
