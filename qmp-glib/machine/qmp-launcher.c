/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "machine/qmp-launcher-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qmp-glib/qmp-error.h>

#include "qmp-enums.h"

/**
 * QmpLauncher:
 *
 * How QEMU is started: the command line of a machine, and what goes with it.
 *
 * A launcher holds what the program says and starts nothing by itself. The command line is the program's own, to which only
 * the monitor is added (`-chardev socket,…,fd=3 -mon …`): it is connected before QEMU runs, has no path, and nobody else
 * can reach it. A launcher may be used again and again.
 *
 * ```c
 * const char *argv[] = { "qemu-system-x86_64", "-m", "512", "disk.qcow2", NULL };
 * g_autoptr(QmpLauncher) launcher = qmp_launcher_new (argv);
 * ```
 *
 * The process has nothing on its standard input and the program's standard output; what it says on its standard error
 * is told ([signal@Machine::output]), and the end of it kept ([property@Launcher:output-limit]). It is in a process group of its own, so that Ctrl-C in a terminal reaches the
 * program alone. When the program ends, however that happens, the process is killed, unless it is to be left running
 * ([method@Launcher.set_leave_running]).
 *
 * Since: 1.0
 */

#define DEFAULT_OUTPUT_LIMIT 16384
#define MONITOR_ID "qmp-glib-monitor"
#define LISTENING_ID "qmp-glib-listening"
#define AGENT_ID "qmp-glib-agent"

struct _QmpLauncher {
  GObject            parent_instance;

  char             **argv;               /* nullable */
  char              *working_directory;  /* nullable */
  char             **environment;        /* nullable */
  guint              output_limit;
  QmpLauncherFlags   flags;
  GSocketConnectable *left_address;      /* nullable: it dies with the program */
  int                left_output_fd;     /* -1 for nowhere */
  GArray            *fds;                /* of int, owned: what is inherited; -1 where each launch has its own */
  guint              agent;              /* which of them the guest agent's is; 0: none, for that is the monitor's */
};

enum {
  PROP_0,
  PROP_ARGV,
  PROP_WORKING_DIRECTORY,
  PROP_ENVIRONMENT,
  PROP_OUTPUT_LIMIT,
  PROP_FLAGS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpLauncher, qmp_launcher, G_TYPE_OBJECT)

static void
close_fd (gpointer fd)
{
  if (*(int *) fd >= 0)
    close (*(int *) fd);
}

static void
qmp_launcher_finalize (GObject *object)
{
  QmpLauncher *self = QMP_LAUNCHER (object);

  g_strfreev (self->argv);
  g_free (self->working_directory);
  g_strfreev (self->environment);
  g_array_unref (self->fds);
  g_clear_object (&self->left_address);
  close_fd (&self->left_output_fd);

  G_OBJECT_CLASS (qmp_launcher_parent_class)->finalize (object);
}

