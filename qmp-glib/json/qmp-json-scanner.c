/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "core/qmp-error-private.h"
#include "json/qmp-json-scan-private.h"
#include "json/qmp-json-scanner-private.h"
#include "json/qmp-json-text-private.h"

/* What a byte is outside of strings. */
enum {
  CLASS_SPACE = 1 << 0,
  CLASS_QUOTE = 1 << 1,
  CLASS_WORD = 1 << 2, /* of a number, true, false, null, or of what would be one */
  CLASS_OPEN_OBJECT = 1 << 3,
  CLASS_CLOSE_OBJECT = 1 << 4,
  CLASS_OPEN_ARRAY = 1 << 5,
  CLASS_CLOSE_ARRAY = 1 << 6,
  CLASS_COLON = 1 << 7,
  CLASS_COMMA = 1 << 8,

  CLASS_VALUE = CLASS_QUOTE | CLASS_WORD | CLASS_OPEN_OBJECT | CLASS_OPEN_ARRAY,
};

static const guint16 classes[256] = {
  [' '] = CLASS_SPACE,
  ['\t'] = CLASS_SPACE,
  ['\n'] = CLASS_SPACE,
  ['\r'] = CLASS_SPACE,
  ['"'] = CLASS_QUOTE,
  ['0' ... '9'] = CLASS_WORD,
  ['A' ... 'Z'] = CLASS_WORD,
  ['a' ... 'z'] = CLASS_WORD,
  ['+'] = CLASS_WORD,
  ['-'] = CLASS_WORD,
  ['.'] = CLASS_WORD,
  ['{'] = CLASS_OPEN_OBJECT,
  ['}'] = CLASS_CLOSE_OBJECT,
  ['['] = CLASS_OPEN_ARRAY,
  [']'] = CLASS_CLOSE_ARRAY,
  [':'] = CLASS_COLON,
  [','] = CLASS_COMMA,
};

/* The grammar: which classes a state takes, and what to say of any other. */
static const struct {
  guint16     classes;
  const char *complaint;
} grammar[] = {
  [QMP_JSON_STATE_VALUE] = {
    CLASS_SPACE | CLASS_VALUE, N_("Expected a value")
  },
  [QMP_JSON_STATE_FIRST_ELEMENT] = {
    CLASS_SPACE | CLASS_VALUE | CLASS_CLOSE_ARRAY, N_("Expected a value or ]")
  },
  [QMP_JSON_STATE_FIRST_KEY] = {
    CLASS_SPACE | CLASS_QUOTE | CLASS_CLOSE_OBJECT, N_("Expected a key or }")
  },
  [QMP_JSON_STATE_KEY] = {
    CLASS_SPACE | CLASS_QUOTE, N_("Expected a key")
  },
  [QMP_JSON_STATE_COLON] = {
    CLASS_SPACE | CLASS_COLON, N_("Expected a colon")
  },
  [QMP_JSON_STATE_AFTER_ELEMENT] = {
    CLASS_SPACE | CLASS_COMMA | CLASS_CLOSE_ARRAY, N_("Expected a comma or ]")
  },
  [QMP_JSON_STATE_AFTER_MEMBER] = {
    CLASS_SPACE | CLASS_COMMA | CLASS_CLOSE_OBJECT, N_("Expected a comma or }")
  },
  [QMP_JSON_STATE_AFTER_ALL] = {
    CLASS_SPACE, N_("Expected nothing after the value")
  },
};

void
qmp_json_scanner_init (QmpJsonScanner *self,
                       gboolean        document,
                       guint           max_depth)
{
  memset (self, 0, sizeof *self);
  self->document = document;
  self->max_depth = max_depth;
  self->levels = self->few_levels;
  self->n_levels = G_N_ELEMENTS (self->few_levels);
  self->after = QMP_JSON_STATE_AFTER_ALL;
  self->key = QMP_JSON_N_KEYS;
  self->skim_from = QMP_JSON_SKIM_MIN;
}

void
qmp_json_scanner_clear (QmpJsonScanner *self)
{
  if (self->levels != self->few_levels)
    g_free (self->levels);
}

void
qmp_json_scanner_reset (QmpJsonScanner *self)
{
  gboolean document = self->document;
  guint max_depth = self->max_depth;

  qmp_json_scanner_clear (self);
  qmp_json_scanner_init (self, document, max_depth);
}

