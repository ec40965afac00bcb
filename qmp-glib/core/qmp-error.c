/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"

/* What rides on the errors. It is empty on an error that was rebuilt from domain, code and text
 * alone, as PyGObject does: so each getter has to live without it. */
typedef struct {
  char       *error_class;
  QmpMessage *sent;
  QmpMessage *received;
} QmpCommandErrorPrivate;

typedef struct {
  GBytes *text;
  gssize  offset;
  gsize   tail;  /* bytes at the end of the message that show the text */
} QmpProtocolErrorPrivate;

static void
qmp_command_error_private_init (QmpCommandErrorPrivate *priv)
{
  memset (priv, 0, sizeof *priv);
}

static void
qmp_command_error_private_copy (const QmpCommandErrorPrivate *source,
                                QmpCommandErrorPrivate       *target)
{
  target->error_class = g_strdup (source->error_class);
  g_set_object (&target->sent, source->sent);
  g_set_object (&target->received, source->received);
}

static void
qmp_command_error_private_clear (QmpCommandErrorPrivate *priv)
{
  g_clear_pointer (&priv->error_class, g_free);
  g_clear_object (&priv->sent);
  g_clear_object (&priv->received);
}

static void
qmp_protocol_error_private_init (QmpProtocolErrorPrivate *priv)
{
  priv->text = NULL;
  priv->offset = -1;
}

static void
qmp_protocol_error_private_copy (const QmpProtocolErrorPrivate *source,
                                 QmpProtocolErrorPrivate       *target)
{
  target->text = source->text != NULL ? g_bytes_ref (source->text) : NULL;
  target->offset = source->offset;
  target->tail = source->tail;
}

static void
qmp_protocol_error_private_clear (QmpProtocolErrorPrivate *priv)
{
  g_clear_pointer (&priv->text, g_bytes_unref);
}

/**
 * qmp_command_error_quark:
 *
 * The error domain of [error@CommandError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_EXTENDED_ERROR (QmpCommandError, qmp_command_error)

/**
 * qmp_protocol_error_quark:
 *
 * The error domain of [error@ProtocolError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_EXTENDED_ERROR (QmpProtocolError, qmp_protocol_error)

/**
 * qmp_client_error_quark:
 *
 * The error domain of [error@ClientError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (QmpClientError, qmp_client_error)

/* The names of the QAPI type QapiErrorClass. */
static const struct {
  const char      *name;
  QmpCommandError  code;
} error_classes[] = {
  { "GenericError", QMP_COMMAND_ERROR_GENERIC },
  { "CommandNotFound", QMP_COMMAND_ERROR_COMMAND_NOT_FOUND },
  { "DeviceNotActive", QMP_COMMAND_ERROR_DEVICE_NOT_ACTIVE },
  { "DeviceNotFound", QMP_COMMAND_ERROR_DEVICE_NOT_FOUND },
  { "KVMMissingCap", QMP_COMMAND_ERROR_KVM_MISSING_CAP },
};

QmpCommandError
qmp_command_error_code_for_class (const char *error_class)
{
  for (gsize i = 0; i < G_N_ELEMENTS (error_classes); i++)
    {
      if (g_strcmp0 (error_classes[i].name, error_class) == 0)
        return error_classes[i].code;
    }

  return QMP_COMMAND_ERROR_UNKNOWN;
}

static const char *
class_for_code (int code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (error_classes); i++)
    {
      if ((int) error_classes[i].code == code)
        return error_classes[i].name;
    }

  return NULL;
}

GError *
qmp_command_error_new (const char *error_class,
                       const char *desc,
                       QmpMessage *sent,
                       QmpMessage *received)
{
  GError *error = g_error_new_literal (QMP_COMMAND_ERROR,
                                       qmp_command_error_code_for_class (error_class),
                                       desc != NULL ? desc : "");
  QmpCommandErrorPrivate *priv = qmp_command_error_get_private (error);

  priv->error_class = g_strdup (error_class);
  g_set_object (&priv->sent, sent);
  g_set_object (&priv->received, received);

  return error;
}

static const QmpCommandErrorPrivate *
command_error_data (const GError *error)
{
  return error->domain == QMP_COMMAND_ERROR ? qmp_command_error_get_private (error) : NULL;
}

static const QmpProtocolErrorPrivate *
protocol_error_data (const GError *error)
{
  return error->domain == QMP_PROTOCOL_ERROR ? qmp_protocol_error_get_private (error) : NULL;
}

/**
 * qmp_command_error_get_class:
 * @error: (not nullable): an error
 *
 * The name of the QAPI error class that the server answered with, for example `GenericError`.
 *
 * It is the server's own word, also where the code is `QMP_COMMAND_ERROR_UNKNOWN`. QEMU's
 * documentation asks clients not to rely on classes other than `CommandNotFound` and the few that
 * have a code of their own; see the section “error” of “Commands Responses” in the QMP
 * specification.
 *
 * An error that a language binding has rebuilt from its code and text no longer has the server's
 * word; the class is then found by the code.
 *
 * Returns: (transfer none) (nullable): the class name, owned by @error; `NULL` if @error is not a
 *   [error@CommandError], or is one of an unknown class that was rebuilt
 *
 * Since: 1.0
 */
const char *
qmp_command_error_get_class (const GError *error)
{
  const QmpCommandErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = command_error_data (error);
  if (priv == NULL)
    return NULL;

  return priv->error_class != NULL ? priv->error_class : class_for_code (error->code);
}

/**
 * qmp_command_error_get_sent:
 * @error: (not nullable): an error
 *
 * The command that the server answered with this error.
 *
 * Returns: (transfer none) (nullable): the command, owned by @error; `NULL` if @error is not a
 *   [error@CommandError], or if the command is not known or was lost in a language binding
 *
 * Since: 1.0
 */
