/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "share/qmp-fd-names-private.h"

#include <string.h>
#include <sys/random.h>

/* Names stand at most so deep in a command's arguments: each level reads what is within it again. */
#define MAX_DEPTH 32

struct _QmpFdNames {
  char       *prefix;
  GHashTable *names;    /* name → how many descriptors are about to get it; it may have one already */
};

/* Where a name stands by the key of its value. */
typedef enum {
  PLACE_NONE,
  PLACE_NAME,
  PLACE_NAMES,    /* with colons between */
  PLACE_ADDRESS,  /* "fd:" before it */
} Place;

static const struct { const char *key; Place place; } places[] = {
  { "fdname", PLACE_NAME },      /* add_client */
  { "fd", PLACE_NAME },          /* netdev_add, device_add, object-add */
  { "vhostfd", PLACE_NAME },
  { "str", PLACE_NAME },         /* of a SocketAddress */
  { "fds", PLACE_NAMES },
  { "vhostfds", PLACE_NAMES },
  { "sock-fds", PLACE_NAMES },
  { "uri", PLACE_ADDRESS },      /* migrate, migrate-incoming */
  { "protocol", PLACE_ADDRESS }, /* dump-guest-memory */
};

/* A text that is copied but for some parts. */
typedef struct {
  QmpFdNames *names;
  GString    *out;     /* nullable: nothing was replaced yet */
  const char *copied;  /* all before it is in out */
  GPtrArray  *used;
} Rewriting;

/* --- its life --- */

static char *
make_prefix (void)
{
  guint64 words[2];
  gssize n = getrandom (words, sizeof words, 0);

  if (n != sizeof words)
    g_error ("getrandom() has failed");
  return g_strdup_printf ("shared-%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x-", words[0], words[1]);
}

QmpFdNames *
qmp_fd_names_new (void)
{
  QmpFdNames *self = g_rc_box_new0 (QmpFdNames);

  self->prefix = make_prefix ();
  self->names = g_hash_table_new_full (qmp_json_hash_name, g_str_equal, g_free, NULL);
  return self;
}

QmpFdNames *
qmp_fd_names_ref (QmpFdNames *self)
{
  return g_rc_box_acquire (self);
}

static void
names_clear (QmpFdNames *self)
{
  g_free (self->prefix);
  g_hash_table_unref (self->names);
}

void
qmp_fd_names_unref (QmpFdNames *self)
{
  g_rc_box_release_full (self, (GDestroyNotify) names_clear);
}

/* --- which there are --- */

static guint
count_coming (QmpFdNames *self,
              const char *name)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->names, name));
}

static void
set_coming (QmpFdNames *self,
            const char *name,
            guint       n)
{
  g_hash_table_insert (self->names, g_strdup (name), GUINT_TO_POINTER (n));
}

gboolean
qmp_fd_names_begin (QmpFdNames *self,
                    const char *name)
{
  if (!qmp_fd_names_has (self, name) && g_hash_table_size (self->names) >= QMP_FD_NAMES_MAX)
    return FALSE;

  set_coming (self, name, count_coming (self, name) + 1);
  return TRUE;
}

void
qmp_fd_names_end (QmpFdNames *self,
                  const char *name)
{
  guint n = count_coming (self, name);

  if (n > 0)
    set_coming (self, name, n - 1);
}

void
qmp_fd_names_remove (QmpFdNames *self,
                     const char *name)
{
  if (count_coming (self, name) == 0)
    g_hash_table_remove (self->names, name);
}

gboolean
qmp_fd_names_has (QmpFdNames *self,
                  const char *name)
{
  return g_hash_table_contains (self->names, name);
}

guint
qmp_fd_names_get_n_names (QmpFdNames *self)
{
  return g_hash_table_size (self->names);
}

const char **
qmp_fd_names_list (QmpFdNames *self)
{
  return (const char **) g_hash_table_get_keys_as_array (self->names, NULL);
}

/* --- to the server --- */

void
qmp_fd_names_append (QmpFdNames *self,
                     GString    *out,
                     const char *name)
{
  g_autofree char *full = g_strconcat (self->prefix, name, NULL);

  qmp_json_append_escaped (out, full, strlen (full));
}

