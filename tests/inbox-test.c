/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <gio/gio.h>

#include "core/qmp-task-private.h"
#include "event/qmp-inbox-private.h"

/* An inbox and its owner, which writes down what happens: the names of what is delivered, + before each and behind the last, f when it is
 * filled, -name for what is dropped. Entries are dispatched from a source of the owner's context. */
typedef struct {
  GMainContext *context;
  QmpInbox      inbox;
  GString      *log;
  gboolean      ready;    /* deliveries may be made */
} Owner;

typedef struct {
  QmpInboxEntry  entry;
  char           name;
  guint          n_parts;
  void        (* action) (Owner *owner);  /* user code; nullable */
} Item;

static void
filled (gpointer user_data)
{
  g_string_append_c (((Owner *) user_data)->log, 'f');
}

static gboolean
prepare (gpointer user_data)
{
  Owner *owner = user_data;

  g_string_append_c (owner->log, '+');
  return owner->ready;
}

static const QmpInboxFuncs funcs = { filled, prepare };

static void
run (Item  *item,
     Owner *owner)
{
  g_string_append_c (owner->log, item->name);
  if (item->action != NULL)
    item->action (owner);
}

static void
deliver (QmpInboxEntry *entry,
         gpointer       user_data)
{
  g_autofree Item *item = (Item *) entry;

  run (item, user_data);
}

static void
drop (QmpInboxEntry *entry,
      gpointer       user_data)
{
  Owner *owner = user_data;

  g_string_append_printf (owner->log, "-%c", ((Item *) entry)->name);
  g_free (entry);
}

static gboolean
deliver_part (QmpInboxEntry *entry,
              gpointer       user_data)
{
  Item *item = (Item *) entry;

  if (item->n_parts == 0)
    return FALSE;
  item->n_parts--;
  run (item, user_data);
  return TRUE;
}

/* Only its last part completes a task. */
static gint64
get_created (QmpInboxEntry *entry)
{
  return ((Item *) entry)->n_parts > 0 ? 0 : entry->created;
}

static const QmpInboxKind plain = { .deliver = deliver, .drop = drop };
static const QmpInboxKind limited = { .deliver = deliver, .drop = drop, .limited = TRUE };
static const QmpInboxKind parts = {
  .deliver = deliver, .drop = drop, .deliver_part = deliver_part, .get_created = get_created,
};

static Item *
post (Owner              *owner,
      const QmpInboxKind *kind,
      char                name)
{
  Item *item = g_new0 (Item, 1);

  item->entry.kind = kind;
  item->name = name;
  qmp_inbox_post (&owner->inbox, &item->entry);
  return item;
}

static void
set_up (Owner         *owner,
        gconstpointer  data)
{
  owner->context = g_main_context_new ();
  owner->log = g_string_new (NULL);
  owner->ready = TRUE;
  qmp_inbox_init (&owner->inbox, &funcs, owner);
  owner->inbox.max_time = G_MAXINT64;  /* on a machine that is busy with other things as well */
}

static void
tear_down (Owner         *owner,
           gconstpointer  data)
{
  qmp_inbox_clear (&owner->inbox);
  g_assert_true (qmp_inbox_is_empty (&owner->inbox));
  g_assert_cmpuint (owner->inbox.size, ==, 0);
  g_assert_cmpuint (owner->inbox.n_limited, ==, 0);
  g_string_free (owner->log, TRUE);
  g_main_context_unref (owner->context);
}

#define assert_log(owner, expected)                      \
  G_STMT_START {                                         \
    g_assert_cmpstr ((owner)->log->str, ==, expected);   \
    g_string_truncate ((owner)->log, 0);                 \
  } G_STMT_END

static gboolean
call_cb (gpointer user_data)
{
  void (** function) (Owner *owner) = user_data;

  (*function) (((gpointer *) user_data)[1]);
  return G_SOURCE_REMOVE;
}

/* From a dispatch of the owner's context, as a client does; of another microsecond than what was made before, for dispatches are
 * told apart by their times. */
static void
in_dispatch (Owner  *owner,
             void (* function) (Owner *owner))
{
  g_autoptr(GSource) source = g_idle_source_new ();
  gpointer data[] = { function, owner };
  gint64 now = g_get_monotonic_time ();

  while (g_get_monotonic_time () == now)
    ;

  g_source_set_callback (source, call_cb, data, NULL);
  g_source_attach (source, owner->context);
  g_main_context_iteration (owner->context, FALSE);
}

static void
deliver_all (Owner *owner)
{
  qmp_inbox_deliver (&owner->inbox);
}

/* --- order --- */

