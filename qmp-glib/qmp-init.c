/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <libintl.h>

/* Binds the library's own text domain, so that its error texts are translated wherever it is
 * installed and whatever the program does about its own. Runs once, before main(). */
__attribute__ ((constructor)) static void
bind_text_domain (void)
{
  bindtextdomain (GETTEXT_PACKAGE, QMP_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
}