/* The structure ends to make sense at p: only brackets count from here, to find the text's end. */
static const guint8 *
break_text (QmpJsonScanner *self,
            QmpJsonFault    kind,
            const guint8   *p)
{
  if (!self->document && *p == QMP_JSON_RESYNC)
    kind = QMP_JSON_FAULT_RESYNC;
  qmp_json_scanner_record_fault (self, kind, p);

  if (self->document)
    self->state = QMP_JSON_STATE_DONE;
  else if (kind == QMP_JSON_FAULT_CONTROL)
    self->state = QMP_JSON_STATE_BROKEN_STRING;
  else
    self->state = QMP_JSON_STATE_BROKEN;
  return p;
}

/* Levels. */

static void
push_level (QmpJsonScanner *self,
            gboolean        is_object)
{
  guint word = self->depth / 64;
  guint64 bit = G_GUINT64_CONSTANT (1) << (self->depth % 64);

  if (word == self->n_levels)
    {
      guint64 *old = self->levels != self->few_levels ? self->levels : NULL;

      self->levels = g_renew (guint64, old, self->n_levels * 2);
      if (old == NULL)
        memcpy (self->levels, self->few_levels, sizeof self->few_levels);
      self->n_levels *= 2;
    }

  if (is_object)
    self->levels[word] |= bit;
  else
    self->levels[word] &= ~bit;
  self->after = is_object ? QMP_JSON_STATE_AFTER_MEMBER : QMP_JSON_STATE_AFTER_ELEMENT;
  self->depth++;
}

static void
pop_level (QmpJsonScanner *self)
{
  guint level;

  self->depth--;
  if (self->depth == 0)
    {
      self->after = QMP_JSON_STATE_AFTER_ALL;
      return;
    }

  level = self->depth - 1;
  if ((self->levels[level / 64] >> (level % 64)) & 1)
    self->after = QMP_JSON_STATE_AFTER_MEMBER;
  else
    self->after = QMP_JSON_STATE_AFTER_ELEMENT;
}

/* The outline. */

static const char * const key_names[QMP_JSON_N_KEYS] = {
  [QMP_JSON_KEY_EVENT] = "event",
  [QMP_JSON_KEY_RETURN] = "return",
  [QMP_JSON_KEY_ERROR] = "error",
  [QMP_JSON_KEY_ID] = "id",
  [QMP_JSON_KEY_QMP] = "QMP",
  [QMP_JSON_KEY_DATA] = "data",
  [QMP_JSON_KEY_TIMESTAMP] = "timestamp",
};

static QmpJsonKey
match_escaped_key (const char *text,
                   gsize       length)
{
  QmpJsonKey key;

  for (key = 0; key < QMP_JSON_N_KEYS; key++)
    if (qmp_json_string_equal (text, length, key_names[key]))
      break;

  return key;
}

QmpJsonKey
qmp_json_key_find (const char *name,
                   gsize       length)
{
  QmpJsonKey key;

  switch (length)
    {
    case 2:
      key = QMP_JSON_KEY_ID;
      break;
    case 3:
      key = QMP_JSON_KEY_QMP;
      break;
    case 4:
      key = QMP_JSON_KEY_DATA;
      break;
    case 5:
      key = name[1] == 'v' ? QMP_JSON_KEY_EVENT : QMP_JSON_KEY_ERROR;
      break;
    case 6:
      key = QMP_JSON_KEY_RETURN;
      break;
    case 9:
      key = QMP_JSON_KEY_TIMESTAMP;
      break;
    default:
      return QMP_JSON_N_KEYS;
    }

  return memcmp (name, key_names[key], length) == 0 ? key : QMP_JSON_N_KEYS;
}

/* A value of depth 1 ends at p. */
static void
end_member (QmpJsonScanner *self,
            gsize           start,
            const guint8   *p)
{
  if (self->key == QMP_JSON_N_KEYS)
    return;

  self->outline.members[self->key].start = start;
  self->outline.members[self->key].length = p - self->text - start;
  self->key = QMP_JSON_N_KEYS;
}

/* The string from start to p, both quotes included, is whole. Returns the state after it. */
static inline QmpJsonState
end_string (QmpJsonScanner *self,
            QmpJsonState    state,
            const guint8   *start,
            const guint8   *p,
            gboolean        escaped,
            gboolean        bad)
{
  if (state != QMP_JSON_STATE_KEY && state != QMP_JSON_STATE_FIRST_KEY)
    {
      if (self->depth == 1)
        end_member (self, start - self->text, p);
      return self->after;
    }

  if (self->depth == 1)
    {
      if (bad)
        self->key = QMP_JSON_N_KEYS;
      else if (escaped)
        self->key = match_escaped_key ((const char *) start, p - start);
      else
        self->key = qmp_json_key_find ((const char *) start + 1, p - start - 2);
    }
  return QMP_JSON_STATE_COLON;
}