static void
get_property (GObject    *object,
              guint       property_id,
              GValue     *value,
              GParamSpec *pspec)
{
  QmpLauncher *self = QMP_LAUNCHER (object);

  switch (property_id)
    {
    case PROP_ARGV:
      g_value_set_boxed (value, self->argv);
      break;
    case PROP_WORKING_DIRECTORY:
      g_value_set_string (value, self->working_directory);
      break;
    case PROP_ENVIRONMENT:
      g_value_set_boxed (value, self->environment);
      break;
    case PROP_OUTPUT_LIMIT:
      g_value_set_uint (value, self->output_limit);
      break;
    case PROP_FLAGS:
      g_value_set_flags (value, self->flags);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
set_property (GObject      *object,
              guint         property_id,
              const GValue *value,
              GParamSpec   *pspec)
{
  QmpLauncher *self = QMP_LAUNCHER (object);

  switch (property_id)
    {
    case PROP_ARGV:
      qmp_launcher_set_argv (self, g_value_get_boxed (value));
      break;
    case PROP_WORKING_DIRECTORY:
      qmp_launcher_set_working_directory (self, g_value_get_string (value));
      break;
    case PROP_ENVIRONMENT:
      qmp_launcher_set_environment (self, g_value_get_boxed (value));
      break;
    case PROP_OUTPUT_LIMIT:
      qmp_launcher_set_output_limit (self, g_value_get_uint (value));
      break;
    case PROP_FLAGS:
      qmp_launcher_set_flags (self, g_value_get_flags (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * QmpLauncher:argv: (getter get_argv) (setter set_argv)
   *
   * The program and its arguments, without those of the monitor. The program is looked for in `PATH`.
   *
   * Nothing of it is understood, but that `-daemonize` cannot be launched. The arguments of the monitor are added behind it,
   * so it may begin with a wrapper that hands on what it is given, and the descriptors with it (`nice`, `taskset`).
   *
   * Since: 1.0
   */
  properties[PROP_ARGV] =
    g_param_spec_boxed ("argv", NULL, NULL, G_TYPE_STRV, writable);

  /**
   * QmpLauncher:working-directory: (getter get_working_directory) (setter set_working_directory)
   *
   * The directory in which it is started; `NULL` for the program's own.
   *
   * Since: 1.0
   */
  properties[PROP_WORKING_DIRECTORY] =
    g_param_spec_string ("working-directory", NULL, NULL, NULL, writable);

  /**
   * QmpLauncher:environment: (getter get_environment) (setter set_environment)
   *
   * Its environment, as `NAME=VALUE` each; `NULL` for the program's own.
   *
   * Since: 1.0
   */
  properties[PROP_ENVIRONMENT] =
    g_param_spec_boxed ("environment", NULL, NULL, G_TYPE_STRV, writable);

  /**
   * QmpLauncher:output-limit: (getter get_output_limit) (setter set_output_limit)
   *
   * How much of what the process says on its standard error is kept, in bytes: the end of it.
   *
   * The process never waits for a program that does not come to read: what finds no room in the pipe is lost.
   *
   * Since: 1.0
   */
  properties[PROP_OUTPUT_LIMIT] =
    g_param_spec_uint ("output-limit", NULL, NULL, 0, G_MAXINT, DEFAULT_OUTPUT_LIMIT, writable);

  /**
   * QmpLauncher:flags: (getter get_flags) (setter set_flags)
   *
   * How the machine is launched.
   *
   * Since: 1.0
   */
  properties[PROP_FLAGS] =
    g_param_spec_flags ("flags", NULL, NULL, QMP_TYPE_LAUNCHER_FLAGS, QMP_LAUNCHER_NONE, writable);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_launcher_class_init (QmpLauncherClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = qmp_launcher_finalize;
  object_class->get_property = get_property;
  object_class->set_property = set_property;
  install_properties (object_class);
}

static void
qmp_launcher_init (QmpLauncher *self)
{
  int monitor = -1;

  self->output_limit = DEFAULT_OUTPUT_LIMIT;
  self->left_output_fd = -1;
  self->fds = g_array_new (FALSE, FALSE, sizeof (int));
  g_array_set_clear_func (self->fds, close_fd);
  g_array_append_val (self->fds, monitor);
}

/* --- spawning --- */

/* No other option of QEMU's is looked at. With this one the process that was started ends at once, and
 * whatever it has left behind is nobody's. */
static gboolean
check_argv (QmpLauncher  *self,
            GError      **error)
{
  if (self->argv == NULL || self->argv[0] == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _("There is no program to launch: argv is empty"));
      return FALSE;
    }
  if (g_strv_contains ((const char * const *) self->argv, "-daemonize"))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _("A machine cannot be launched with “-daemonize”: it would be out of reach"));
      return FALSE;
    }
  return TRUE;
}

static void
add_agent (QmpLauncher  *self,
           GStrvBuilder *builder)
{
  g_autofree char *chardev = g_strdup_printf ("socket,id=%s,fd=%u", AGENT_ID, QMP_SPAWN_FIRST_FD + self->agent);

  g_strv_builder_add_many (builder, "-chardev", chardev, NULL);
}

/* The monitor that others can open, behind all other descriptors. */
static void
add_listening (QmpLauncher    *self,
               GStrvBuilder   *builder)
{
  g_autofree char *chardev = g_strdup_printf ("socket,id=%s,fd=%d,server=on,wait=off", LISTENING_ID,
                                              QMP_SPAWN_FIRST_FD + (int) self->fds->len);

  g_strv_builder_add_many (builder, "-chardev", chardev, "-mon", "chardev=" LISTENING_ID ",mode=control", NULL);
}

static GStrv
make_argv (QmpLauncher *self)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *chardev = g_strdup_printf ("socket,id=%s,fd=%d", MONITOR_ID, QMP_SPAWN_FIRST_FD);

  g_strv_builder_addv (builder, (const char **) self->argv);
  if (self->flags & QMP_LAUNCHER_PAUSED)
    g_strv_builder_add (builder, "-S");
  g_strv_builder_add_many (builder, "-chardev", chardev, "-mon", "chardev=" MONITOR_ID ",mode=control", NULL);
  if (self->agent != 0)
    add_agent (self, builder);
  if (self->left_address != NULL)
    add_listening (self, builder);
  return g_strv_builder_end (builder);
}

/* fd: taken. */
static GIOStream *
make_stream (int      fd,
             GError **error)
{
  g_autoptr(GSocket) socket = g_socket_new_from_fd (fd, error);

  if (socket == NULL)
    {
      close (fd);
      return NULL;
    }
  return G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
}

/* What a launch needs before the process: all of it is the process's, or given back. */
typedef struct {
  int           monitor_fd;  /* the process's end; -1 for none yet */
  int           agent_fd;    /* the same */
  int           error_fd;
  QmpLaunched   launched;
} Launch;

static void
launch_clear (Launch *launch)
{
  close_fd (&launch->monitor_fd);
  close_fd (&launch->agent_fd);
  close_fd (&launch->launched.agent_fd);
  close_fd (&launch->error_fd);
  g_clear_object (&launch->launched.monitor);
  g_clear_pointer (&launch->launched.output, qmp_output_free);
  g_clear_pointer (&launch->launched.listening, qmp_listening_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Launch, launch_clear)

static gboolean
make_pair (int     *fds,
           GError **error)
{
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  return FALSE;
}

/* If there is to be one. */
static gboolean
make_agent (QmpLauncher  *self,
            Launch       *launch,
            GError      **error)
{
  int fds[2] = { -1, -1 };

  if (self->agent != 0 && !make_pair (fds, error))
    return FALSE;
  launch->launched.agent_fd = fds[0];
  launch->agent_fd = fds[1];
  return TRUE;
}

static gboolean
make_monitor (Launch  *launch,
              GError **error)
{
  int fds[2];

  if (!make_pair (fds, error))
    return FALSE;
  launch->monitor_fd = fds[1];
  launch->launched.monitor = make_stream (fds[0], error);
  return launch->launched.monitor != NULL;
}

static int
open_output (QmpLauncher  *self,
             GError      **error)
{
  int fd = self->left_output_fd >= 0 ? fcntl (self->left_output_fd, F_DUPFD_CLOEXEC, QMP_SPAWN_FIRST_FD)
                                     : open ("/dev/null", O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errno), g_strerror (errno));
  return fd;
}

/* Where it speaks to, and where others find it. */
static gboolean
make_output (QmpLauncher  *self,
             Launch       *launch,
             GError      **error)
{
  if (self->left_address == NULL)
    {
      launch->launched.output = qmp_output_new (self->output_limit, &launch->error_fd, error);
      return launch->launched.output != NULL;
    }
  launch->error_fd = open_output (self, error);
  if (launch->error_fd < 0)
    return FALSE;
  /* Whoever can open a monitor can do whatever QEMU can. */
  launch->launched.listening = qmp_listening_new (self->left_address, QMP_LISTENING_OWNER_ONLY, NULL, NULL, NULL, error);
  return launch->launched.listening != NULL;
}

static QmpProcess *
spawn (QmpLauncher  *self,
       Launch       *launch,
       GError      **error)
{
  QmpListening *listening = launch->launched.listening;
  g_auto(GStrv) argv = make_argv (self);
  g_autofree int *fds = g_new (int, self->fds->len + 1);
  QmpSpawnPlan plan = {
    .argv = (const char * const *) argv,
    .directory = self->working_directory,
    .environment = (const char * const *) self->environment,
    .leave = listening != NULL,
    /* The program's may be a pipe that ends with it, and whose reader waits for the last who has it. */
    .output_fd = listening != NULL ? launch->error_fd : -1,
    .error_fd = launch->error_fd,
    .fds = fds,
    .n_fds = self->fds->len + (listening != NULL ? 1 : 0),
  };

  memcpy (fds, self->fds->data, self->fds->len * sizeof (int));
  fds[0] = launch->monitor_fd;
  if (self->agent != 0)
    fds[self->agent] = launch->agent_fd;
  if (listening != NULL)
    fds[self->fds->len] = qmp_listening_get_fd (listening);
  return qmp_process_spawn (&plan, error);
}

gboolean
qmp_launcher_spawn (QmpLauncher  *self,
                    QmpLaunched  *launched,
                    GError      **error)
{
  g_auto(Launch) launch = { -1, -1, -1, { .agent_fd = -1 } };

  if (!check_argv (self, error) || !make_monitor (&launch, error) || !make_agent (self, &launch, error) ||
      !make_output (self, &launch, error))
    return FALSE;
  launch.launched.process = spawn (self, &launch, error);
  if (launch.launched.process == NULL)
    return FALSE;
  *launched = launch.launched;
  launch.launched = (QmpLaunched) { .agent_fd = -1 };
  return TRUE;
}

/* --- the public face --- */

/**
 * qmp_launcher_new:
 * @argv: (nullable) (array zero-terminated=1): the program and its arguments, if they are known yet
 *
 * Makes a launcher; see [property@Launcher:argv].
 *
 * Returns: (transfer full): a new launcher
 *
 * Since: 1.0
 */
QmpLauncher *
qmp_launcher_new (const char * const *argv)
{
  return g_object_new (QMP_TYPE_LAUNCHER, "argv", argv, NULL);
}

/**
 * qmp_launcher_get_argv:
 * @self: a launcher
 *
 * Gets the program and its arguments; see [property@Launcher:argv].
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the command line
 *
 * Since: 1.0
 */
const char * const *
qmp_launcher_get_argv (QmpLauncher *self)
{
  g_return_val_if_fail (QMP_IS_LAUNCHER (self), NULL);

  return (const char * const *) self->argv;
}

/**
 * qmp_launcher_set_argv:
 * @self: a launcher
 * @argv: (nullable) (array zero-terminated=1): the program and its arguments
 *
 * Sets the program and its arguments; see [property@Launcher:argv].
 *
 * Since: 1.0
 */
void
qmp_launcher_set_argv (QmpLauncher         *self,
                       const char * const  *argv)
{
  char **copy;

  g_return_if_fail (QMP_IS_LAUNCHER (self));

  copy = g_strdupv ((char **) argv);
  g_strfreev (self->argv);
  self->argv = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ARGV]);
}