static void
replace (Rewriting    *rewriting,
         QmpJsonSlice  value,
         const char   *string)
{
  if (rewriting->out == NULL)
    rewriting->out = g_string_new (NULL);
  g_string_append_len (rewriting->out, rewriting->copied, value.text - rewriting->copied);
  qmp_json_append_escaped (rewriting->out, string, strlen (string));
  rewriting->copied = value.text + value.length;
}

/* Is it one of the client's? Then it is used. */
static gboolean
use (Rewriting  *rewriting,
     const char *name)
{
  if (!qmp_fd_names_has (rewriting->names, name))
    return FALSE;

  g_ptr_array_add (rewriting->used, g_strdup (name));
  return TRUE;
}

/* start: how much goes before the name. */
static void
rewrite_name (Rewriting    *rewriting,
              QmpJsonSlice  value,
              const char   *string,
              gsize         start)
{
  g_autofree char *full = NULL;

  if (!use (rewriting, string + start))
    return;
  full = g_strdup_printf ("%.*s%s%s", (int) start, string, rewriting->names->prefix, string + start);
  replace (rewriting, value, full);
}

static void
rewrite_names (Rewriting    *rewriting,
               QmpJsonSlice  value,
               const char   *string)
{
  g_auto(GStrv) parts = g_strsplit (string, ":", -1);
  g_autofree char *full = NULL;
  gboolean changed = FALSE;

  for (char **part = parts; *part != NULL; part++)
    if (use (rewriting, *part))
      {
        char *renamed = g_strconcat (rewriting->names->prefix, *part, NULL);

        g_free (*part);
        *part = renamed;
        changed = TRUE;
      }
  if (!changed)
    return;
  full = g_strjoinv (":", parts);
  replace (rewriting, value, full);
}

static Place
find_place (QmpJsonSlice key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (qmp_json_string_equal (key.text, key.length, places[i].key))
      return places[i].place;
  return PLACE_NONE;
}

static void
rewrite_string (Rewriting    *rewriting,
                QmpJsonSlice  key,
                QmpJsonSlice  value)
{
  Place place = find_place (key);
  g_autofree char *string = place != PLACE_NONE ? qmp_json_dup_string (value.text, value.length) : NULL;

  if (place == PLACE_NAME)
    rewrite_name (rewriting, value, string, 0);
  else if (place == PLACE_NAMES)
    rewrite_names (rewriting, value, string);
  else if (place == PLACE_ADDRESS && g_str_has_prefix (string, "fd:"))
    rewrite_name (rewriting, value, string, strlen ("fd:"));
}

static void
rewrite_value (Rewriting    *rewriting,
               QmpJsonSlice  value,
               guint         depth)
{
  QmpJsonCursor cursor;
  QmpJsonSlice key, inner;

  if (depth >= MAX_DEPTH || (*value.text != '{' && *value.text != '['))
    return;

  qmp_json_cursor_init (&cursor, value.text, value.length);
  if (*value.text == '[')
    {
      while (qmp_json_cursor_next_element (&cursor, &inner))
        rewrite_value (rewriting, inner, depth + 1);
      return;
    }
  while (qmp_json_cursor_next_member (&cursor, &key, &inner))
    if (*inner.text == '"')
      rewrite_string (rewriting, key, inner);
    else
      rewrite_value (rewriting, inner, depth + 1);
}

GString *
qmp_fd_names_rewrite (QmpFdNames   *self,
                      QmpJsonSlice  arguments,
                      GPtrArray    *used)
{
  Rewriting rewriting = { self, NULL, arguments.text, used };

  if (arguments.length == 0)
    return NULL;

  rewrite_value (&rewriting, arguments, 0);
  if (rewriting.out != NULL)
    g_string_append_len (rewriting.out, rewriting.copied, arguments.text + arguments.length - rewriting.copied);
  return rewriting.out;
}

/* --- to the client --- */

void
qmp_fd_names_append_restored (QmpFdNames *self,
                              GString    *out,
                              const char *text,
                              gsize       length)
{
  gsize start = out->len;

  g_string_append_len (out, text, length);
  for (char *p = strstr (out->str + start, self->prefix); p != NULL; p = strstr (p, self->prefix))
    {
      gsize position = p - out->str;

      g_string_erase (out, position, strlen (self->prefix));
      p = out->str + position;
    }
}
