/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

/* A user function with its data. */

G_BEGIN_DECLS

/* Reference counted (g_atomic_rc_box: copies of an event match share theirs, in any threads): its owner holds it, and so does
 * whoever is calling it, since the function may replace or clear it meanwhile. */
typedef struct {
  GCallback       function;
  gpointer        user_data;
  GDestroyNotify  destroy;    /* nullable; called with user_data when the last reference goes */
} QmpClosure;

QmpClosure *qmp_closure_ref   (QmpClosure      *self);
void        qmp_closure_unref (QmpClosure      *self);

/* Replaces the closure at self, which is nullable. Without a function user_data is freed at once, and the closure is
 * NULL. Runs user code last of all, the destroy functions: whatever holds the closure may be gone when this returns. */
void        qmp_closure_set   (QmpClosure     **self,
                               GCallback        function,
                               gpointer         user_data,
                               GDestroyNotify   destroy);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (QmpClosure, qmp_closure_unref)

G_END_DECLS