/**
 * qmp_launcher_get_working_directory:
 * @self: a launcher
 *
 * Gets where it is started; see [property@Launcher:working-directory].
 *
 * Returns: (nullable) (type filename): the directory
 *
 * Since: 1.0
 */
const char *
qmp_launcher_get_working_directory (QmpLauncher *self)
{
  g_return_val_if_fail (QMP_IS_LAUNCHER (self), NULL);

  return self->working_directory;
}

/**
 * qmp_launcher_set_working_directory:
 * @self: a launcher
 * @working_directory: (nullable) (type filename): a directory
 *
 * Sets where it is started; see [property@Launcher:working-directory].
 *
 * Since: 1.0
 */
void
qmp_launcher_set_working_directory (QmpLauncher *self,
                                    const char  *working_directory)
{
  char *copy;

  g_return_if_fail (QMP_IS_LAUNCHER (self));

  if (g_strcmp0 (self->working_directory, working_directory) == 0)
    return;
  copy = g_strdup (working_directory);
  g_free (self->working_directory);
  self->working_directory = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_WORKING_DIRECTORY]);
}

/**
 * qmp_launcher_get_environment:
 * @self: a launcher
 *
 * Gets the environment; see [property@Launcher:environment].
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the environment
 *
 * Since: 1.0
 */