/* Words. */

static inline gboolean
is_digit (guint8 byte)
{
  return (guint8) (byte - '0') < 10;
}

static inline const guint8 *
skip_digits (const guint8 *p,
             const guint8 *end)
{
#if G_BYTE_ORDER == G_LITTLE_ENDIAN
  /* Eight at a time. A digit is 0 to 9 now, and 0x76 to 0x7f with that added; what is carried comes behind the first byte
   * that is not one. */
  for (; end - p >= 8; p += 8)
    {
      guint64 bytes;
      guint64 others;

      memcpy (&bytes, p, sizeof bytes);
      bytes ^= G_GUINT64_CONSTANT (0x3030303030303030);
      others = ((bytes + G_GUINT64_CONSTANT (0x7676767676767676)) | bytes) & G_GUINT64_CONSTANT (0x8080808080808080);
      if (others != 0)
        return p + __builtin_ctzll (others) / 8;
    }
#endif
  while (p < end && is_digit (*p))
    p++;

  return p;
}

static gboolean
is_number (const guint8 *p,
           const guint8 *end)
{
  const guint8 *digits;

  if (p < end && *p == '-')
    p++;

  digits = p;
  p = skip_digits (p, end);
  if (p == digits || (*digits == '0' && p - digits > 1))
    return FALSE;

  if (p < end && *p == '.')
    {
      digits = p + 1;
      p = skip_digits (digits, end);
      if (p == digits)
        return FALSE;
    }

  if (p < end && (*p == 'e' || *p == 'E'))
    {
      p++;
      if (p < end && (*p == '+' || *p == '-'))
        p++;
      digits = p;
      p = skip_digits (digits, end);
      if (p == digits)
        return FALSE;
    }

  return p == end;
}

static gboolean
is_literal (const guint8 *p,
            const guint8 *end)
{
  switch (end - p)
    {
    case 4:
      return memcmp (p, "true", 4) == 0 || memcmp (p, "null", 4) == 0;
    case 5:
      return memcmp (p, "false", 5) == 0;
    default:
      return FALSE;
    }
}

/* The word from start to p is whole. */
static QmpJsonState
end_word (QmpJsonScanner *self,
          const guint8   *start,
          const guint8   *p)
{
  gboolean numeric = is_digit (*start) || *start == '-';

  if (numeric && !is_number (start, p))
    qmp_json_scanner_record_fault (self, QMP_JSON_FAULT_NUMBER, start);
  else if (!numeric && !is_literal (start, p))
    qmp_json_scanner_record_fault (self, QMP_JSON_FAULT_WORD, start);

  if (self->depth == 1)
    end_member (self, start - self->text, p);
  return self->after;
}

static const guint8 *
skip_word (const guint8 *p,
           const guint8 *end)
{
  while (p < end && classes[*p] == CLASS_WORD)
    p++;

  return p;
}

/* The rest of a word that an earlier part of the input began. */
static const guint8 *
scan_word (QmpJsonScanner *self,
           const guint8   *p,
           const guint8   *end)
{
  p = skip_word (p, end);
  if (p < end)
    self->state = end_word (self, self->text + self->token, p);

  return p;
}

/* The rest of a string, from where something is not plain or where the input had ended. */
static const guint8 *
scan_string (QmpJsonScanner *self,
             const guint8   *p,
             const guint8   *end)
{
  while (TRUE)
    {
      gsize length;

      p = qmp_json_scan_plain (p, end);
      if (p == end)
        return p;

      if (*p == '"')
        {
          self->state = end_string (self, self->token_state, self->text + self->token, p + 1,
                                    self->token_escaped, self->token_bad);
          return p + 1;
        }

      if (*p < 0x20 || (*p == QMP_JSON_RESYNC && !self->document))
        return break_text (self, QMP_JSON_FAULT_CONTROL, p);

      length = qmp_json_scanner_pass_special (self, p, end);
      if (length == 0)
        {
          self->starved = TRUE;
          return p;
        }
      p += length;
    }
}

static const guint8 *
begin_token (QmpJsonScanner *self,
             QmpJsonState    kind,
             QmpJsonState    state,
             const guint8   *start,
             const guint8   *p)
{
  self->state = kind;
  self->token = start - self->text;
  self->token_state = state;
  self->token_escaped = FALSE;
  self->token_bad = FALSE;
  return p;
}

/* Opening and closing brackets. */

