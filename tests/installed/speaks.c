/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints what the library says to an empty address, in the language of the environment. */

#include <locale.h>
#include <qmp-glib/qmp-glib.h>

int
main (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GSocketConnectable) address = NULL;

  setlocale (LC_ALL, "");
  address = qmp_address_parse ("", &error);
  g_assert_null (address);
  g_print ("%s\n", error->message);
  return 0;
}
