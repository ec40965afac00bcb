/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "json/qmp-json-reader-private.h"
#include "json/qmp-json-text-private.h"

/* What stands in for a secret: JSON, so that the text can still be read by programs. */
#define STARS "***"
#define REPLACEMENT "\"" STARS "\""

/* A string with JSON in it, as QEMU names an image that has no plain name, and how many of them may be in one another. */
#define JSON_PREFIX "json:"
#define MAX_LEVELS 3

typedef enum {
  ANY_VALUE,
  STRING_VALUE,   /* objects of that name are something else, and so are numbers */
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
  { "passcode", FALSE, ANY_VALUE },
  { "pass", TRUE, STRING_VALUE },
  { "pwd", TRUE, STRING_VALUE },
  { "pin", TRUE, STRING_VALUE },
  { "psk", TRUE, STRING_VALUE },
  { "token", FALSE, ANY_VALUE },
  { "credential", FALSE, ANY_VALUE },
  { "credentials", FALSE, ANY_VALUE },
  { "authorization", TRUE, STRING_VALUE },
  /* sev-inject-launch-secret */
  { "secret", FALSE, ANY_VALUE },
  /* blockdev-add over HTTP: a session's */
  { "cookie", TRUE, ANY_VALUE },
  { "cookies", TRUE, ANY_VALUE },
  /* private-key, api_key; but the key of input-send-event is an object, and not a secret */
  { "key", TRUE, STRING_VALUE },
  /* guest-exec, guest-exec-status, guest-file-read, guest-file-write: what a program of the guest reads and writes */
  { "input-data", TRUE, STRING_VALUE },
  { "out-data", TRUE, STRING_VALUE },
  { "err-data", TRUE, STRING_VALUE },
  { "buf-b64", TRUE, STRING_VALUE },
  /* object-add of a secret; but of send-key and ringbuf-write it is not secret, and of events it is an object */
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
  guint     level;         /* of JSON in strings */
  gboolean  makes_secret;
  gboolean  sets_secret;
  gboolean  gets_secret;   /* the answer to it will be one */
  gboolean  is_answer;     /* to such a message */
} Redaction;

static void append_redacted (Redaction *outer, GString *out, const char *text, gsize length);

/* --- names --- */

static const char *
spell_scratch (Redaction *self)
{
  for (char *p = self->scratch->str; *p != '\0'; p++)
    *p = *p == '_' || *p == '.' ? '-' : g_ascii_tolower (*p);
  return self->scratch->str;
}

/* The string, with its quotes, in the spelling of the table; valid until the next call. */
static const char *
spell (Redaction  *self,
       const char *text,
       gsize       length)
{
  g_string_truncate (self->scratch, 0);
  qmp_json_append_unescaped (self->scratch, text, length, QMP_JSON_REPLACEMENT_CHARACTER);
  return spell_scratch (self);
}