const char * const *
qmp_launcher_get_environment (QmpLauncher *self)
{
  g_return_val_if_fail (QMP_IS_LAUNCHER (self), NULL);

  return (const char * const *) self->environment;
}

/**
 * qmp_launcher_set_environment:
 * @self: a launcher
 * @environment: (nullable) (array zero-terminated=1): `NAME=VALUE` each
 *
 * Sets the environment; see [property@Launcher:environment].
 *
 * Since: 1.0
 */
void
qmp_launcher_set_environment (QmpLauncher         *self,
                              const char * const  *environment)
{
  char **copy;

  g_return_if_fail (QMP_IS_LAUNCHER (self));

  copy = g_strdupv ((char **) environment);
  g_strfreev (self->environment);
  self->environment = copy;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENVIRONMENT]);
}

/**
 * qmp_launcher_get_output_limit:
 * @self: a launcher
 *
 * Gets how much of the standard error is kept; see [property@Launcher:output-limit].
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint
qmp_launcher_get_output_limit (QmpLauncher *self)
{
  g_return_val_if_fail (QMP_IS_LAUNCHER (self), 0);

  return self->output_limit;
}

/**
 * qmp_launcher_set_output_limit:
 * @self: a launcher
 * @output_limit: bytes
 *
 * Sets how much of the standard error is kept; see [property@Launcher:output-limit].
 *
 * Since: 1.0
 */
