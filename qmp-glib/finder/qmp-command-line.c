/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "finder/qmp-command-line-private.h"

#include <string.h>

#include "finder/qmp-config-file-private.h"
#include "finder/qmp-options-private.h"

/* The port that a guest agent listens on in its guest. */
#define AGENT_PORT "org.qemu.guest_agent.0"
/* How QEMU calls what -qmp and -monitor make. */
#define LEGACY_ID "compat_monitor"

/* A character device is told of before or behind who uses it. */
/* Another user's process may name files without an end. */
#define MAX_CONFIGS 8

typedef struct {
  char       *text;
  GHashTable *options;
} Device;

typedef struct {
  QmpEndpointKind  kind;
  char            *id;
} User;

typedef struct {
  QmpCommandLine  *line;
  GHashTable      *devices;   /* of Device, by their ids */
  GArray          *users;     /* of User */
  guint            n_legacy;
  QmpReadFileFunc  read_file;
  gpointer         user_data;
  guint            n_configs;
} Reader;

static void
device_free (gpointer data)
{
  Device *device = data;

  g_free (device->text);
  g_hash_table_unref (device->options);
  g_free (device);
}

static void
clear_user (gpointer data)
{
  g_free (((User *) data)->id);
}

/* --- what they have in common --- */

static void
set_text (char       **field,
          const char  *text)
{
  if (text == NULL)
    return;
  g_free (*field);
  *field = g_utf8_make_valid (text, -1);
}

/* Takes options. */
static void
add_device (Reader     *reader,
            const char *id,
            const char *text,
            GHashTable *options)
{
  Device *device = g_new (Device, 1);

  device->text = g_strdup (text);
  device->options = options;
  g_hash_table_replace (reader->devices, g_strdup (id), device);
}

static void
add_user (Reader          *reader,
          QmpEndpointKind  kind,
          const char      *id)
{
  User user = { kind, g_strdup (id) };

  if (id != NULL)
    g_array_append_val (reader->users, user);
}

static void
take_chardev (Reader     *reader,
              const char *text)
{
  GHashTable *options = qmp_options_parse (text, "backend");
  const char *id = qmp_options_get (options, "id");

  if (id != NULL)
    add_device (reader, id, text, options);
  else
    g_hash_table_unref (options);
}

/* --- QEMU --- */

static void
take_legacy (Reader     *reader,
             const char *text,
             gboolean    is_qmp)
{
  g_autofree char *id = NULL;

  if (g_str_equal (text, "none"))
    return;
  if (g_str_has_prefix (text, "chardev:"))
    id = g_strdup (text + strlen ("chardev:"));
  else
    {
      id = g_strdup_printf (LEGACY_ID "%u", reader->n_legacy++);
      add_device (reader, id, text, qmp_chardev_parse_legacy (text));
    }
  if (is_qmp)
    add_user (reader, QMP_ENDPOINT_KIND_MONITOR, id);
}

static void
take_qmp (Reader     *reader,
          const char *text)
{
  take_legacy (reader, text, TRUE);
}

static void
take_human_monitor (Reader     *reader,
                    const char *text)
{
  take_legacy (reader, text, FALSE);
}

static void
take_mon (Reader     *reader,
          const char *text)
{
  g_autoptr(GHashTable) options = qmp_options_parse (text, "chardev");

  if (g_strcmp0 (qmp_options_get (options, "mode"), "control") == 0)
    add_user (reader, QMP_ENDPOINT_KIND_MONITOR, qmp_options_get (options, "chardev"));
}

static void
take_guest_device (Reader     *reader,
                   const char *text)
{
  g_autoptr(GHashTable) options = qmp_options_parse (text, "driver");

  if (g_strcmp0 (qmp_options_get (options, "driver"), "virtserialport") == 0 &&
      g_strcmp0 (qmp_options_get (options, "name"), AGENT_PORT) == 0)
    add_user (reader, QMP_ENDPOINT_KIND_AGENT, qmp_options_get (options, "chardev"));
}

static void
take_name (Reader     *reader,
           const char *text)
{
  g_autoptr(GHashTable) options = qmp_options_parse (text, "guest");

  set_text (&reader->line->name, qmp_options_get (options, "guest"));
}

static void
take_uuid (Reader     *reader,
           const char *text)
{
  set_text (&reader->line->uuid, text);
}

