/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "client/qmp-state-private.h"
#include "json/qmp-json-text-private.h"
#include "message/qmp-message-private.h"

/* An object that has a state, and nothing else of a client. Handlers write down what they find. */

#define TEST_TYPE_OBJECT (test_object_get_type ())
G_DECLARE_FINAL_TYPE (TestObject, test_object, TEST, OBJECT, GObject)

struct _TestObject {
  GObject   parent_instance;
  QmpState  state;
  gboolean  busy;    /* no user code may run */
  guint     n_due;
  GString  *log;
  void   (* action) (TestObject *self);  /* of the first handler; nullable */
};

G_DEFINE_FINAL_TYPE (TestObject, test_object, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_RUNSTATE,
  PROP_GREETING,
  PROP_OUT_OF_BAND_ACTIVE,
  PROP_LISTEN_ADDRESS,
};

static gboolean
may_tell (gpointer owner)
{
  return !TEST_OBJECT (owner)->busy;
}

static void
due (gpointer owner)
{
  TEST_OBJECT (owner)->n_due++;
}

static const QmpStateFuncs funcs = { may_tell, due };

static void
test_object_get_property (GObject    *object,
                          guint       property_id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  g_assert_not_reached ();
}

static void
test_object_finalize (GObject *object)
{
  TestObject *self = TEST_OBJECT (object);

  qmp_state_clear (&self->state);
  g_string_free (self->log, TRUE);
  G_OBJECT_CLASS (test_object_parent_class)->finalize (object);
}

static void
test_object_class_init (TestObjectClass *klass)
{
  static const char * const names[] = { NULL, "runstate", "greeting", "out-of-band-active", "listen-address" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = test_object_get_property;
  object_class->finalize = test_object_finalize;
  for (guint i = PROP_RUNSTATE; i <= PROP_LISTEN_ADDRESS; i++)
    g_object_class_install_property (object_class, i,
                                     g_param_spec_boolean (names[i], NULL, NULL, FALSE,
                                                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS |
                                                           G_PARAM_EXPLICIT_NOTIFY));
}

static void
test_object_init (TestObject *self)
{
  self->log = g_string_new (NULL);
  qmp_state_init (&self->state, &funcs, G_OBJECT (self));
}

/* A property's first letter and the runstate's number; * for each of greeting and address that there is, o for
 * out-of-band. */
static void
note (TestObject *self,
      const char *handler,
      GParamSpec *pspec)
{
  const QmpPicture *picture = qmp_state_get (&self->state);

  g_string_append_printf (self->log, " %s%c%d%s%s%s", handler, pspec->name[0], picture->runstate,
                          picture->greeting != NULL ? "*" : "", picture->listen_address != NULL ? "*" : "",
                          picture->out_of_band_active ? "o" : "");
}

static void
first_cb (TestObject *self,
          GParamSpec *pspec)
{
  void (* action) (TestObject *self) = g_steal_pointer (&self->action);

  note (self, "", pspec);
  if (action != NULL)
    action (self);
}

static void
second_cb (TestObject *self,
           GParamSpec *pspec)
{
  note (self, "2", pspec);
}

static TestObject *
object_new (void)
{
  TestObject *self = g_object_new (TEST_TYPE_OBJECT, NULL);

  g_signal_connect (self, "notify", G_CALLBACK (first_cb), NULL);
  return self;
}

#define assert_log(object, expected)                      \
  G_STMT_START {                                          \
    g_assert_cmpstr ((object)->log->str, ==, expected);   \
    g_string_truncate ((object)->log, 0);                 \
  } G_STMT_END

static QmpGreeting *
greeting_new (void)
{
  const char text[] = "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 0, \"minor\": 0, \"major\": 9}, \"package\": \"\"}, "
                      "\"capabilities\": []}}";
  QmpJsonFrame frame = { .text = text, .length = strlen (text) };
  g_autoptr(GError) error = NULL;
  QmpGreeting *greeting;

  g_assert_true (qmp_json_check (text, frame.length, 1024, &frame.outline, NULL));
  greeting = qmp_greeting_new_received (NULL, &frame, &error);
  g_assert_no_error (error);
  return greeting;
}

static void
test_steps (void)
{
  g_autoptr(TestObject) object = object_new ();
  g_autoptr(QmpGreeting) greeting = greeting_new ();

  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  assert_log (object, " r1");
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  assert_log (object, "");
  /* All that belongs together is there at once. */
  qmp_state_set_running (&object->state, greeting, TRUE);
  assert_log (object, " g2*o r2*o o2*o");
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_IDLE);
  assert_log (object, " r0* o0*");
  qmp_state_set_greeting (&object->state, NULL);
  assert_log (object, " g0");
  g_assert_cmpuint (object->n_due, ==, 0);
}

