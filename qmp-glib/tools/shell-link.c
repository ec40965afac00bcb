/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "shell-link.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "tool-words.h"

#define RETRY_MILLISECONDS 500
/* After that a person is told what is waited for. */
#define WAITING_MILLISECONDS 1000

struct _ShellLink {
  QmpClient            *client;          /* borrowed, as is output */
  ShellOutput          *output;
  char                 *address_text;
  GSocketConnectable   *address;         /* nullable */
  const ShellLaunch    *launch;          /* nullable, borrowed */
  gboolean              reconnect;
  const ShellLinkFuncs *funcs;
  gpointer              user_data;

  gulong                closed_handler;
  GCancellable         *cancellable;     /* while it is being opened */
  guint                 retry_source;
  guint                 waiting_source;
  gboolean              retry_told;
  gboolean              leaving;
  gboolean              stopped;
};

/* --- waiting --- */

static void
retry_cb (gpointer user_data)
{
  ShellLink *self = user_data;

  self->retry_source = 0;
  shell_link_open (self);
}

static void
lose (ShellLink    *self,
      const GError *why)
{
  if (!self->reconnect)
    {
      self->funcs->over (why, self->user_data);
      return;
    }
  if (!self->retry_told)
    shell_output_error (self->output, _("%s; waiting for it to come back, Ctrl-C ends that"), why->message);
  self->retry_told = TRUE;
  self->retry_source = g_timeout_add_once (RETRY_MILLISECONDS, retry_cb, self);
}

static void
waiting_cb (gpointer user_data)
{
  ShellLink *self = user_data;

  self->waiting_source = 0;
  shell_output_error (self->output, "%s", tool_waiting_text (qmp_client_get_guest_agent (self->client)));
}

/* A script has no use for it. */
static void
watch_waiting (ShellLink *self)
{
  if (isatty (STDERR_FILENO) && !self->retry_told)
    self->waiting_source = g_timeout_add_once (WAITING_MILLISECONDS, waiting_cb, self);
}

/* --- opening --- */

static void
tell_up (ShellLink *self)
{
  gboolean was_away = self->retry_told;

  self->retry_told = FALSE;
  self->leaving = FALSE;
  self->funcs->up (was_away, self->user_data);
}

/* Many of the errors name the address themselves, and those of what was launched say all there is. */
static GError *
explain (ShellLink    *self,
         const GError *error)
{
  if (self->launch != NULL || strstr (error->message, self->address_text) != NULL)
    return g_error_copy (error);
  return g_error_new (error->domain, error->code, _("Couldn't connect to %s: %s"), self->address_text, error->message);
}

static void
opened (ShellLink    *self,
        const GError *error)
{
  g_autoptr(GError) why = NULL;

  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->waiting_source, g_source_remove);
  if (self->stopped)
    return;
  if (error == NULL)
    {
      tell_up (self);
      return;
    }
  why = explain (self, error);
  lose (self, why);
}

static void
opened_cb (GObject      *object,
           GAsyncResult *result,
           gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  qmp_client_open_finish (QMP_CLIENT (object), result, &error);
  opened (user_data, error);
}

static void
launched_cb (GObject      *object,
             GAsyncResult *result,
             gpointer      user_data)
{
  g_autoptr(GError) error = NULL;

  qmp_machine_launch_finish (QMP_MACHINE (object), result, &error);
  opened (user_data, error);
}

void
shell_link_open (ShellLink *self)
{
  self->cancellable = g_cancellable_new ();
  watch_waiting (self);
  if (self->address != NULL)
    qmp_client_open_async (self->client, self->address, self->cancellable, opened_cb, self);
  else
    qmp_machine_launch_async (self->launch->machine, self->launch->launcher, self->cancellable, launched_cb, self);
}

/* --- the end --- */

static void
closed_cb (QmpClient *client,
           GError    *error,
           gpointer   user_data)
{
  ShellLink *self = user_data;
  g_autoptr(GError) why = NULL;

  /* A launch that has come so far fails by itself, and knows more. */
  if (self->stopped || self->cancellable != NULL)
    return;
  self->funcs->down (self->user_data);
  if (self->leaving && !self->reconnect)
    {
      self->funcs->over (NULL, self->user_data);
      return;
    }
  why = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _("The connection to %s has ended: %s"), self->address_text,
                     error != NULL ? error->message : _("closed"));
  lose (self, why);
}

void
shell_link_stop (ShellLink *self)
{
  self->stopped = TRUE;
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_cancellable_cancel (self->cancellable);
}

void
shell_link_close (ShellLink *self)
{
  shell_link_stop (self);
  while (self->cancellable != NULL)
    g_main_context_iteration (NULL, TRUE);
  if (qmp_client_get_runstate (self->client) != QMP_RUNSTATE_IDLE)
    qmp_client_close (self->client, NULL, NULL);
}

void
shell_link_set_leaving (ShellLink *self)
{
  self->leaving = TRUE;
}

gboolean
shell_link_is_leaving (ShellLink *self)
{
  return self->leaving;
}

gboolean
shell_link_is_waiting (ShellLink *self)
{
  return self->cancellable != NULL || self->retry_source != 0;
}

/* --- making it --- */

ShellLink *
shell_link_new (QmpClient            *client,
                ShellOutput          *output,
                const char           *address_text,
                GSocketConnectable   *address,
                const ShellLaunch    *launch,
                gboolean              reconnect,
                const ShellLinkFuncs *funcs,
                gpointer              user_data)
{
  ShellLink *self = g_new0 (ShellLink, 1);

  self->client = client;
  self->output = output;
  self->address_text = g_strdup (address_text);
  self->address = address != NULL ? g_object_ref (address) : NULL;
  self->launch = launch;
  /* What was launched has one monitor. */
  self->reconnect = reconnect && address != NULL;
  self->funcs = funcs;
  self->user_data = user_data;
  self->closed_handler = g_signal_connect (client, "closed", G_CALLBACK (closed_cb), self);
  return self;
}

void
shell_link_free (ShellLink *self)
{
  g_clear_signal_handler (&self->closed_handler, self->client);
  g_clear_handle_id (&self->retry_source, g_source_remove);
  g_clear_handle_id (&self->waiting_source, g_source_remove);
  g_clear_object (&self->address);
  g_free (self->address_text);
  g_free (self);
}
