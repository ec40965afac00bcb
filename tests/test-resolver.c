/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "test-resolver.h"

typedef GResolver TestResolver;
typedef GResolverClass TestResolverClass;

static GType test_resolver_get_type (void);

G_DEFINE_TYPE (TestResolver, test_resolver, G_TYPE_RESOLVER)

static void
test_resolver_init (TestResolver *self)
{
}

static gboolean
look_up_cb (gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  guint n_left = GPOINTER_TO_UINT (g_task_get_task_data (task));

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  g_task_set_task_data (task, GUINT_TO_POINTER (n_left - 1), NULL);
  if (n_left > 0)
    {
      g_steal_pointer (&task);
      return G_SOURCE_CONTINUE;
    }
  g_task_return_pointer (task, g_list_prepend (NULL, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4)), NULL);
  return G_SOURCE_REMOVE;
}

static void
test_resolver_look_up_async (GResolver                *resolver,
                             const char               *hostname,
                             GResolverNameLookupFlags  flags,
                             GCancellable             *cancellable,
                             GAsyncReadyCallback       callback,
                             gpointer                  user_data)
{
  GTask *task = g_task_new (resolver, cancellable, callback, user_data);
  g_autoptr (GSource) source = g_idle_source_new ();

  if (flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY)
    {
      g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no such name");
      g_object_unref (task);
      return;
    }
  g_task_set_task_data (task, GUINT_TO_POINTER (3), NULL);
  g_task_attach_source (task, source, look_up_cb);
}

static GList *
test_resolver_look_up_finish (GResolver     *resolver,
                              GAsyncResult  *result,
                              GError       **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
test_resolver_class_init (TestResolverClass *klass)
{
  klass->lookup_by_name_with_flags_async = test_resolver_look_up_async;
  klass->lookup_by_name_with_flags_finish = test_resolver_look_up_finish;
}

void
test_resolver_install (void)
{
  g_autoptr (GResolver) resolver = g_object_new (test_resolver_get_type (), NULL);

  g_resolver_set_default (resolver);
}