static const guint8 *
open_level (QmpJsonScanner *self,
            const guint8   *p)
{
  gboolean is_object = *p == '{';

  if (self->depth >= self->max_depth)
    return break_text (self, QMP_JSON_FAULT_DEPTH, p);

  if (self->depth == 1)
    self->member = p - self->text;
  push_level (self, is_object);
  self->state = is_object ? QMP_JSON_STATE_FIRST_KEY : QMP_JSON_STATE_FIRST_ELEMENT;
  return p + 1;
}

static const guint8 *
close_level (QmpJsonScanner *self,
             const guint8   *p)
{
  pop_level (self);
  self->state = self->after;
  if (self->depth == 1)
    end_member (self, self->member, p + 1);
  else if (self->depth == 0 && !self->document)
    self->state = QMP_JSON_STATE_DONE;

  return p + 1;
}

/* A small text is not: to begin takes longer than it saves. */
static inline gboolean
is_worth_skimming (QmpJsonScanner *self,
                   const guint8   *p,
                   const guint8   *end)
{
  return QMP_JSON_HAS_BLOCKS && (gsize) (p - self->text) >= self->skim_from && self->depth > 1 && end - p >= QMP_JSON_SKIM_MIN;
}

/* The hot path: whole tokens, and what stands between them. Returns at the end of the input, or
 * when self->state asks for another function to go on. */
static const guint8 *
scan_tokens (QmpJsonScanner *self,
             const guint8   *p,
             const guint8   *end)
{
  QmpJsonState state = self->state;

  while (p < end && state < QMP_JSON_STATE_STRING)
    {
      guint16 class = classes[*p];
      const guint8 *start = p;

      if (G_UNLIKELY ((class & grammar[state].classes) == 0))
        {
          self->state = state;
          return break_text (self, QMP_JSON_FAULT_UNEXPECTED, p);
        }

      switch (class)
        {
        case CLASS_QUOTE:
          p = qmp_json_scan_plain (p + 1, end);
          if (p == end || *p != '"')
            return begin_token (self, QMP_JSON_STATE_STRING, state, start, p);
          p++;
          state = end_string (self, state, start, p, FALSE, FALSE);
          if (state != QMP_JSON_STATE_COLON || p == end || *p != ':')
            break;
          G_GNUC_FALLTHROUGH;

        case CLASS_COLON:
          p += p + 1 < end && p[1] == ' ' ? 2 : 1;
          state = QMP_JSON_STATE_VALUE;
          break;

        case CLASS_COMMA:
          p += p + 1 < end && p[1] == ' ' ? 2 : 1;
          state = state == QMP_JSON_STATE_AFTER_MEMBER ? QMP_JSON_STATE_KEY : QMP_JSON_STATE_VALUE;
          if (is_worth_skimming (self, p, end))
            {
              self->state = state;
              p = qmp_json_scanner_skim (self, p, end);
              state = self->state;
            }
          break;

        case CLASS_WORD:
          if (is_digit (*p) && *p != '0')
            {
              /* Most numbers are digits and nothing else: that is seen here. */
              p = skip_digits (p + 1, end);
              if (p < end && classes[*p] != CLASS_WORD)
                {
                  if (self->depth == 1)
                    end_member (self, start - self->text, p);
                  state = self->after;
                  break;
                }
            }
          p = skip_word (p, end);
          if (p == end)
            return begin_token (self, QMP_JSON_STATE_WORD, state, start, p);
          state = end_word (self, start, p);
          break;

        case CLASS_OPEN_OBJECT:
        case CLASS_OPEN_ARRAY:
          p = open_level (self, p);
          state = self->state;
          break;

        case CLASS_CLOSE_OBJECT:
        case CLASS_CLOSE_ARRAY:
          p = close_level (self, p);
          state = self->state;
          break;

        default:
          p++;
          break;
        }
    }

  self->state = state;
  return p;
}

/* Looks for the end of a broken text: where the brackets even out, or else before what can only be
 * the next text. */
static const guint8 *
scan_broken (QmpJsonScanner *self,
             const guint8   *p,
             const guint8   *end)
{
  for (; p < end; p++)
    {
      switch (*p)
        {
        case '"':
          self->state = QMP_JSON_STATE_BROKEN_STRING;
          return p + 1;

        case '{':
          /* QEMU's pretty-printing indents all that is nested. */
          if (p > self->text && p[-1] == '\n')
            {
              self->state = QMP_JSON_STATE_DONE;
              return p;
            }
          self->depth++;
          break;

        case '[':
          self->depth++;
          break;

        case '}':
        case ']':
          self->depth--;
          if (self->depth == 0)
            {
              self->state = QMP_JSON_STATE_DONE;
              return p + 1;
            }
          break;

        case QMP_JSON_RESYNC:
          self->state = QMP_JSON_STATE_DONE;
          return p;

        default:
          break;
        }
    }

  return p;
}

