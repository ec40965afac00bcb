/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-mock.h>

#include <gio/gunixconnection.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <qmp-glib/qmp-enums.h>
#include <qmp-glib/qmp-error.h>
#include <qmp-glib/qmp-server.h>

#include "core/qmp-source-private.h"
#include "mock/qmp-expectation-private.h"
#include "mock/qmp-player-private.h"
#include "mock/qmp-stage-private.h"
#include "wire/qmp-hand-over-private.h"

/**
 * QmpMock:
 *
 * A server for tests: what talks to QEMU is tested without a QEMU.
 *
 * A mock answers by its preset, and by what it is told to expect. With `QMP_MOCK_PRESET_MACHINE` it is a small machine that keeps
 * its state and sends events as QEMU does. Expectations name the commands that the test is about.
 *
 * ```c
 * g_autoptr(QmpMock) mock = qmp_mock_new (QMP_MOCK_PRESET_MACHINE);
 * g_autoptr(GError) error = NULL;
 *
 * qmp_expectation_fails (qmp_mock_expect (mock, "stop", NULL), "GenericError", "not today");
 * if (!qmp_mock_listen (mock, NULL, &error))
 *   g_error ("%s", error->message);
 * g_print ("to be tested: %s\n", qmp_mock_get_path (mock));
 * qmp_mock_verify (mock, &error);
 * g_assert_no_error (error);
 * ```
 *
 * A mock has a thread of its own, so that a program that makes blocking calls can be tested in the thread that has made the
 * mock. No function of the program is called from that thread: what is to be answered is data. The methods may be called in any
 * thread; what clients do is notified in the main context that was thread-default when the mock was made, and what the program
 * sets in the thread that sets it.
 *
 * Each address, and each stream, is a monitor, which serves one client at a time, as QEMU's do: the next one connects, and is not
 * greeted before the first has left.
 *
 * Dropping the last reference closes it, and waits for its thread.
 *
 * See [Testing](testing.html).
 *
 * Since: 1.0
 */

struct _QmpMock {
  GObject             parent_instance;

  QmpIoContext       *io;            /* of the thread that has made it */
  QmpIoWatch          watch;         /* of nothing: io wakes up when somebody else drops the mock */
  QmpMockPreset       preset;
  QmpScript          *script;
  QmpStage           *stage;
  GSource            *told;          /* runs in io's main context; the stage's thread wakes it */
  gboolean            told_ended;

  /* under the script's lock */
  GPtrArray          *expectations;  /* of QmpExpectation, owned */
  GSocketAddress     *address;       /* nullable */
  char               *path;          /* nullable */
  char               *directory;     /* nullable: made for the path */
  gboolean            bytewise;
};

enum {
  PROP_0,
  PROP_PRESET,
  PROP_ADDRESS,
  PROP_PATH,
  PROP_ENDED,
  PROP_BYTEWISE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

/**
 * qmp_mock_error_quark:
 *
 * The error domain of [error@MockError].
 *
 * Returns: the domain
 *
 * Since: 1.0
 */
G_DEFINE_QUARK (QmpMockError, qmp_mock_error)

G_DEFINE_FINAL_TYPE (QmpMock, qmp_mock, G_TYPE_OBJECT)

/* --- what the program is told --- */

static GPtrArray *
list_expectations (QmpMock *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);

  qmp_script_lock (self->script);
  for (guint i = 0; i < self->expectations->len; i++)
    g_ptr_array_add (list, g_object_ref (self->expectations->pdata[i]));
  qmp_script_unlock (self->script);
  return list;
}

static gboolean
tell_cb (gpointer user_data)
{
  g_autoptr(QmpMock) self = g_object_ref (user_data);
  g_autoptr(GPtrArray) list = list_expectations (self);

  g_source_set_ready_time (self->told, -1);
  for (guint i = 0; i < list->len; i++)
    qmp_expectation_tell (list->pdata[i]);
  if (!self->told_ended && qmp_mock_get_ended (self))
    {
      self->told_ended = TRUE;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENDED]);
    }
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_told (GSource     *source,
               GSourceFunc  callback,
               gpointer     user_data)
{
  return callback (user_data);
}

