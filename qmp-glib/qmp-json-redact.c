/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "qmp-json-reader-private.h"
#include "qmp-json-text-private.h"

/* What stands in for a secret: JSON, so that the text can still be read by programs. */
#define REPLACEMENT "\"***\""

typedef enum {
  ANY_VALUE,
  STRING_VALUE,   /* objects of that name are something else */
  SECRET_OBJECT,  /* a string in a message that makes a secret object */
  SECRET_SETTING, /* in a message that sets a property of a secret name */
  SECRET_LINE,    /* a string that speaks of secrets itself */
} Condition;

/* Names in lower case, with '-' for '_' and '.'; each stands for whatever ends with it too. */
typedef struct {
  const char *name;
  gboolean    whole_words;  /* only after a '-', or alone */
  Condition   condition;
} Rule;

static const Rule rules[] = {
  /* set_password, change-vnc-password, guest-set-user-password; what other servers may call it */
  { "password", FALSE, ANY_VALUE },
  { "passwd", FALSE, ANY_VALUE },
  { "passphrase", FALSE, ANY_VALUE },
  { "token", FALSE, ANY_VALUE },
  /* sev-inject-launch-secret */
  { "secret", FALSE, ANY_VALUE },
  /* blockdev-add over HTTP: a session's */
  { "cookie", TRUE, ANY_VALUE },
  /* private-key, api_key; but the key of input-send-event is an object, and no secret */
  { "key", TRUE, STRING_VALUE },
  /* object-add of a secret; but of send-key and ringbuf-write it is none, and of events it is an object */
  { "data", TRUE, SECRET_OBJECT },
  /* qom-set */
  { "value", TRUE, SECRET_SETTING },
  /* human-monitor-command: set_password, change vnc password, object_add secret */
  { "command-line", TRUE, SECRET_LINE },
};

/* What only looks like a secret: the ids of secret objects, as block devices take them, and what is public. */
static const char * const harmless[] = {
  "key-secret",
  "password-secret",
  "cookie-secret",
  "new-secret",
  "old-secret",
  "public-key",
};

typedef struct {
  GString  *scratch;
  gboolean  makes_secret;
  gboolean  sets_secret;
} Redaction;

/* --- names --- */

/* The string, with its quotes, in the spelling of the table; valid until the next call. */
static const char *
spell (Redaction  *self,
       const char *text,
       gsize       length)
{
  g_string_truncate (self->scratch, 0);
  qmp_json_append_unescaped (self->scratch, text, length, QMP_JSON_REPLACEMENT_CHARACTER);
  for (char *p = self->scratch->str; *p != '\0'; p++)
    *p = *p == '_' || *p == '.' ? '-' : g_ascii_tolower (*p);
  return self->scratch->str;
}

static gboolean
ends_with (const char *name,
           const char *end,
           gboolean    whole_words)
{
  gsize length = strlen (name);
  gsize end_length = strlen (end);

  if (length < end_length || memcmp (name + length - end_length, end, end_length) != 0)
    return FALSE;
  return !whole_words || length == end_length || name[length - end_length - 1] == '-';
}

static const Rule *
find_rule (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (harmless); i++)
    if (ends_with (name, harmless[i], TRUE))
      return NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (ends_with (name, rules[i].name, rules[i].whole_words))
      return &rules[i];

  return NULL;
}

/* --- the walk --- */

/* If the string is a key, returns where its value begins, else NULL. */
static const char *
find_value (const char *string_end,
            const char *end)
{
  const char *p = qmp_json_skip_spaces (string_end, end);

  if (p == end || *p != ':')
    return NULL;
  return qmp_json_skip_spaces (p + 1, end);
}

/* A string is cheap to measure, the rest of a message is not: that is only done for what is replaced. */
static QmpJsonSlice
get_string (const char *p,
            const char *end)
{
  QmpJsonSlice slice = { p, 0 };

  if (p < end && *p == '"')
    slice.length = qmp_json_skip_value (p, end) - p;
  return slice;
}

/* value: empty if it is no string. */
static gboolean
is_secret (Redaction    *self,
           QmpJsonSlice  key,
           QmpJsonSlice  value)
{
  const Rule *rule = find_rule (spell (self, key.text, key.length));
  const char *line;

  if (rule == NULL)
    return FALSE;

  switch (rule->condition)
    {
    case ANY_VALUE:
      return TRUE;
    case STRING_VALUE:
      return value.length > 0;
    case SECRET_OBJECT:
      return value.length > 0 && self->makes_secret;
    case SECRET_SETTING:
      return self->sets_secret;
    case SECRET_LINE:
      line = value.length > 0 ? spell (self, value.text, value.length) : "";
      return strstr (line, "passw") != NULL || strstr (line, "secret") != NULL;
    default:
      g_assert_not_reached ();
    }
}

/* What the message is about, on which members before this one may depend as well. */
static void
note_member (Redaction    *self,
             QmpJsonSlice  key,
             QmpJsonSlice  value)
{
  if (value.length == 0)
    return;

  if (qmp_json_string_equal (key.text, key.length, "qom-type"))
    self->makes_secret |= g_str_has_prefix (spell (self, value.text, value.length), "secret");
  else if (qmp_json_string_equal (key.text, key.length, "property"))
    self->sets_secret |= find_rule (spell (self, value.text, value.length)) != NULL;
}

/* In one walk over all strings, without following the nesting: what a colon follows is a key. Without out
 * it only looks. */
static void
walk (Redaction  *self,
      GString    *out,
      const char *text,
      gsize       length)
{
  const char *end = text + length;
  const char *copied = text;
  const char *p = text;

  while ((p = memchr (p, '"', end - p)) != NULL)
    {
      QmpJsonSlice key = get_string (p, end);
      const char *value = find_value (p + key.length, end);

      p += key.length;
      if (value == NULL)
        continue;

      p = value;
      if (out == NULL)
        {
          note_member (self, key, get_string (value, end));
        }
      else if (is_secret (self, key, get_string (value, end)))
        {
          g_string_append_len (out, copied, value - copied);
          g_string_append (out, REPLACEMENT);
          p = copied = qmp_json_skip_value (value, end);
        }
    }
  if (out != NULL)
    g_string_append_len (out, copied, end - copied);
}

void
qmp_json_append_redacted (GString    *out,
                          const char *text,
                          gsize       length)
{
  Redaction self = { NULL };

  if (!qmp_json_check (text, length, G_MAXUINT, NULL, NULL))
    {
      g_string_append_printf (out, _("(%u bytes that are no JSON)"), (guint) length);
      return;
    }

  self.scratch = g_string_new (NULL);
  walk (&self, NULL, text, length);
  walk (&self, out, text, length);
  g_string_free (self.scratch, TRUE);
}
