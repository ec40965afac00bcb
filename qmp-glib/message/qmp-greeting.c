/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "core/qmp-error-private.h"
#include "message/qmp-message-private.h"
#include "message/qmp-message-struct-private.h"

/**
 * QmpGreeting:
 *
 * What a server says first: its version, and the capabilities that can be negotiated.
 *
 * Greetings are received only, hence read-only; [property@Client:greeting] has the one of the
 * connection. What this class does not give is found with the functions of [class@Message].
 *
 * ```c
 * QmpGreeting *greeting = qmp_client_get_greeting (client);
 *
 * if (greeting != NULL)
 *   g_print ("QEMU %s\n", qmp_greeting_get_version_string (greeting));
 * ```
 *
 * See the section “Server Greeting” of the QMP specification.
 *
 * Since: 1.0
 */

struct _QmpGreeting {
  QmpMessage   parent_instance;
  guint        version[3]; /* major, minor, micro */
  char        *version_string;
  char        *package;
  char       **capabilities;
};

struct _QmpGreetingClass {
  QmpMessageClass parent_class;
};

enum {
  PROP_0,
  PROP_VERSION_STRING,
  PROP_PACKAGE,
  PROP_CAPABILITIES,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (QmpGreeting, qmp_greeting, QMP_TYPE_MESSAGE)

static void
qmp_greeting_finalize (GObject *object)
{
  QmpGreeting *self = QMP_GREETING (object);

  g_clear_pointer (&self->version_string, g_free);
  g_clear_pointer (&self->package, g_free);
  g_clear_pointer (&self->capabilities, g_strfreev);

  G_OBJECT_CLASS (qmp_greeting_parent_class)->finalize (object);
}

static void
qmp_greeting_get_property (GObject    *object,
                           guint       prop_id,
                           GValue     *value,
                           GParamSpec *pspec)
{
  QmpGreeting *self = QMP_GREETING (object);

  switch (prop_id)
    {
    case PROP_VERSION_STRING:
      g_value_set_string (value, self->version_string);
      break;
    case PROP_PACKAGE:
      g_value_set_string (value, self->package);
      break;
    case PROP_CAPABILITIES:
      g_value_set_boxed (value, self->capabilities);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
qmp_greeting_class_init (QmpGreetingClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = qmp_greeting_finalize;
  object_class->get_property = qmp_greeting_get_property;

  /**
   * QmpGreeting:version-string: (getter get_version_string)
   *
   * The version of the server's QEMU, for example `7.2.22`.
   *
   * Since: 1.0
   */
  properties[PROP_VERSION_STRING] =
    g_param_spec_string ("version-string", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * QmpGreeting:package: (getter get_package)
   *
   * What the distribution says about the version, for example `Debian 1:7.2+dfsg-7`; may be empty.
   *
   * Since: 1.0
   */
  properties[PROP_PACKAGE] =
    g_param_spec_string ("package", NULL, NULL, NULL,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * QmpGreeting:capabilities: (getter get_capabilities)
   *
   * The capabilities that the server offers.
   *
   * Since: 1.0
   */
  properties[PROP_CAPABILITIES] =
    g_param_spec_boxed ("capabilities", NULL, NULL, G_TYPE_STRV,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_greeting_init (QmpGreeting *self)
{
  qmp_message_check_received (QMP_MESSAGE (self));
  self->version_string = g_strdup ("0.0.0");
  self->package = g_strdup ("");
  self->capabilities = g_new0 (char *, 1);
}

/* The members of an object; of a key used twice the last one. values: none at first, which stays so for what is not there, and
 * for all if it is not an object. */
static void
find_members (QmpJsonSlice        object,
              const char * const *names,
              QmpJsonSlice       *values)
{
  QmpJsonCursor cursor;
  QmpJsonSlice key;
  QmpJsonSlice value;

  if (*object.text != '{')
    return;

  qmp_json_cursor_init (&cursor, object.text, object.length);
  while (qmp_json_cursor_next_member (&cursor, &key, &value))
    for (guint i = 0; names[i] != NULL; i++)
      if (qmp_json_string_equal (key.text, key.length, names[i]))
        values[i] = value;
}

/* 0 if it is not there, or not a number of a version. */
static guint
get_number (QmpJsonSlice value)
{
  guint64 number;

  if (value.text == NULL || !qmp_json_get_uint64 (value.text, value.length, &number) || number > G_MAXUINT)
    return 0;

  return (guint) number;
}

static void
read_numbers (QmpGreeting  *self,
              QmpJsonSlice  qemu)
{
  const char *names[] = { "major", "minor", "micro", NULL };
  QmpJsonSlice values[3] = { 0 };

  find_members (qemu, names, values);
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    self->version[i] = get_number (values[i]);
  g_free (self->version_string);
  self->version_string = g_strdup_printf ("%u.%u.%u", self->version[0], self->version[1], self->version[2]);
}

static void
read_version (QmpGreeting  *self,
              QmpJsonSlice  version)
{
  const char *names[] = { "qemu", "package", NULL };
  QmpJsonSlice values[2] = { 0 };

  find_members (version, names, values);
  if (values[0].text != NULL)
    read_numbers (self, values[0]);
  if (values[1].text != NULL && *values[1].text == '"')
    {
      g_free (self->package);
      self->package = qmp_json_dup_string (values[1].text, values[1].length);
    }
}

static void
read_capabilities (QmpGreeting  *self,
                   QmpJsonSlice  capabilities)
{
  g_autoptr(GPtrArray) names = NULL;
  QmpJsonCursor cursor;
  QmpJsonSlice value;

  if (*capabilities.text != '[')
    return;

  names = g_ptr_array_new_with_free_func (g_free);
  qmp_json_cursor_init (&cursor, capabilities.text, capabilities.length);
  while (qmp_json_cursor_next_element (&cursor, &value))
    {
      if (*value.text == '"')
        g_ptr_array_add (names, qmp_json_dup_string (value.text, value.length));
    }
  g_ptr_array_add (names, NULL);

  g_strfreev (self->capabilities);
  self->capabilities = (char **) g_ptr_array_steal (names, NULL);
}

QmpGreeting *
qmp_greeting_new_received (QmpJsonReader  *reader,
                           QmpJsonFrame   *frame,
                           GError        **error)
{
  g_autoptr(QmpGreeting) self = qmp_message_new_received_as (QMP_TYPE_GREETING, reader, frame);
  const char *names[] = { "version", "capabilities", NULL };
  QmpJsonSlice values[2] = { 0 };
  QmpJsonSlice qmp;

  if (!qmp_body_find (&QMP_MESSAGE (self)->body, "QMP", &qmp) || *qmp.text != '{')
    {
      g_propagate_error (error,
                         qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_GREETING, frame->text, frame->length, -1,
                                                          _("The greeting has no object “QMP”")));
      return NULL;
    }

  find_members (qmp, names, values);
  if (values[0].text != NULL)
    read_version (self, values[0]);
  if (values[1].text != NULL)
    read_capabilities (self, values[1]);

  return g_steal_pointer (&self);
}

/**
 * qmp_greeting_get_version:
 * @self: a greeting
 * @major: (out) (optional): return location for the major number, 7 in 7.2.22
 * @minor: (out) (optional): return location for the minor number, 2 in 7.2.22
 * @micro: (out) (optional): return location for the micro number, 22 in 7.2.22
 *
 * The version of the server's QEMU, as numbers.
 *
 * To find out what a server can do, ask it for that; versions mislead, since distributions take
 * over parts of newer ones.
 *
 * A number that the server did not tell is 0.
 *
 * Since: 1.0
 */
void
qmp_greeting_get_version (QmpGreeting *self,
                          guint       *major,
                          guint       *minor,
                          guint       *micro)
{
  g_return_if_fail (QMP_IS_GREETING (self));

  if (major != NULL)
    *major = self->version[0];
  if (minor != NULL)
    *minor = self->version[1];
  if (micro != NULL)
    *micro = self->version[2];
}

/**
 * qmp_greeting_check_version:
 * @self: a greeting
 * @major: a major version
 * @minor: a minor version
 * @micro: a micro version
 *
 * Tells whether the server is of a version, or of a newer one.
 *
 * A distribution may add to its QEMU what upstream has in a later version; [class@Schema] tells what a server really has.
 *
 * Returns: `TRUE` if it is; `FALSE` also if the greeting says no version
 *
 * Since: 1.0
 */
gboolean
qmp_greeting_check_version (QmpGreeting *self,
                            guint        major,
                            guint        minor,
                            guint        micro)
{
  g_return_val_if_fail (QMP_IS_GREETING (self), FALSE);

  if (self->version[0] != major)
    return self->version[0] > major;
  if (self->version[1] != minor)
    return self->version[1] > minor;
  return self->version[2] >= micro;
}

/**
 * qmp_greeting_get_version_string: (get-property version-string)
 * @self: a greeting
 *
 * The version of the server's QEMU as text, for example `7.2.22`.
 *
 * Returns: (transfer none) (not nullable): the three numbers with dots between, owned by the
 *   greeting; a number that the server did not tell is 0
 *
 * Since: 1.0
 */
const char *
qmp_greeting_get_version_string (QmpGreeting *self)
{
  g_return_val_if_fail (QMP_IS_GREETING (self), NULL);

  return self->version_string;
}

/**
 * qmp_greeting_get_package: (get-property package)
 * @self: a greeting
 *
 * What the distribution that made the server says about the version.
 *
 * Returns: (transfer none) (not nullable): the text, owned by the greeting; empty if there is none
 *
 * Since: 1.0
 */
const char *
qmp_greeting_get_package (QmpGreeting *self)
{
  g_return_val_if_fail (QMP_IS_GREETING (self), NULL);

  return self->package;
}

/**
 * qmp_greeting_get_capabilities: (get-property capabilities)
 * @self: a greeting
 *
 * The capabilities that the server offers; see the section “Capabilities Negotiation” of the QMP
 * specification.
 *
 * Returns: (transfer none) (not nullable) (array zero-terminated=1): their names, owned by the
 *   greeting, for example `oob`
 *
 * Since: 1.0
 */
const char * const *
qmp_greeting_get_capabilities (QmpGreeting *self)
{
  g_return_val_if_fail (QMP_IS_GREETING (self), NULL);

  return (const char * const *) self->capabilities;
}

/**
 * qmp_greeting_has_capability:
 * @self: a greeting
 * @capability: (not nullable): the name of a capability
 *
 * Tells whether the server offers a capability.
 *
 * Returns: `TRUE` if it offers it
 *
 * Since: 1.0
 */
gboolean
qmp_greeting_has_capability (QmpGreeting *self,
                             const char  *capability)
{
  g_return_val_if_fail (QMP_IS_GREETING (self), FALSE);
  g_return_val_if_fail (capability != NULL, FALSE);

  return g_strv_contains ((const char * const *) self->capabilities, capability);
}