static gboolean
watch_cb (gpointer     owner,
          GIOCondition ready)
{
  return FALSE;
}

static const QmpIoFuncs watch_funcs = { NULL, watch_cb };

static GSourceFuncs told_funcs = { .dispatch = dispatch_told };

/* In the stage's thread, which ends before the source does. */
static void
told (gpointer source)
{
  g_source_set_ready_time (source, 0);
}

/* --- the stage --- */

static gpointer
enter (gpointer user_data)
{
  QmpMock *self = user_data;

  return qmp_player_new (&(QmpPlayerSettings) { self->script, self->preset, told, self->told });
}

static void
leave (gpointer actor)
{
  qmp_player_free (actor);
}

static const QmpStageFuncs stage_funcs = { enter, leave };

/* FALSE with error: there is nobody any more. */
static gboolean
call (QmpMock       *self,
      QmpStageFunc   func,
      gpointer       user_data,
      GError       **error)
{
  if (qmp_stage_call (self->stage, func, user_data))
    return TRUE;
  g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("The mock is closed"));
  return FALSE;
}

static void
release (gpointer player,
         gpointer step)
{
  qmp_player_release (player, step);
}

/* --- the object --- */

static void
qmp_mock_dispose (GObject *object)
{
  QmpMock *self = QMP_MOCK (object);

  if (!qmp_hand_over_begin_dispose (object, self->io))
    return;

  qmp_mock_close (self);
  qmp_clear_source (&self->told);
  qmp_io_watch_detach (&self->watch);

  G_OBJECT_CLASS (qmp_mock_parent_class)->dispose (object);
  qmp_hand_over_end_dispose (object, self->io);
}

static void
qmp_mock_finalize (GObject *object)
{
  QmpMock *self = QMP_MOCK (object);

  g_ptr_array_unref (self->expectations);
  g_clear_object (&self->address);
  g_free (self->path);
  g_free (self->directory);
  qmp_stage_unref (self->stage);
  qmp_script_unref (self->script);
  qmp_io_context_leave (self->io);
  qmp_io_context_unref (self->io);

  G_OBJECT_CLASS (qmp_mock_parent_class)->finalize (object);
}