QmpMessage *
qmp_command_error_get_sent (const GError *error)
{
  const QmpCommandErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = command_error_data (error);

  return priv != NULL ? priv->sent : NULL;
}

/**
 * qmp_command_error_get_received:
 * @error: (not nullable): an error
 *
 * The server's whole answer that this error was made from.
 *
 * Returns: (transfer none) (nullable): the answer, read-only and owned by @error; `NULL` if @error
 *   is not a [error@CommandError], or if the answer was lost in a language binding
 *
 * Since: 1.0
 */
QmpMessage *
qmp_command_error_get_received (const GError *error)
{
  const QmpCommandErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = command_error_data (error);

  return priv != NULL ? priv->received : NULL;
}

/**
 * qmp_protocol_error_get_text:
 * @error: (not nullable): an error
 *
 * The text that was not right.
 *
 * Of a text of more than 4096 bytes it is the part around the place where it goes wrong.
 *
 * Returns: (transfer none) (nullable): the bytes, owned by @error; `NULL` if @error is not a
 *   [error@ProtocolError], is not about a text, or if the text was lost in a language binding
 *
 * Since: 1.0
 */
GBytes *
qmp_protocol_error_get_text (const GError *error)
{
  const QmpProtocolErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, NULL);

  priv = protocol_error_data (error);

  return priv != NULL ? priv->text : NULL;
}

/**
 * qmp_protocol_error_get_offset:
 * @error: (not nullable): an error
 *
 * Where the text goes wrong.
 *
 * It counts from the beginning of the whole message, of which
 * [func@ProtocolError.get_text] may be a part only, and is as large as the message if that ended
 * too early.
 *
 * Returns: the offset in bytes, from 0; -1 if @error is not a [error@ProtocolError], if no single
 *   place is wrong, or if the offset was lost in a language binding
 *
 * Since: 1.0
 */
gssize
qmp_protocol_error_get_offset (const GError *error)
{
  const QmpProtocolErrorPrivate *priv;

  g_return_val_if_fail (error != NULL, -1);

  priv = protocol_error_data (error);

  return priv != NULL ? priv->offset : -1;
}

void
qmp_error_append_reason (GError     *error,
                         const char *reason)
{
  char *text = g_strdup_printf ("%s: %s", error->message, reason);

  g_free (error->message);
  error->message = text;
}

char *
qmp_error_dup_public_message (const GError *error)
{
  const QmpProtocolErrorPrivate *priv = protocol_error_data (error);
  gsize length = strlen (error->message);

  return g_strndup (error->message, priv != NULL ? length - MIN (priv->tail, length) : length);
}

/* ": excerpt", or why there is none. */
static char *
show_text (const char *text,
           gsize       length,
           gssize      offset)
{
  g_autofree char *excerpt = NULL;

  if (length == 0)
    return g_strdup ("");
  if (qmp_excerpt_may_hold_secret (text, length, offset))
    /* Translators: goes behind what is wrong with a text; what is not shown is that text */
    return g_strdup (_(" (not shown: there may be a secret in it)"));
  excerpt = qmp_excerpt (text, length, offset);
  /* Translators: goes behind what is wrong with a text: the part of the text around the place */
  return g_strdup_printf (_(": %s"), excerpt);
}

/* "problem, at byte 17 of 40" */
static char *
describe_place (const char *problem,
                gsize       length,
                gssize      offset)
{
  if (length == 0 || offset < 0)
    return g_strdup (problem);

  /* Translators: what is wrong with a text, the position (from 0) and the length */
  return g_strdup_printf (_("%s, at byte %lu of %lu"), problem, (unsigned long) offset, (unsigned long) length);
}

/* shown: what the message shows of the text. */
static GError *
new_for_text (QmpProtocolError  code,
              const char       *text,
              gsize             length,
              gssize            offset,
              const char       *problem,
              const char       *shown)
{
  g_autofree char *place = describe_place (problem, length, offset);
  g_autofree char *message = g_strconcat (place, shown, NULL);
  GError *error = g_error_new_literal (QMP_PROTOCOL_ERROR, code, message);
  QmpProtocolErrorPrivate *priv = qmp_protocol_error_get_private (error);
  gsize start, end;

  qmp_excerpt_get_window (length, offset, QMP_PROTOCOL_ERROR_TEXT_MAX, &start, &end);
  priv->text = g_bytes_new (text != NULL ? text + start : NULL, end - start);
  priv->offset = MAX (offset, -1);
  priv->tail = strlen (shown);
  return error;
}

GError *
qmp_protocol_error_new_for_text (QmpProtocolError  code,
                                 const char       *text,
                                 gsize             length,
                                 gssize            offset,
                                 const char       *format,
                                 ...)
{
  g_autofree char *shown = show_text (text, length, offset);
  g_autofree char *problem = NULL;
  va_list arguments;

  va_start (arguments, format);
  problem = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  return new_for_text (code, text, length, offset, problem, shown);
}

GError *
qmp_protocol_error_new_for_value (QmpProtocolError  code,
                                  const char       *text,
                                  gsize             length,
                                  gsize             offset,
                                  const char       *problem)
{
  gunichar character = g_utf8_get_char_validated (text + offset, length - offset);
  gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;
  g_autofree char *excerpt = qmp_excerpt (text + offset, valid ? g_utf8_next_char (text + offset) - text - offset : 1, 0);
  g_autofree char *shown = g_strdup_printf (_(": %s"), excerpt);

  return new_for_text (code, text, length, offset, problem, shown);
}
