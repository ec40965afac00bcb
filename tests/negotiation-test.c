/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gio/gio.h>
#include <string.h>

#include "server/qmp-negotiation-private.h"

/* qmp_capabilities, with QEMU's answers: server-conformance has a real QEMU beside it. */

static void
assert_executed (QmpNegotiation *self,
                 const char     *arguments,
                 const char     *error_class,
                 const char     *desc)
{
  QmpJsonSlice slice = { arguments, arguments != NULL ? strlen (arguments) : 0 };
  QmpNegotiationFault fault = qmp_negotiation_execute (self, slice);

  g_assert_cmpstr (fault.desc, ==, desc);
  if (desc != NULL)
    g_assert_cmpstr (fault.error_class, ==, error_class);
  g_free (fault.desc);
}

static void
test_plain (void)
{
  QmpNegotiation self;

  qmp_negotiation_init (&self, (char *[]) { (char *) "oob", NULL });
  assert_executed (&self, NULL, NULL, NULL);
  g_assert_true (self.done);
  g_assert_false (self.out_of_band);
  assert_executed (&self, NULL, "CommandNotFound", "Capabilities negotiation is already complete, command ignored");
  assert_executed (&self, "{\"x\":1}", "GenericError", "Parameter 'x' is unexpected");
  qmp_negotiation_clear (&self);
}

static void
test_enable (void)
{
  const char * const some[] = { "{}", "{\"enable\":[]}" };
  QmpNegotiation self;

  for (guint i = 0; i < G_N_ELEMENTS (some); i++)
    {
      qmp_negotiation_init (&self, (char *[]) { (char *) "oob", NULL });
      assert_executed (&self, some[i], NULL, NULL);
      g_assert_false (self.out_of_band);
      qmp_negotiation_clear (&self);
    }
  qmp_negotiation_init (&self, (char *[]) { (char *) "oob", NULL });
  assert_executed (&self, "{ \"enable\" : [ \"oob\", \"\\u006fob\" ] }", NULL, NULL);
  g_assert_true (self.out_of_band);
  qmp_negotiation_clear (&self);
}

static void
test_wrong (void)
{
  const struct { const char *arguments; const char *desc; } cases[] = {
    { "{\"enable\":1}", "Invalid parameter type for 'enable', expected: array" },
    { "{\"enable\":null,\"x\":1}", "Invalid parameter type for 'enable', expected: array" },
    { "{\"enable\":[\"oob\",1]}", "Invalid parameter type for 'enable[1]', expected: string" },
    { "{\"enable\":[\"foo\"]}", "Parameter 'null' does not accept value 'foo'" },
    { "{\"y\":1,\"enable\":[\"oob\"]}", "Parameter 'y' is unexpected" },
  };
  QmpNegotiation self;

  qmp_negotiation_init (&self, (char *[]) { (char *) "oob", NULL });
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      assert_executed (&self, cases[i].arguments, "GenericError", cases[i].desc);
      g_assert_false (self.done);
    }
  qmp_negotiation_clear (&self);
}

/* What QEMU knows and this server does not offer; what QEMU does not know and this server offers. */
static void
test_offered (void)
{
  QmpNegotiation self;

  qmp_negotiation_init (&self, (char *[]) { (char *) "own", NULL });
  assert_executed (&self, "{\"enable\":[\"oob\"]}", "GenericError", "Capability oob not available");
  g_assert_false (self.done);
  assert_executed (&self, "{\"enable\":[\"own\"]}", NULL, NULL);
  g_assert_true (self.done);
  qmp_negotiation_clear (&self);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/negotiation/plain", test_plain);
  g_test_add_func ("/negotiation/enable", test_enable);
  g_test_add_func ("/negotiation/wrong", test_wrong);
  g_test_add_func ("/negotiation/offered", test_offered);

  return g_test_run ();
}