static void
test_held (void)
{
  g_autoptr(TestObject) object = object_new ();
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new ("/x");

  qmp_state_hold (&object->state);
  qmp_state_hold (&object->state);
  qmp_state_set_listen_address (&object->state, address);
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_IDLE);
  qmp_state_release (&object->state);
  qmp_state_tell (&object->state);
  assert_log (object, "");
  g_assert_cmpint (qmp_state_get (&object->state)->runstate, ==, QMP_RUNSTATE_IDLE);

  qmp_state_release (&object->state);
  assert_log (object, "");
  g_assert_cmpuint (object->n_due, >, 0);
  g_assert_true (qmp_state_has_steps (&object->state));
  qmp_state_tell (&object->state);
  assert_log (object, " l1* r1* r0*");
  g_assert_false (qmp_state_has_steps (&object->state));
}

/* What has no runstate of its own makes a step when it is released. */
static void
test_held_without_runstate (void)
{
  g_autoptr(TestObject) object = object_new ();
  g_autoptr(GSocketAddress) address = g_unix_socket_address_new ("/x");

  qmp_state_hold (&object->state);
  qmp_state_set_listen_address (&object->state, address);
  qmp_state_release (&object->state);
  qmp_state_tell (&object->state);
  assert_log (object, " l0*");
}

static void
test_busy (void)
{
  g_autoptr(TestObject) object = object_new ();

  object->busy = TRUE;
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  g_assert_cmpint (qmp_state_get (&object->state)->runstate, ==, QMP_RUNSTATE_CONNECTING);
  g_assert_false (qmp_state_has_steps (&object->state));
  qmp_state_tell (&object->state);
  assert_log (object, "");
  g_assert_cmpuint (object->n_due, ==, 1);

  object->busy = FALSE;
  g_assert_true (qmp_state_has_steps (&object->state));
  qmp_state_tell (&object->state);
  assert_log (object, " r1");
}

static void
become_idle (TestObject *object)
{
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_IDLE);
}

/* Each handler hears of each step, and finds the object as the step has it. */
static void
test_changed_within (void)
{
  g_autoptr(TestObject) object = object_new ();

  g_signal_connect (object, "notify", G_CALLBACK (second_cb), NULL);
  object->action = become_idle;
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  assert_log (object, " r1 2r1 r0 2r0");
}

static gboolean
see_cb (gpointer user_data)
{
  TestObject *object = user_data;

  g_string_append_printf (object->log, " (%d)", qmp_state_get (&object->state)->runstate);
  return G_SOURCE_REMOVE;
}

static void
run_loop (TestObject *object)
{
  become_idle (object);
  g_idle_add (see_cb, object);
  g_main_context_iteration (NULL, FALSE);
}

/* A main loop that a handler runs is outside of the step. */
static void
test_loop_within (void)
{
  g_autoptr(TestObject) object = object_new ();

  object->action = run_loop;
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  assert_log (object, " r1 (0) r0");
}

static void
drop (TestObject *object)
{
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_DISCONNECTING);
  g_object_unref (object);
}

/* The last reference goes while a step is told: the others are told first. */
static void
test_dropped_within (void)
{
  TestObject *object = object_new ();
  TestObject *weak = object;

  g_object_add_weak_pointer (G_OBJECT (object), (gpointer *) &weak);
  object->action = drop;
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  g_assert_null (weak);
}

/* None is kept for nobody, and none is told to who comes later. */
static void
test_nobody (void)
{
  g_autoptr(TestObject) object = g_object_new (TEST_TYPE_OBJECT, NULL);

  object->busy = TRUE;
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  g_assert_cmpuint (object->n_due, ==, 0);
  g_assert_cmpuint (object->state.steps.length, ==, 0);

  object->busy = FALSE;
  g_signal_connect (object, "notify", G_CALLBACK (first_cb), NULL);
  qmp_state_tell (&object->state);
  assert_log (object, "");
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_RUNNING);
  assert_log (object, " r2");
}

static void
test_require (void)
{
  g_autoptr(TestObject) object = object_new ();
  g_autoptr(GError) error = NULL;

  g_assert_true (qmp_state_require (&object->state, QMP_RUNSTATE_IDLE, "open", &error));
  g_assert_no_error (error);
  g_assert_false (qmp_state_require (&object->state, QMP_RUNSTATE_RUNNING, "execute", &error));
  g_assert_error (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE);
  g_assert_cmpstr (error->message, ==, "Cannot execute: the client is IDLE and must be RUNNING");
}

/* What was not told is gone. */
static void
test_clear (void)
{
  TestObject *object = object_new ();

  object->busy = TRUE;
  qmp_state_set_runstate (&object->state, QMP_RUNSTATE_CONNECTING);
  g_assert_cmpuint (object->state.steps.length, ==, 1);
  g_assert_finalize_object (object);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/state/steps", test_steps);
  g_test_add_func ("/state/held", test_held);
  g_test_add_func ("/state/held/without-runstate", test_held_without_runstate);
  g_test_add_func ("/state/busy", test_busy);
  g_test_add_func ("/state/within/changed", test_changed_within);
  g_test_add_func ("/state/within/loop", test_loop_within);
  g_test_add_func ("/state/within/dropped", test_dropped_within);
  g_test_add_func ("/state/nobody", test_nobody);
  g_test_add_func ("/state/require", test_require);
  g_test_add_func ("/state/clear", test_clear);

  return g_test_run ();
}