static void
test_order (Owner         *owner,
            gconstpointer  data)
{
  post (owner, &plain, 'a');
  post (owner, &limited, 'b');
  post (owner, &plain, 'c');
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+a+b+c+");

  in_dispatch (owner, deliver_all);
  assert_log (owner, "+");
}

static void
post_z (Owner *owner)
{
  post (owner, &plain, 'z');
}

/* What user code brings in is the last. */
static void
test_post_within (Owner         *owner,
                  gconstpointer  data)
{
  post (owner, &plain, 'a')->action = post_z;
  post (owner, &plain, 'b');
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+a+b+z+");

  post (owner, &plain, 'a')->action = post_z;
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+af+z+");
}

/* A callback that runs a main loop goes on with what is behind it. */
static void
test_deliver_within (Owner         *owner,
                     gconstpointer  data)
{
  post (owner, &plain, 'a')->action = deliver_all;
  post (owner, &plain, 'b');
  post (owner, &plain, 'c');
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+a+b+c++");
}

static void
test_not_ready (Owner         *owner,
                gconstpointer  data)
{
  post (owner, &plain, 'a');
  owner->ready = FALSE;
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+");

  owner->ready = TRUE;
  in_dispatch (owner, deliver_all);
  assert_log (owner, "+a+");
}

static void
make_unready (Owner *owner)
{
  owner->ready = FALSE;
}

/* It is asked before each. */
static void
test_not_ready_any_more (Owner         *owner,
                         gconstpointer  data)
{
  post (owner, &plain, 'a')->action = make_unready;
  post (owner, &plain, 'b');
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+a+");
}

static void
test_remove (Owner         *owner,
             gconstpointer  data)
{
  Item *b;

  post (owner, &plain, 'a');
  b = post (owner, &limited, 'b');
  post (owner, &plain, 'c');
  qmp_inbox_remove (&owner->inbox, &b->entry);
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+a+c+");
  g_free (b);
}

static void
test_drop (Owner         *owner,
           gconstpointer  data)
{
  post (owner, &plain, 'a');
  post (owner, &limited, 'b');
  qmp_inbox_clear (&owner->inbox);
  assert_log (owner, "f-a-b");
}

/* --- parts --- */

static void
test_parts (Owner         *owner,
            gconstpointer  data)
{
  post (owner, &parts, 'a')->n_parts = 2;
  post (owner, &plain, 'b');
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+a+a+a+b+");
}

/* The main loop that is run within one goes on with the rest of the parts. */
static void
test_parts_within (Owner         *owner,
                   gconstpointer  data)
{
  Item *item = post (owner, &parts, 'a');

  item->n_parts = 2;
  item->action = deliver_all;
  post (owner, &plain, 'b');
  in_dispatch (owner, deliver_all);
  assert_log (owner, "f+a+a+a+b++++");
}

/* --- GTask's rule --- */

static void
post_created_now (Owner *owner)
{
  post (owner, &plain, 'a')->entry.created = qmp_task_get_dispatch_time ();
  post (owner, &plain, 'b');
  qmp_inbox_deliver (&owner->inbox);
}

/* Its place is kept: what is behind it waits with it. */
static void
test_put_off (Owner         *owner,
              gconstpointer  data)
{
  in_dispatch (owner, post_created_now);
  assert_log (owner, "f+");
  in_dispatch (owner, deliver_all);
  assert_log (owner, "+a+b+");
}

static void
post_before (Owner *owner)
{
  post (owner, &plain, 'z');
  post_created_now (owner);
}

static void
test_put_off_behind (Owner         *owner,
                     gconstpointer  data)
{
  in_dispatch (owner, post_before);
  assert_log (owner, "f+z+");
  in_dispatch (owner, deliver_all);
  assert_log (owner, "+a+b+");
}

static void
post_parts_created_now (Owner *owner)
{
  Item *item = post (owner, &parts, 'a');

  item->n_parts = 1;
  item->entry.created = qmp_task_get_dispatch_time ();
  qmp_inbox_deliver (&owner->inbox);
}

/* Each part by itself. */
static void
test_put_off_part (Owner         *owner,
                   gconstpointer  data)
{
  in_dispatch (owner, post_parts_created_now);
  assert_log (owner, "f+a+");
  in_dispatch (owner, deliver_all);
  assert_log (owner, "+a+");
}

/* A task that was made outside of a dispatch is never put off. */
static void
test_not_put_off (Owner         *owner,
                  gconstpointer  data)
{
  gint64 created;
  g_autoptr(GTask) task = qmp_task_new (owner->context, NULL, NULL, NULL, test_not_put_off, &created);

  g_assert_cmpint (created, ==, 0);
  g_assert_true (g_task_get_context (task) == owner->context);
  g_assert_true (g_task_get_source_tag (task) == test_not_put_off);
  post (owner, &plain, 'a')->entry.created = created;
  qmp_inbox_deliver (&owner->inbox);
  assert_log (owner, "f+a+");
  g_task_return_boolean (task, TRUE);
}

