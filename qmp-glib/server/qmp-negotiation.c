/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "server/qmp-negotiation-private.h"

#include <string.h>

/* What QEMU knows by name. Which of them it offers is another thing. */
static const char * const known[] = { "oob", NULL };

void
qmp_negotiation_init (QmpNegotiation  *self,
                      char           **offered)
{
  *self = (QmpNegotiation) { .offered = g_strdupv (offered) };
}

void
qmp_negotiation_clear (QmpNegotiation *self)
{
  g_clear_pointer (&self->offered, g_strfreev);
}

static gboolean
offers (QmpNegotiation *self,
        const char     *capability)
{
  return g_strv_contains ((const char * const *) self->offered, capability);
}

/* --- the arguments --- */

/* All of them are read before any is judged. Returns what is wrong with the list; wanted: of names. */
static char *
read_enable (QmpNegotiation *self,
             QmpJsonSlice    list,
             GPtrArray      *wanted)
{
  QmpJsonCursor cursor;
  QmpJsonSlice element;

  if (*list.text != '[')
    return g_strdup ("Invalid parameter type for 'enable', expected: array");
  qmp_json_cursor_init (&cursor, list.text, list.length);
  for (guint i = 0; qmp_json_cursor_next_element (&cursor, &element); i++)
    {
      g_autofree char *name = NULL;

      if (*element.text != '"')
        return g_strdup_printf ("Invalid parameter type for 'enable[%u]', expected: string", i);
      name = qmp_json_dup_string (element.text, element.length);
      if (!offers (self, name) && !g_strv_contains (known, name))
        return g_strdup_printf ("Parameter 'null' does not accept value '%s'", name);
      if (!g_ptr_array_find_with_equal_func (wanted, name, g_str_equal, NULL))
        g_ptr_array_add (wanted, g_steal_pointer (&name));
    }
  return NULL;
}

static char *
dup_unexpected (QmpJsonSlice key)
{
  g_autofree char *name = qmp_json_dup_string (key.text, key.length);

  return g_strdup_printf ("Parameter '%s' is unexpected", name);
}

static char *
read_arguments (QmpNegotiation *self,
                QmpJsonSlice    arguments,
                GPtrArray      *wanted)
{
  QmpJsonSlice key, value, stranger = { 0 };
  QmpJsonCursor cursor;
  char *fault = NULL;

  if (arguments.length == 0)
    return NULL;
  qmp_json_cursor_init (&cursor, arguments.text, arguments.length);
  while (fault == NULL && qmp_json_cursor_next_member (&cursor, &key, &value))
    {
      if (qmp_json_string_equal (key.text, key.length, "enable"))
        fault = read_enable (self, value, wanted);
      else if (stranger.length == 0)
        stranger = key;
    }
  return fault == NULL && stranger.length > 0 ? dup_unexpected (stranger) : fault;
}

/* --- what comes of it --- */

static char *
find_unavailable (QmpNegotiation *self,
                  GPtrArray      *wanted)
{
  for (guint i = 0; i < wanted->len; i++)
    if (!offers (self, wanted->pdata[i]))
      return g_strdup_printf ("Capability %s not available", (char *) wanted->pdata[i]);
  return NULL;
}

QmpNegotiationFault
qmp_negotiation_execute (QmpNegotiation *self,
                         QmpJsonSlice    arguments)
{
  g_autoptr(GPtrArray) wanted = g_ptr_array_new_with_free_func (g_free);
  QmpNegotiationFault fault = { "GenericError", read_arguments (self, arguments, wanted) };

  if (fault.desc != NULL)
    return fault;
  if (self->done)
    return (QmpNegotiationFault) {
      "CommandNotFound", g_strdup ("Capabilities negotiation is already complete, command ignored"),
    };
  fault.desc = find_unavailable (self, wanted);
  if (fault.desc != NULL)
    return fault;

  self->done = TRUE;
  self->out_of_band = g_ptr_array_find_with_equal_func (wanted, "oob", g_str_equal, NULL);
  return fault;
}