/* In a broken text a string also ends with the line: its closing quote may be what is missing. */
static const guint8 *
scan_broken_string (QmpJsonScanner *self,
                    const guint8   *p,
                    const guint8   *end)
{
  while ((p = qmp_json_scan_plain (p, end)) < end)
    {
      switch (*p)
        {
        case '"':
        case '\n':
          self->state = QMP_JSON_STATE_BROKEN;
          return p + 1;

        case QMP_JSON_RESYNC:
          self->state = QMP_JSON_STATE_DONE;
          return p;

        case '\\':
          if (p + 1 == end)
            {
              self->starved = TRUE;
              return p;
            }
          p += p[1] == '"' || p[1] == '\\' ? 2 : 1;
          break;

        default:
          p++;
          break;
        }
    }

  return p;
}

void
qmp_json_scanner_run (QmpJsonScanner *self,
                      const guint8   *text,
                      gsize           length)
{
  const guint8 *p = text + self->position;
  const guint8 *end = text + length;

  self->text = text;
  self->starved = FALSE;

  while (p < end && !self->starved && self->state != QMP_JSON_STATE_DONE)
    switch (self->state)
      {
      case QMP_JSON_STATE_STRING:
        p = scan_string (self, p, end);
        break;
      case QMP_JSON_STATE_WORD:
        p = scan_word (self, p, end);
        break;
      case QMP_JSON_STATE_BROKEN:
        p = scan_broken (self, p, end);
        break;
      case QMP_JSON_STATE_BROKEN_STRING:
        p = scan_broken_string (self, p, end);
        break;
      default:
        p = scan_tokens (self, p, end);
        break;
      }

  self->position = p - text;
}

void
qmp_json_scanner_end (QmpJsonScanner *self,
                      const guint8   *text,
                      gsize           length)
{
  if (self->state == QMP_JSON_STATE_WORD && self->document)
    {
      self->text = text;
      self->state = end_word (self, text + self->token, text + length);
    }

  /* A broken text has its fault already. */
  if (self->state == QMP_JSON_STATE_AFTER_ALL || self->state >= QMP_JSON_STATE_BROKEN)
    return;

  self->fault = length > G_MAXUINT32 ? QMP_JSON_FAULT_SIZE : QMP_JSON_FAULT_END;
  self->fault_state = self->state;
  self->fault_offset = length;
}

static const char *
complaint (QmpJsonScanner *self)
{
  switch (self->fault)
    {
    case QMP_JSON_FAULT_NUMBER:
      return _("Not a number as JSON has them");
    case QMP_JSON_FAULT_WORD:
      return _("Unknown word");
    case QMP_JSON_FAULT_ESCAPE:
      return _("Invalid escape in a string");
    case QMP_JSON_FAULT_SURROGATE:
      return _("Half a surrogate pair in a string");
    case QMP_JSON_FAULT_UTF8:
      return _("Invalid UTF-8 in a string");
    case QMP_JSON_FAULT_UNEXPECTED:
      return _(grammar[self->fault_state].complaint);
    case QMP_JSON_FAULT_RESYNC:
      return _("Cut off by a byte 0xff");
    default:
      if (self->document)
        return _("Ends before the value is complete");
      return _("The stream ended in the middle of a message");
    }
}

GError *
qmp_json_scanner_dup_fault (QmpJsonScanner *self,
                            const guint8   *text,
                            gsize           length)
{
  const char *chars = (const char *) text;
  gsize offset = self->fault_offset;

  switch (self->fault)
    {
    case QMP_JSON_FAULT_NONE:
      return NULL;

    case QMP_JSON_FAULT_CONTROL:
      return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION,
                                              chars, length, offset,
                                              _("Raw control character 0x%02x in a string"),
                                              (guint) text[offset]);

    case QMP_JSON_FAULT_SIZE:
      return g_error_new_literal (QMP_PROTOCOL_ERROR, QMP_PROTOCOL_ERROR_TOO_LARGE,
                                  _("A message of 4 GiB or more"));

    case QMP_JSON_FAULT_DEPTH:
      return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_TOO_DEEP,
                                              chars, length, offset,
                                              _("More than %u levels of nesting"),
                                              self->max_depth);

    default:
      return qmp_protocol_error_new_for_text (QMP_PROTOCOL_ERROR_DESERIALIZATION,
                                              chars, length, offset,
                                              "%s", complaint (self));
    }
}