/* --- limits --- */

static void
test_limited_number (Owner         *owner,
                     gconstpointer  data)
{
  for (guint i = 0; i < 1000; i++)
    post (owner, &limited, 'e');
  assert_log (owner, "f");
  post (owner, &limited, 'x');
  assert_log (owner, "-x");

  /* Others are not: somebody waits for them. */
  post (owner, &plain, 'a');
  g_assert_cmpuint (owner->inbox.entries.length, ==, 1001);

  /* One dispatch may take too long for all. */
  while (!qmp_inbox_is_empty (&owner->inbox))
    in_dispatch (owner, deliver_all);
  g_string_truncate (owner->log, 0);
  post (owner, &limited, 'y');
  assert_log (owner, "f");
}

static void
post_large (Owner *owner,
            char   name,
            gsize  size)
{
  Item *item = g_new0 (Item, 1);

  item->entry.kind = &limited;
  item->entry.size = size;
  item->name = name;
  qmp_inbox_post (&owner->inbox, &item->entry);
}

/* The one that goes over the limit is the last. */
static void
test_limited_size (Owner         *owner,
                   gconstpointer  data)
{
  owner->inbox.max_size = 10;
  post_large (owner, 'a', 10);
  post_large (owner, 'b', 5);
  post_large (owner, 'c', 1);
  assert_log (owner, "f-c");
  g_assert_cmpuint (owner->inbox.size, ==, 15);

  in_dispatch (owner, deliver_all);
  assert_log (owner, "+a+b+");
  g_assert_cmpuint (owner->inbox.size, ==, 0);
}

/* --- how much one dispatch delivers --- */

static void
post_many (Owner *owner,
           guint  n)
{
  for (guint i = 0; i < n; i++)
    post (owner, &plain, 'a');
  g_string_truncate (owner->log, 0);
}

static guint
deliver_some (Owner *owner)
{
  guint n = owner->inbox.entries.length;

  in_dispatch (owner, deliver_all);
  g_string_truncate (owner->log, 0);
  return n - owner->inbox.entries.length;
}

/* What a blocking call has left is delivered bit by bit. */
static void
test_spread (Owner         *owner,
             gconstpointer  data)
{
  post_many (owner, 1000);
  qmp_inbox_spread (&owner->inbox);
  g_assert_cmpuint (deliver_some (owner), <=, 256);
  g_assert_cmpuint (owner->inbox.entries.length, >=, 744);
}

static void
take_time (Owner *owner)
{
  gint64 until = g_get_monotonic_time () + 2;

  while (g_get_monotonic_time () < until)
    continue;
}

/* User code that is slow has the others wait for the next iteration. What comes before may have been slow too. */
static void
test_slow (Owner         *owner,
           gconstpointer  data)
{
  owner->inbox.max_time = 1;
  post (owner, &plain, 'a');
  post (owner, &plain, 'b')->action = take_time;
  post (owner, &plain, 'c');
  in_dispatch (owner, deliver_all);
  g_assert_true (g_str_has_prefix (owner->log->str, "f+a+"));
  g_assert_null (strchr (owner->log->str, 'c'));

  in_dispatch (owner, deliver_all);
  in_dispatch (owner, deliver_all);
  g_assert_nonnull (strchr (owner->log->str, 'c'));
}

static void
test_full (Owner         *owner,
           gconstpointer  data)
{
  g_assert_false (qmp_inbox_is_full (&owner->inbox));
  post_many (owner, 255);
  g_assert_false (qmp_inbox_is_full (&owner->inbox));
  post_many (owner, 1);
  g_assert_true (qmp_inbox_is_full (&owner->inbox));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define add(path, test) g_test_add ("/inbox/" path, Owner, NULL, set_up, test, tear_down)
  add ("order", test_order);
  add ("order/post-within", test_post_within);
  add ("order/deliver-within", test_deliver_within);
  add ("not-ready", test_not_ready);
  add ("not-ready/any-more", test_not_ready_any_more);
  add ("remove", test_remove);
  add ("drop", test_drop);
  add ("parts", test_parts);
  add ("parts/within", test_parts_within);
  add ("put-off", test_put_off);
  add ("put-off/behind", test_put_off_behind);
  add ("put-off/part", test_put_off_part);
  add ("put-off/not", test_not_put_off);
  add ("limited/number", test_limited_number);
  add ("limited/size", test_limited_size);
  add ("some/spread", test_spread);
  add ("some/slow", test_slow);
  add ("some/full", test_full);
#undef add

  return g_test_run ();
}
