/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "qmp-error.h"

#include <libintl.h>

/* Binds the library's own text domain, so that its error texts are translated wherever it is
 * installed and whatever the program does about its own. Runs once, before main(). */
__attribute__ ((constructor)) static void
bind_text_domain (void)
{
  bindtextdomain (GETTEXT_PACKAGE, QMP_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}

/* Bindings make errors from the name of a domain. One that is made before its domain is registered as an extended one
 * has no room for what belongs to it, and whoever asks the error for that reads what is not its own. */
__attribute__ ((constructor)) static void
register_extended_errors (void)
{
  /* They are declared const: a call whose value nobody wants may be left out. */
  static volatile GQuark domains[2] G_GNUC_UNUSED;

  domains[0] = qmp_command_error_quark ();
  domains[1] = qmp_protocol_error_quark ();
}