/* The same for a piece of a string. */
static const char *
spell_piece (Redaction  *self,
             const char *text,
             gsize       length)
{
  g_string_truncate (self->scratch, 0);
  g_string_append_len (self->scratch, text, length);
  return spell_scratch (self);
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

/* --- lines --- */

static gboolean
contains (QmpJsonSlice  slice,
          const char   *word)
{
  gsize length = strlen (word);

  for (gsize i = 0; i + length <= slice.length; i++)
    if (g_ascii_strncasecmp (slice.text + i, word, length) == 0)
      return TRUE;
  return FALSE;
}

/* A command for the human monitor. "qom-set PATH data VALUE" has a secret, as has what "qom-get PATH data" returns. */
static gboolean
is_secret_line (Redaction    *self,
                QmpJsonSlice  line)
{
  static const char * const words[] = { "passw", "secret", "cookie", "token", "credential" };
  g_auto(GStrv) parts = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (contains (line, words[i]))
      return TRUE;

  if (!contains (line, "qom-set") && !contains (line, "qom-get"))
    return FALSE;
  parts = g_strsplit_set (spell (self, line.text, line.length), " \t", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (find_rule (parts[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* --- within strings --- */

/* A string, and what was seen of it, so that a long one is not looked through again for each of its options and URLs. */
typedef struct {
  QmpJsonSlice  string;
  const char   *end;              /* the closing quote */
  gboolean      is_looked_through;
  gboolean      says_secret;      /* then: whether it does */
  const char   *url_end;          /* of what was taken for a URL last */
  const char   *url_at;           /* nullable: the last '@' in front of that */
} Seen;

/* A piece of a string to replace; empty if there is none. */
typedef struct {
  const char *start;
  const char *end;
} Piece;

/* Where the value of an option ends, in the escaped text of a string: "a=1,b=2", "a=\"1 2\"", "?a=1&b=2". In QEMU's options a
 * comma that is doubled belongs to the value. */
static const char *
find_option_end (const char *p,
                 const char *end)
{
  gboolean quoted = end - p > 1 && p[0] == '\\' && p[1] == '"';

  for (p += quoted ? 2 : 0; p < end; p++)
    {
      if (*p == '\\' && strchr (quoted ? "\"" : "\"nrt", p[1]) != NULL)
        return p;
      if (*p == '\\' || (!quoted && *p == ',' && end - p > 1 && p[1] == ','))
        p++;
      else if (!quoted && strchr (", &;", *p) != NULL)
        return p;
    }
  return end;
}

static gboolean
says_secret (Seen *seen)
{
  if (!seen->is_looked_through)
    seen->says_secret = contains (seen->string, "secret");
  seen->is_looked_through = TRUE;
  return seen->says_secret;
}

static gboolean
is_secret_option (Redaction    *self,
                  Seen         *seen,
                  QmpJsonSlice  name)
{
  const Rule *rule = find_rule (spell_piece (self, name.text, name.length));

  if (rule == NULL || rule->condition == SECRET_SETTING || rule->condition == SECRET_LINE)
    return FALSE;
  return rule->condition != SECRET_OBJECT || says_secret (seen);
}

/* The value of the option whose '=' is at p. */
static Piece
find_option (Redaction  *self,
             Seen       *seen,
             const char *p)
{
  const char *name = p;
  Piece piece = { p, p };

  while (name > seen->string.text && (g_ascii_isalnum (name[-1]) || strchr ("-_.", name[-1]) != NULL))
    name--;
  if (name == p || !is_secret_option (self, seen, (QmpJsonSlice) { name, p - name }))
    return piece;
  piece.start = p + 1;
  piece.end = find_option_end (p + 1, seen->end);
  return piece;
}

/* Behind the two slashes, each of which may be escaped; NULL if there are none. */
static const char *
skip_slashes (const char *p,
              const char *end)
{
  for (int i = 0; i < 2; i++)
    {
      if (p < end && *p == '\\')
        p++;
      if (p == end || *p++ != '/')
        return NULL;
    }
  return p;
}

/* A slash may be escaped; anything else that is ends the URL. */
static gboolean
is_in_url (const char *p)
{
  return *p != ' ' && (*p != '\\' || p[1] == '/');
}

/* Where the URL ends that p is in, and its last '@'. */
static void
see_url (Seen       *seen,
         const char *p)
{
  if (p < seen->url_end)
    return;
  seen->url_at = NULL;
  for (; p < seen->end && is_in_url (p); p++)
    if (*p == '@')
      seen->url_at = p;
  seen->url_end = p;
}

/* What stands between the user and the password; NULL if there is none. */
static const char *
find_separator (const char *user,
                const char *end,
                gboolean    iscsi)
{
  for (const char *p = user; p < end && strchr ("/?#", *p) == NULL; p++)
    if (*p == ':' || (iscsi && *p == '%'))
      return p;
  return NULL;
}

/* The password in "SCHEME://USER:PASSWORD@HOST", whose first colon is at p; iSCSI has a '%' between the two. A password may have
 * a slash in it, although a URL should not: where a path has an '@' more than the password is replaced. */
static Piece
find_url_password (Seen       *seen,
                   const char *p)
{
  gboolean iscsi = p - seen->string.text >= 5 && g_ascii_strncasecmp (p - 5, "iscsi", 5) == 0;
  const char *user = skip_slashes (p + 1, seen->end);
  const char *separator;

  if (user == NULL)
    return (Piece) { p, p };
  see_url (seen, user);
  separator = find_separator (user, seen->url_end, iscsi);
  if (separator == NULL || seen->url_at == NULL || separator > seen->url_at)
    return (Piece) { p, p };
  return (Piece) { separator + 1, seen->url_at };
}

/* Appends a string, with its quotes, from *copied on; *copied is then where that ended. */
static void
append_string (Redaction     *self,
               GString       *out,
               QmpJsonSlice   string,
               const char   **copied)
{
  Seen seen = { .string = string, .end = string.text + string.length - 1, .url_end = string.text };

  for (const char *p = string.text + 1; p < seen.end; p++)
    {
      Piece piece = { p, p };

      if (*p == '=')
        piece = find_option (self, &seen, p);
      else if (*p == ':')
        piece = find_url_password (&seen, p);
      if (piece.start == piece.end)
        continue;

      g_string_append_len (out, *copied, piece.start - *copied);
      g_string_append (out, STARS);
      *copied = piece.end;
      p = piece.end - 1;
    }
}

/* "json:{…}", with what is secret in that replaced. FALSE if it is not such a string. */
static gboolean
append_json_string (Redaction    *self,
                    GString      *out,
                    QmpJsonSlice  string)
{
  g_autoptr(GString) plain = NULL;
  g_autoptr(GString) inner = NULL;
  const gsize prefix = strlen (JSON_PREFIX);

  if (string.length < prefix + 2 || memcmp (string.text + 1, JSON_PREFIX, prefix) != 0)
    return FALSE;

  plain = g_string_new (NULL);
  inner = g_string_new (JSON_PREFIX);
  qmp_json_append_unescaped (plain, string.text, string.length, QMP_JSON_REPLACEMENT_CHARACTER);
  /* QEMU cuts long names off. */
  if (self->level == MAX_LEVELS || !qmp_json_check (plain->str + prefix, plain->len - prefix, G_MAXUINT, NULL, NULL))
    g_string_append (inner, STARS);
  else
    append_redacted (self, inner, plain->str + prefix, plain->len - prefix);
  if (g_string_equal (plain, inner))
    return FALSE;
  qmp_json_append_escaped (out, inner->str, inner->len);
  return TRUE;
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

/* value: empty if it is not a string. */
static gboolean
is_secret (Redaction    *self,
           QmpJsonSlice  key,
           QmpJsonSlice  value)
{
  const Rule *rule = find_rule (spell (self, key.text, key.length));

  if (self->is_answer && qmp_json_string_equal (key.text, key.length, "return"))
    return TRUE;
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
      return value.length > 0 && is_secret_line (self, value);
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
  else if (qmp_json_string_equal (key.text, key.length, "command-line"))
    self->gets_secret |= is_secret_line (self, value);
}

static void
note_members (Redaction  *self,
              const char *text,
              gsize       length)
{
  const char *end = text + length;
  const char *p = text;

  while ((p = memchr (p, '"', end - p)) != NULL)
    {
      QmpJsonSlice key = get_string (p, end);
      const char *value = find_value (p + key.length, end);

      p += key.length;
      if (value != NULL)
        note_member (self, key, get_string (p = value, end));
    }
  self->gets_secret |= self->sets_secret;
}

/* In one walk over all strings, without following the nesting: what a colon follows is a key. */
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
      QmpJsonSlice string = get_string (p, end);
      const char *value = find_value (p + string.length, end);

      p += string.length;
      if (value != NULL)
        {
          p = value;
          if (is_secret (self, string, get_string (value, end)))
            {
              g_string_append_len (out, copied, value - copied);
              g_string_append (out, REPLACEMENT);
              p = copied = qmp_json_skip_value (value, end);
            }
          continue;
        }

      g_string_append_len (out, copied, string.text - copied);
      copied = string.text;
      if (append_json_string (self, out, string))
        copied = p;
      else
        append_string (self, out, string, &copied);
    }
  g_string_append_len (out, copied, end - copied);
}

/* The character of an escape such as \u0041, if it is one of ASCII's that can be printed; else '\0'. p: at the backslash. */
static char
read_ascii_escape (const char *p)
{
  int high, low;
  char c;

  if (p[1] != 'u' || p[2] != '0' || p[3] != '0')
    return '\0';
  high = g_ascii_xdigit_value (p[4]);
  low = g_ascii_xdigit_value (p[5]);
  c = (char) (16 * high + low);
  return g_ascii_isprint (c) ? c : '\0';
}

static void
append_ascii (GString *out,
              char     c)
{
  if (c == '"' || c == '\\')
    g_string_append_c (out, '\\');
  g_string_append_c (out, c);
}

/* The same with such characters plain, as what is looked for is spelled: "p\u0061ssword", "?x=1\u0026key=…". NULL if there
 * are none. */
static GString *
spell_plainly (const char *text,
               gsize       length)
{
  const char *end = text + length;
  const char *copied = text;
  GString *out = NULL;

  for (const char *p = text; (p = memchr (p, '\\', end - p)) != NULL; p += 2)
    {
      char c = read_ascii_escape (p);

      if (c == '\0')
        continue;
      if (out == NULL)
        out = g_string_sized_new (length);
      g_string_append_len (out, copied, p - copied);
      append_ascii (out, c);
      copied = p + strlen ("\\u0041");
      p = copied - 2;
    }
  if (out != NULL)
    g_string_append_len (out, copied, end - copied);
  return out;
}

static void
append_redacted_as_spelled (Redaction  *outer,
                            GString    *out,
                            const char *text,
                            gsize       length)
{
  Redaction self = { .scratch = g_string_new (NULL), .level = outer->level + 1, .is_answer = outer->is_answer };

  note_members (&self, text, length);
  walk (&self, out, text, length);
  g_string_free (self.scratch, TRUE);
}

/* What is then still a secret was spelled to look like none; else the text's own spelling is kept. */
static void
append_redacted (Redaction  *outer,
                 GString    *out,
                 const char *text,
                 gsize       length)
{
  gsize before = out->len;
  g_autoptr(GString) plain = NULL;
  g_autoptr(GString) redacted = NULL;

  append_redacted_as_spelled (outer, out, text, length);
  plain = spell_plainly (out->str + before, out->len - before);
  if (plain == NULL)
    return;
  redacted = g_string_sized_new (plain->len);
  append_redacted_as_spelled (outer, redacted, plain->str, plain->len);
  if (g_string_equal (plain, redacted))
    return;
  g_string_truncate (out, before);
  g_string_append_len (out, redacted->str, redacted->len);
}

static void
append_checked (GString    *out,
                const char *text,
                gsize       length,
                gboolean    is_answer)
{
  Redaction answer = { .level = (guint) -1, .is_answer = is_answer };

  if (qmp_json_check (text, length, G_MAXUINT, NULL, NULL))
    append_redacted (&answer, out, text, length);
  else
    g_string_append_printf (out, _("(%u bytes that are not JSON)"), (guint) length);
}

void
qmp_json_append_redacted (GString    *out,
                          const char *text,
                          gsize       length)
{
  append_checked (out, text, length, FALSE);
}

void
qmp_json_append_redacted_answer (GString    *out,
                                 const char *text,
                                 gsize       length)
{
  append_checked (out, text, length, TRUE);
}

gboolean
qmp_json_asks_for_secret (const char *text,
                          gsize       length)
{
  g_autoptr(GString) plain = spell_plainly (text, length);
  Redaction self = { .scratch = g_string_new (NULL) };

  note_members (&self, plain != NULL ? plain->str : text, plain != NULL ? plain->len : length);
  g_string_free (self.scratch, TRUE);
  return self.gets_secret;
}