static void
take_machine (Reader     *reader,
              const char *text)
{
  g_autoptr(GHashTable) options = qmp_options_parse (text, "type");

  set_text (&reader->line->machine_type, qmp_options_get (options, "type"));
}

static void
pass_over (Reader     *reader,
           const char *text)
{
}

static void take_config (Reader     *reader,
                         const char *text);

/* Those whose value is wanted, or may look like one of these options. */
static const struct {
  const char *name;
  void      (* take) (Reader     *reader,
                      const char *text);
} qemu_options[] = {
  { "chardev", take_chardev }, { "mon", take_mon }, { "qmp", take_qmp }, { "qmp-pretty", take_qmp },
  { "monitor", take_human_monitor }, { "device", take_guest_device }, { "name", take_name }, { "uuid", take_uuid },
  { "machine", take_machine }, { "M", take_machine }, { "readconfig", take_config }, { "append", pass_over },
};

/* Returns whether there is such an option. */
static gboolean
take_option (Reader     *reader,
             const char *name,
             const char *value)
{
  for (guint i = 0; i < G_N_ELEMENTS (qemu_options); i++)
    if (g_str_equal (name, qemu_options[i].name))
      {
        qemu_options[i].take (reader, value);
        return TRUE;
      }
  return FALSE;
}

static void
config_cb (const char *group,
           const char *options,
           gpointer    user_data)
{
  if (!g_str_equal (group, "readconfig"))
    take_option (user_data, group, options);
}

static void
take_config (Reader     *reader,
             const char *text)
{
  g_autofree char *contents = NULL;

  if (reader->n_configs == MAX_CONFIGS)
    return;
  reader->n_configs++;
  contents = reader->read_file (text, reader->user_data);
  if (contents != NULL)
    qmp_config_file_read (contents, config_cb, reader);
}

static void
read_qemu (Reader             *reader,
           const char * const *argv)
{
  for (; *argv != NULL; argv++)
    {
      const char *word = *argv;

      if (*word == '-' && argv[1] != NULL && take_option (reader, word + (word[1] == '-' ? 2 : 1), argv[1]))
        argv++;
    }
}

/* --- the storage daemon and the agent, which read theirs with getopt_long() --- */

/* The value of the option at *argv, "--name VALUE", "--name=VALUE", "-n VALUE" or "-nVALUE", of which *argv moves to the last
 * word; NULL if it is another one. The name may be cut. */
static const char *
match_option (const char * const **argv,
              const char          *name,
              char                 letter)
{
  const char *word = **argv;
  const char *value = NULL;

  if (g_str_has_prefix (word, "--"))
    {
      gsize length = strcspn (word + 2, "=");

      if (length == 0 || strncmp (word + 2, name, length) != 0)
        return NULL;
      value = word[2 + length] == '=' ? word + 2 + length + 1 : NULL;
    }
  else if (letter == '\0' || *word != '-' || word[1] != letter)
    return NULL;
  else if (word[2] != '\0')
    value = word + 2;
  if (value == NULL && (*argv)[1] != NULL)
    value = *++*argv;
  return value;
}

static void
take_daemon_monitor (Reader     *reader,
                     const char *text)
{
  g_autoptr(GHashTable) options = qmp_options_parse (text, "chardev");

  add_user (reader, QMP_ENDPOINT_KIND_MONITOR, qmp_options_get (options, "chardev"));
}

static void
read_storage_daemon (Reader             *reader,
                     const char * const *argv)
{
  for (; *argv != NULL; argv++)
    {
      const char *value;

      if ((value = match_option (&argv, "chardev", '\0')) != NULL)
        take_chardev (reader, value);
      else if ((value = match_option (&argv, "monitor", '\0')) != NULL)
        take_daemon_monitor (reader, value);
    }
}