void
qmp_launcher_set_output_limit (QmpLauncher *self,
                               guint        output_limit)
{
  g_return_if_fail (QMP_IS_LAUNCHER (self));
  g_return_if_fail (output_limit <= G_MAXINT);

  if (self->output_limit == output_limit)
    return;
  self->output_limit = output_limit;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OUTPUT_LIMIT]);
}

/**
 * qmp_launcher_get_flags:
 * @self: a launcher
 *
 * Gets how the machine is launched.
 *
 * Returns: the flags
 *
 * Since: 1.0
 */
QmpLauncherFlags
qmp_launcher_get_flags (QmpLauncher *self)
{
  g_return_val_if_fail (QMP_IS_LAUNCHER (self), QMP_LAUNCHER_NONE);

  return self->flags;
}

/**
 * qmp_launcher_set_flags:
 * @self: a launcher
 * @flags: flags
 *
 * Sets how the machine is launched.
 *
 * Since: 1.0
 */
void
qmp_launcher_set_flags (QmpLauncher      *self,
                        QmpLauncherFlags  flags)
{
  g_return_if_fail (QMP_IS_LAUNCHER (self));

  if (self->flags == flags)
    return;
  self->flags = flags;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FLAGS]);
}

/**
 * qmp_launcher_inherit_fd:
 * @self: a launcher
 * @fd: a descriptor
 * @error: where to store an error
 *
 * Gives a descriptor to the process: for `-add-fd`, `-netdev tap,fd=`, `-chardev socket,fd=` and the like.
 *
 * A duplicate of @fd is taken at once, so the program may close its own. The number that it has in the process is known
 * now, for an argument ([method@Launcher.set_argv]): numbers begin with 4 and follow each other, for the monitor has 3.
 *
 * Errors are those of `G_IO_ERROR` for a descriptor that is not open, or if there are too many.
 *
 * Returns: the number of the descriptor in the process; -1 with @error set
 *
 * Since: 1.0
 */
