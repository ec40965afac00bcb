/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "wire/qmp-hand-over-private.h"

/* The last reference may go in any thread: a garbage collector runs in whichever allocates. But the object's own thread
 * may be dispatching it at that moment, so only there can it come to its end. So another reference is made for
 * that thread, which drops it.
 *
 * g_object_unref() is not done with an object when dispose() returns. Since that was not the last reference after all,
 * it drops it, and dispatches the notifications that were queued meanwhile: before GLib 2.80 in this order, and since
 * then in the other. So one is queued that tells that it has come to that. In the older order that is the end of it; in
 * the newer one it still has its reference, and qmp_io_context_hand_over() waits for that.
 *
 * A GWeakRef from which each dispatch takes its reference would do as well, but before GLib 2.80 g_weak_ref_get() calls
 * toggle notifies under a lock of the whole process: Python's waits for the interpreter there, and whoever has that may
 * wait for the lock. */

/* Of no class: nobody hears of it. */
static GParamSpec *unref_continues;
/* Of an object that is being handed over: its QmpIoContext, which it holds. */
static GQuark io_quark;

static GObjectClass *object_class;

/* --- handing over --- */

static void
hand_over (GObject      *object,
           QmpIoContext *io)
{
  if (!g_object_replace_qdata (object, io_quark, NULL, io, NULL, NULL))
    return;

  g_object_ref (object);
  g_object_notify_by_pspec (object, unref_continues);
  /* Nothing was queued, so it was told already. */
  if (g_object_get_qdata (object, io_quark) == NULL)
    g_critical ("g_object_run_dispose() was called in another thread than the one that a %s belongs to, which is the one "
                "that made it", G_OBJECT_TYPE_NAME (object));
}

static gboolean
has (guint        n_pspecs,
     GParamSpec **pspecs,
     GParamSpec  *pspec)
{
  for (guint i = 0; i < n_pspecs; i++)
    if (pspecs[i] == pspec)
      return TRUE;
  return FALSE;
}

static void
notify_others (GObject     *object,
               guint        n_pspecs,
               GParamSpec **pspecs)
{
  for (guint i = 0; i < n_pspecs; i++)
    if (pspecs[i] != unref_continues)
      object_class->dispatch_properties_changed (object, 1, &pspecs[i]);
}

/* By whoever takes the last freeze from the queue, which may be the object's own thread, too. In another thread nobody is
 * told of anything else. */
static void
dispatch_properties_changed (GObject     *object,
                             guint        n_pspecs,
                             GParamSpec **pspecs)
{
  QmpIoContext *io;

  if (!has (n_pspecs, pspecs, unref_continues))
    {
      object_class->dispatch_properties_changed (object, n_pspecs, pspecs);
      return;
    }

  io = g_object_steal_qdata (object, io_quark);
  if (qmp_io_context_is_entered (io))
    notify_others (object, n_pspecs, pspecs);
  qmp_io_context_hand_over (io, object);
}

void
qmp_hand_over_install (GObjectClass *klass)
{
  static gsize initialized = 0;

  if (g_once_init_enter (&initialized))
    {
      unref_continues = g_param_spec_ref_sink (g_param_spec_boolean ("unref-continues", NULL, NULL, FALSE,
                                                                     G_PARAM_READABLE));
      io_quark = g_quark_from_static_string ("qmp-hand-over-io");
      object_class = g_type_class_peek (G_TYPE_OBJECT);
      g_once_init_leave (&initialized, 1);
    }
  klass->dispatch_properties_changed = dispatch_properties_changed;
}

/* --- in dispose --- */

gboolean
qmp_hand_over_begin_dispose (GObject      *object,
                             QmpIoContext *io)
{
  if (qmp_io_context_enter (io))
    return TRUE;
  hand_over (object, io);
  return FALSE;
}

void
qmp_hand_over_end_dispose (GObject      *object,
                           QmpIoContext *io)
{
  /* Somebody still has it. */
  if (g_atomic_int_get (&object->ref_count) > 1)
    qmp_io_context_leave (io);
}