/* path: as the agent has it: for a vsock "CID:PORT". */
static void
take_agent (Reader     *reader,
            const char *method,
            const char *path)
{
  QmpEndpointPlan *plan = g_new0 (QmpEndpointPlan, 1);
  g_autofree char *description = g_strdup_printf ("%s %s", method, path);
  const char *colon = strchr (path, ':');

  plan->kind = QMP_ENDPOINT_KIND_AGENT;
  plan->description = g_utf8_make_valid (description, -1);
  plan->chardev.listens = g_str_has_suffix (method, "-listen");
  if (g_str_equal (method, "unix-listen"))
    {
      plan->chardev.type = QMP_CHARDEV_PATH;
      plan->chardev.place = g_strdup (path);
    }
  else if (g_str_equal (method, "vsock-listen") && colon != NULL)
    {
      plan->chardev.type = QMP_CHARDEV_VSOCK;
      plan->chardev.place = g_strndup (path, colon - path);
      plan->chardev.number = g_ascii_strtoull (colon + 1, NULL, 10);
    }
  g_ptr_array_add (reader->line->endpoints, plan);
}

static void
read_agent (Reader             *reader,
            const char * const *argv)
{
  const char *method = "virtio-serial", *path = NULL;

  for (; *argv != NULL; argv++)
    {
      const char *value;

      if ((value = match_option (&argv, "method", 'm')) != NULL)
        method = value;
      else if ((value = match_option (&argv, "path", 'p')) != NULL)
        path = value;
    }
  take_agent (reader, method, path != NULL ? path : "");
}

/* --- all of them --- */

static void
take_user (Reader     *reader,
           const User *user)
{
  Device *device = g_hash_table_lookup (reader->devices, user->id);
  QmpEndpointPlan *plan = g_new0 (QmpEndpointPlan, 1);

  plan->kind = user->kind;
  plan->id = g_utf8_make_valid (user->id, -1);
  plan->description = device != NULL ? g_utf8_make_valid (device->text, -1) : g_strdup (plan->id);
  if (device != NULL)
    qmp_chardev_init (&plan->chardev, device->options);
  g_ptr_array_add (reader->line->endpoints, plan);
}

static void
plan_free (gpointer data)
{
  QmpEndpointPlan *plan = data;

  g_free (plan->id);
  g_free (plan->description);
  qmp_chardev_clear (&plan->chardev);
  g_free (plan);
}

QmpCommandLine *
qmp_command_line_new (QmpInstanceKind      kind,
                      const char * const  *argv,
                      QmpReadFileFunc      read_file,
                      gpointer             user_data)
{
  static void (* const readers[]) (Reader *, const char * const *) = {
    [QMP_INSTANCE_KIND_MACHINE] = read_qemu,
    [QMP_INSTANCE_KIND_STORAGE_DAEMON] = read_storage_daemon,
    [QMP_INSTANCE_KIND_GUEST_AGENT] = read_agent,
  };
  QmpCommandLine *self = g_new0 (QmpCommandLine, 1);
  Reader reader = { self, NULL, NULL, 0, read_file, user_data };

  self->kind = kind;
  self->endpoints = g_ptr_array_new_with_free_func (plan_free);
  reader.devices = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, device_free);
  reader.users = g_array_new (FALSE, FALSE, sizeof (User));
  g_array_set_clear_func (reader.users, clear_user);
  if (argv[0] != NULL)
    readers[kind] (&reader, argv + 1);
  for (guint i = 0; i < reader.users->len; i++)
    take_user (&reader, &g_array_index (reader.users, User, i));
  g_array_unref (reader.users);
  g_hash_table_unref (reader.devices);
  return self;
}

void
qmp_command_line_free (QmpCommandLine *self)
{
  g_free (self->name);
  g_free (self->uuid);
  g_free (self->machine_type);
  g_ptr_array_unref (self->endpoints);
  g_free (self);
}

/* Some distributions have the program under such a name, beside a script of the usual one. */
gboolean
qmp_command_line_is_server (const char      *program,
                            QmpInstanceKind *kind)
{
  static const struct {
    const char      *name;
    QmpInstanceKind  kind;
  } names[] = {
    { "qemu-system-", QMP_INSTANCE_KIND_MACHINE }, { "qemu-kvm", QMP_INSTANCE_KIND_MACHINE },
    { "qemu-storage-daemon", QMP_INSTANCE_KIND_STORAGE_DAEMON }, { "qemu-ga", QMP_INSTANCE_KIND_GUEST_AGENT },
  };

  if (*program == '.')
    program++;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      gsize length = strlen (names[i].name);

      if (!g_str_has_prefix (program, names[i].name) ||
          (names[i].name[length - 1] != '-' && g_ascii_isalnum (program[length])))
        continue;
      *kind = names[i].kind;
      return TRUE;
    }
  return FALSE;
}