static void
qmp_mock_get_property (GObject    *object,
                       guint       property_id,
                       GValue     *value,
                       GParamSpec *pspec)
{
  QmpMock *self = QMP_MOCK (object);

  switch (property_id)
    {
    case PROP_PRESET:
      g_value_set_enum (value, self->preset);
      break;
    case PROP_ADDRESS:
      g_value_set_object (value, qmp_mock_get_address (self));
      break;
    case PROP_PATH:
      g_value_set_string (value, qmp_mock_get_path (self));
      break;
    case PROP_ENDED:
      g_value_set_boolean (value, qmp_mock_get_ended (self));
      break;
    case PROP_BYTEWISE:
      g_value_set_boolean (value, self->bytewise);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
qmp_mock_set_property (GObject      *object,
                       guint         property_id,
                       const GValue *value,
                       GParamSpec   *pspec)
{
  QmpMock *self = QMP_MOCK (object);

  switch (property_id)
    {
    case PROP_PRESET:
      self->preset = g_value_get_enum (value);
      break;
    case PROP_BYTEWISE:
      qmp_mock_set_bytewise (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* A class that is made while another thread registers a type of its properties can wait for that thread, and that for the
 * lock of classes: so it is up to GLib 2.74 at least. The classes that the stage's thread needs are there before it is. */
static void
make_classes (void)
{
  const GType types[] = {
    QMP_TYPE_SERVER, QMP_TYPE_SERVER_CONNECTION, QMP_TYPE_INVOCATION, QMP_TYPE_MESSAGE,
    G_TYPE_LIST_STORE, G_TYPE_CREDENTIALS, G_TYPE_UNIX_FD_LIST, G_TYPE_SOCKET, G_TYPE_UNIX_CONNECTION, G_TYPE_TCP_CONNECTION,
    G_TYPE_UNIX_SOCKET_ADDRESS, G_TYPE_INET_SOCKET_ADDRESS, G_TYPE_INET_ADDRESS,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    g_type_class_unref (g_type_class_ref (types[i]));
}

static void
qmp_mock_constructed (GObject *object)
{
  QmpMock *self = QMP_MOCK (object);

  G_OBJECT_CLASS (qmp_mock_parent_class)->constructed (object);

  make_classes ();
  self->stage = qmp_stage_new (&stage_funcs, self);
}

static void
qmp_mock_class_init (QmpMockClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->constructed = qmp_mock_constructed;
  object_class->dispose = qmp_mock_dispose;
  object_class->finalize = qmp_mock_finalize;
  object_class->get_property = qmp_mock_get_property;
  object_class->set_property = qmp_mock_set_property;
  qmp_hand_over_install (object_class);

  /**
   * QmpMock:preset: (getter get_preset)
   *
   * Which commands it answers by itself.
   *
   * Since: 1.0
   */
  properties[PROP_PRESET] =
    g_param_spec_enum ("preset", NULL, NULL, QMP_TYPE_MOCK_PRESET, QMP_MOCK_PRESET_MACHINE,
                       readable | G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY);

  /**
   * QmpMock:address: (getter get_address)
   *
   * Where it listens; of several addresses the first.
   *
   * Since: 1.0
   */
  properties[PROP_ADDRESS] =
    g_param_spec_object ("address", NULL, NULL, G_TYPE_SOCKET_CONNECTABLE, readable);

  /**
   * QmpMock:path: (getter get_path)
   *
   * The file of the Unix socket that it listens on; of several the first.
   *
   * Since: 1.0
   */
  properties[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, NULL, readable);

  /**
   * QmpMock:ended: (getter get_ended)
   *
   * Whether it is over: it was closed, or its machine has been told to quit.
   *
   * Since: 1.0
   */
  properties[PROP_ENDED] = g_param_spec_boolean ("ended", NULL, NULL, FALSE, readable);

  /**
   * QmpMock:bytewise: (getter get_bytewise) (setter set_bytewise)
   *
   * Whether each byte is sent by itself, to clients that connect from then on.
   *
   * Since: 1.0
   */
  properties[PROP_BYTEWISE] =
    g_param_spec_boolean ("bytewise", NULL, NULL, FALSE, readable | G_PARAM_WRITABLE);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
qmp_mock_init (QmpMock *self)
{
  g_autoptr(GMainContext) context = g_main_context_ref_thread_default ();

  self->io = qmp_io_context_get (context);
  qmp_io_watch_attach (&self->watch, self->io, &watch_funcs, self);
  self->script = qmp_script_new ();
  self->expectations = g_ptr_array_new_with_free_func (g_object_unref);
  self->told = g_source_new (&told_funcs, sizeof (GSource));
  g_source_set_static_name (self->told, "[qmp] what a mock was sent");
  g_source_set_callback (self->told, tell_cb, self, NULL);
  g_source_attach (self->told, context);
  qmp_io_context_drop_handed_over (self->io);
}

/**
 * qmp_mock_new:
 * @preset: which commands it answers by itself
 *
 * Makes a mock without clients. Its thread is there from now on.
 *
 * Returns: (transfer full): a new mock
 *
 * Since: 1.0
 */
QmpMock *
qmp_mock_new (QmpMockPreset preset)
{
  return g_object_new (QMP_TYPE_MOCK, "preset", preset, NULL);
}

/* --- the script --- */

/**
 * qmp_mock_expect:
 * @self: a mock
 * @command: (not nullable): a command's name, in UTF-8
 * @arguments: (nullable): an object that names some of its arguments; `NULL` for any
 *
 * Expects that a command comes, after those that are expected already.
 *
 * Of @arguments, and of objects in it, only the members that are there are compared; others may come as well. Arrays are
 * compared element by element.
 *
 * From now on the command is bound: when it comes before its turn, with other arguments, or once more than expected, the client
 * is answered an error, and [method@Mock.verify] says what happened.
 *
 * Returns: (transfer none): the expectation, on which the answer is said; the mock keeps it
 *
 * Since: 1.0
 */
QmpExpectation *
qmp_mock_expect (QmpMock    *self,
                 const char *command,
                 JsonNode   *arguments)
{
  QmpExpectation *expectation;

  g_return_val_if_fail (QMP_IS_MOCK (self), NULL);
  g_return_val_if_fail (command != NULL, NULL);
  g_return_val_if_fail (arguments == NULL || JSON_NODE_HOLDS_OBJECT (arguments), NULL);

  qmp_script_lock (self->script);
  expectation = qmp_expectation_new (self->script, qmp_script_add (self->script, command, arguments), self->stage, release);
  g_ptr_array_add (self->expectations, expectation);
  qmp_script_unlock (self->script);
  return expectation;
}

/**
 * qmp_mock_verify:
 * @self: a mock
 * @error: return location for an error
 *
 * Tells whether all that was expected has come, and nothing else of what was named.
 *
 * Errors, each of which says in words what was expected and what came:
 *
 * - `QMP_MOCK_ERROR_UNEXPECTED`: something came that was not expected; the first that did;
 * - `QMP_MOCK_ERROR_MISSING`: something did not come.
 *
 * Returns: `TRUE` if all was as expected
 *
 * Since: 1.0
 */
gboolean
qmp_mock_verify (QmpMock  *self,
                 GError  **error)
{
  gboolean good;

  g_return_val_if_fail (QMP_IS_MOCK (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  qmp_script_lock (self->script);
  good = qmp_script_verify (self->script, error);
  qmp_script_unlock (self->script);
  return good;
}

/**
 * qmp_mock_list_commands:
 * @self: a mock
 *
 * Lists all commands that came, in their order, expected or not, but for `qmp_capabilities`. Each has the file descriptors that
 * came with it.
 *
 * Returns: (transfer full) (element-type QmpMessage): copies of them
 *
 * Since: 1.0
 */
GList *
qmp_mock_list_commands (QmpMock *self)
{
  GList *list;

  g_return_val_if_fail (QMP_IS_MOCK (self), NULL);

  qmp_script_lock (self->script);
  list = qmp_script_list (self->script);
  qmp_script_unlock (self->script);
  return list;
}

/* --- clients --- */

typedef struct {
  GSocketConnectable *address;
  GIOStream          *stream;
  const char         *name;
  JsonNode           *data;
  GSocketAddress     *bound;
  gboolean            good;
  GError            **error;
} Request;

static void
do_listen (gpointer player,
           gpointer user_data)
{
  Request *request = user_data;

  request->good = qmp_player_listen (player, request->address, &request->bound, request->error);
}

/* Takes both. The first is what the properties tell. */
static void
set_address (QmpMock        *self,
             GSocketAddress *bound,
             char           *directory)
{
  gboolean first;

  qmp_script_lock (self->script);
  first = self->address == NULL;
  if (first)
    {
      self->address = bound;
      if (G_IS_UNIX_SOCKET_ADDRESS (bound))
        self->path = g_strdup (g_unix_socket_address_get_path (G_UNIX_SOCKET_ADDRESS (bound)));
    }
  else
    g_object_unref (bound);
  if (directory != NULL)
    self->directory = directory;
  qmp_script_unlock (self->script);
  if (!first)
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ADDRESS]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PATH]);
}

/* Takes directory, nullable: made for the address. */
static gboolean
listen_there (QmpMock             *self,
              GSocketConnectable  *address,
              char                *directory,
              GError             **error)
{
  Request request = { .address = address, .error = error };

  if (call (self, do_listen, &request, error) && request.good)
    {
      set_address (self, request.bound, directory);
      return TRUE;
    }
  if (directory != NULL)
    g_rmdir (directory);
  g_free (directory);
  return FALSE;
}

/**
 * qmp_mock_listen:
 * @self: a mock
 * @address: (nullable): where to listen, as for [method@Server.listen]; `NULL` for a Unix socket in a directory of its own,
 *   which is removed when the mock is closed
 * @error: return location for an error
 *
 * Listens for a client. [property@Mock:address] and [property@Mock:path] tell where.
 *
 * A Unix socket is for the user alone who runs the program. A mock may listen on several addresses, each of which is a monitor of
 * the same machine; but only once on one of its own making.
 *
 * Errors, with which the mock is as it was before:
 *
 * - those of [method@Server.listen];
 * - `QMP_CLIENT_ERROR_STATE`: it is closed, or has a socket of its own already;
 * - those of [error@GLib.FileError]: no directory can be made.
 *
 * Returns: `TRUE` if it listens
 *
 * Since: 1.0
 */
gboolean
qmp_mock_listen (QmpMock             *self,
                 GSocketConnectable  *address,
                 GError             **error)
{
  g_autoptr(GSocketAddress) own = NULL;
  g_autofree char *path = NULL;
  char *directory;

  g_return_val_if_fail (QMP_IS_MOCK (self), FALSE);
  g_return_val_if_fail (address == NULL || G_IS_SOCKET_CONNECTABLE (address), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (address != NULL)
    return listen_there (self, address, NULL, error);
  if (self->directory != NULL)
    {
      g_set_error_literal (error, QMP_CLIENT_ERROR, QMP_CLIENT_ERROR_STATE, _("The mock has a socket of its own already"));
      return FALSE;
    }
  directory = g_dir_make_tmp ("qmp-mock-XXXXXX", error);
  if (directory == NULL)
    return FALSE;
  path = g_build_filename (directory, "qmp", NULL);
  own = g_unix_socket_address_new (path);
  return listen_there (self, G_SOCKET_CONNECTABLE (own), directory, error);
}

static void
do_add_stream (gpointer player,
               gpointer user_data)
{
  Request *request = user_data;

  request->good = qmp_player_add (player, request->stream, request->error);
}

/**
 * qmp_mock_add_stream:
 * @self: a mock
 * @stream: (not nullable): a stream with a client at its other end
 * @error: return location for an error
 *
 * Takes a client that is connected already, such as the program's half of a socket pair has. From then on the stream is the
 * mock's.
 *
 * Errors, with which @stream stays the program's:
 *
 * - those of [method@Server.add_stream];
 * - `QMP_CLIENT_ERROR_STATE`: the mock is closed.
 *
 * Returns: `TRUE` if it has the client
 *
 * Since: 1.0
 */
gboolean
qmp_mock_add_stream (QmpMock    *self,
                     GIOStream  *stream,
                     GError    **error)
{
  Request request = { .stream = stream, .error = error };

  g_return_val_if_fail (QMP_IS_MOCK (self), FALSE);
  g_return_val_if_fail (G_IS_IO_STREAM (stream), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return call (self, do_add_stream, &request, error) && request.good;
}

static void
do_emit (gpointer player,
         gpointer user_data)
{
  Request *request = user_data;

  request->good = qmp_player_emit (player, request->name, request->data, request->error);
}

/**
 * qmp_mock_emit_event:
 * @self: a mock
 * @name: (not nullable): the event's name
 * @data: (nullable): its data, a node that holds an object
 * @error: return location for an error
 *
 * Sends an event to all clients that have negotiated. What the preset says is not changed by that.
 *
 * Errors, with which nothing is sent:
 *
 * - those of [method@Server.emit_event];
 * - `QMP_CLIENT_ERROR_STATE`: the mock is closed.
 *
 * Returns: `TRUE` if it is on its way
 *
 * Since: 1.0
 */
gboolean
qmp_mock_emit_event (QmpMock     *self,
                     const char  *name,
                     JsonNode    *data,
                     GError     **error)
{
  Request request = { .name = name, .data = data, .error = error };

  g_return_val_if_fail (QMP_IS_MOCK (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return call (self, do_emit, &request, error) && request.good;
}

/**
 * qmp_mock_close:
 * @self: a mock
 *
 * Hangs up, listens no longer, and ends the mock's thread. What came can still be asked for; otherwise nothing can be done with
 * it any more. Of one that is closed nothing happens.
 *
 * Since: 1.0
 */
void
qmp_mock_close (QmpMock *self)
{
  g_return_if_fail (QMP_IS_MOCK (self));

  if (!qmp_stage_end (self->stage))
    return;
  if (self->directory != NULL)
    g_rmdir (self->directory);
  told (self->told);
}

/* --- properties --- */

/**
 * qmp_mock_get_preset: (get-property preset)
 * @self: a mock
 *
 * Gets the value of [property@Mock:preset].
 *
 * Returns: which commands it answers by itself
 *
 * Since: 1.0
 */
QmpMockPreset
qmp_mock_get_preset (QmpMock *self)
{
  g_return_val_if_fail (QMP_IS_MOCK (self), QMP_MOCK_PRESET_NONE);

  return self->preset;
}

/**
 * qmp_mock_get_address: (get-property address)
 * @self: a mock
 *
 * Gets the value of [property@Mock:address], such as [method@Client.open] takes it.
 *
 * Returns: (transfer none) (nullable): the address; `NULL` if it does not listen
 *
 * Since: 1.0
 */
GSocketConnectable *
qmp_mock_get_address (QmpMock *self)
{
  g_return_val_if_fail (QMP_IS_MOCK (self), NULL);

  return (GSocketConnectable *) self->address;
}

/**
 * qmp_mock_get_path: (get-property path)
 * @self: a mock
 *
 * Gets the value of [property@Mock:path].
 *
 * Returns: (transfer none) (nullable) (type filename): the path; `NULL` if it does not listen on a Unix socket with a file
 *
 * Since: 1.0
 */
const char *
qmp_mock_get_path (QmpMock *self)
{
  g_return_val_if_fail (QMP_IS_MOCK (self), NULL);

  return self->path;
}

/**
 * qmp_mock_get_ended: (get-property ended)
 * @self: a mock
 *
 * Gets the value of [property@Mock:ended].
 *
 * Returns: `TRUE` if it is over
 *
 * Since: 1.0
 */
gboolean
qmp_mock_get_ended (QmpMock *self)
{
  gboolean ended;

  g_return_val_if_fail (QMP_IS_MOCK (self), TRUE);

  qmp_script_lock (self->script);
  ended = qmp_script_has_ended (self->script);
  qmp_script_unlock (self->script);
  return ended;
}

/**
 * qmp_mock_get_bytewise: (get-property bytewise)
 * @self: a mock
 *
 * Gets the value of [property@Mock:bytewise].
 *
 * Returns: `TRUE` if each byte is sent by itself
 *
 * Since: 1.0
 */
gboolean
qmp_mock_get_bytewise (QmpMock *self)
{
  g_return_val_if_fail (QMP_IS_MOCK (self), FALSE);

  return self->bytewise;
}

static void
do_set_bytewise (gpointer player,
                 gpointer user_data)
{
  qmp_player_set_bytewise (player, GPOINTER_TO_INT (user_data));
}

/**
 * qmp_mock_set_bytewise: (set-property bytewise)
 * @self: a mock
 * @bytewise: whether each byte is to be sent by itself
 *
 * Sets the value of [property@Mock:bytewise].
 *
 * Since: 1.0
 */
void
qmp_mock_set_bytewise (QmpMock  *self,
                       gboolean  bytewise)
{
  g_return_if_fail (QMP_IS_MOCK (self));

  bytewise = !!bytewise;
  if (self->bytewise == bytewise)
    return;

  self->bytewise = bytewise;
  qmp_stage_call (self->stage, do_set_bytewise, GINT_TO_POINTER (bytewise));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTEWISE]);
}