int
qmp_launcher_inherit_fd (QmpLauncher  *self,
                         int           fd,
                         GError      **error)
{
  int own;

  g_return_val_if_fail (QMP_IS_LAUNCHER (self), -1);

  own = fcntl (fd, F_DUPFD_CLOEXEC, QMP_SPAWN_FIRST_FD);
  if (own < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _("Descriptor %d cannot be inherited: %s"), fd,
                   g_strerror (code));
      return -1;
    }
  g_array_append_val (self->fds, own);
  return QMP_SPAWN_FIRST_FD + (int) self->fds->len - 1;
}

/**
 * qmp_launcher_set_leave_running:
 * @self: a launcher
 * @address: (nullable): where the machine can be opened later; `NULL` if it is to die with the program
 * @output_fd: a descriptor for its standard output and standard error; -1 for nowhere
 * @error: where to store an error
 *
 * Lets the machine outlive the program.
 *
 * It gets a second monitor, which listens at @address: the socket is bound here when the machine is launched, and handed to the
 * process, so nobody else can take its place. Its file is for this user alone; QEMU removes it when it ends in an
 * orderly way, and one that a killed QEMU has left is replaced. The process is in a session of its own, and a machine that is
 * disposed of leaves it running, once it was launched. This or another program opens it again ([method@Machine.open],
 * [method@Machine.keep_open]) and may tell which process it is ([method@Machine.set_process]).
 *
 * A pipe to the program would end with it, so what QEMU says goes to @output_fd, such as that of a file, of which a duplicate is
 * taken; [property@Outcome:output] and the error of a launch that fails do not have it. An address that cannot be listened on is an
 * error of the launch.
 *
 * Errors are those of `G_IO_ERROR` for a descriptor that is not open.
 *
 * Returns: `TRUE` if it is so; `FALSE` with @error set, and nothing has changed
 *
 * Since: 1.0
 */
gboolean
qmp_launcher_set_leave_running (QmpLauncher         *self,
                                GSocketConnectable  *address,
                                int                  output_fd,
                                GError             **error)
{
  int own = -1;

  g_return_val_if_fail (QMP_IS_LAUNCHER (self), FALSE);
  g_return_val_if_fail (address == NULL || G_IS_SOCKET_CONNECTABLE (address), FALSE);

  if (output_fd >= 0 && (own = fcntl (output_fd, F_DUPFD_CLOEXEC, QMP_SPAWN_FIRST_FD)) < 0)
    {
      int code = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _("Descriptor %d cannot be inherited: %s"), output_fd,
                   g_strerror (code));
      return FALSE;
    }
  g_set_object (&self->left_address, address);
  close_fd (&self->left_output_fd);
  self->left_output_fd = own;
  return TRUE;
}

/**
 * qmp_launcher_add_agent_channel:
 * @self: a launcher
 *
 * Has the machine made with a channel to the guest agent, for [method@Machine.open_agent].
 *
 * It is a `-chardev` whose other end the machine keeps. Which device of the guest stands on it is the program's to say, in
 * [property@Launcher:argv]:
 *
 * ```
 * -device virtio-serial
 * -device virtserialport,id=agent,chardev=qmp-glib-agent,name=org.qemu.guest_agent.0
 * ```
 *
 * A machine has one: calling it again changes nothing.
 *
 * Returns: (transfer none): the id of the `-chardev`
 *
 * Since: 1.0
 */
const char *
qmp_launcher_add_agent_channel (QmpLauncher *self)
{
  int none = -1;

  g_return_val_if_fail (QMP_IS_LAUNCHER (self), NULL);

  if (self->agent == 0)
    {
      self->agent = self->fds->len;
      g_array_append_val (self->fds, none);
    }
  return AGENT_ID;
}
