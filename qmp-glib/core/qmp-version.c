/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-types.h>

/**
 * qmp_check_version:
 * @major: major version, 1 in 1.2.3
 * @minor: minor version, 2 in 1.2.3
 * @micro: micro version, 3 in 1.2.3
 *
 * Tells whether the library that the program runs with is at least of the given version.
 *
 * Returns: `TRUE` if the library is as new as that, or newer
 *
 * Since: 1.0
 */
gboolean
qmp_check_version (guint major,
                   guint minor,
                   guint micro)
{
  /* Not QMP_CHECK_VERSION(): "less than zero" would warn. */
  const guint own[] = { QMP_MAJOR_VERSION, QMP_MINOR_VERSION, QMP_MICRO_VERSION };

  if (own[0] != major)
    return own[0] > major;
  if (own[1] != minor)
    return own[1] > minor;
  return own[2] >= micro;
}
