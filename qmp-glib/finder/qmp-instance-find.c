/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-instance.h>

#include "finder/qmp-pick-private.h"
#include "finder/qmp-scan-private.h"

/**
 * qmp_instance_find:
 * @name: a name, a UUID or a process ID
 * @error: where to store an error
 *
 * Looks for what is called so and runs now, as [method@Finder.find] does in a finder's list. Blocks, usually for a millisecond.
 *
 * Who holds its endpoints is not looked for. What is returned does not change any more, but for being a picture of what has
 * been: a finder follows.
 *
 * Fails with `QMP_FINDER_ERROR_NOT_FOUND`, with `QMP_FINDER_ERROR_AMBIGUOUS` if there are several, and with an error of `G_IO_ERROR`
 * if there is no `/proc`.
 *
 * Returns: (transfer full): the instance
 *
 * Since: 1.0
 */
QmpInstance *
qmp_instance_find (const char  *name,
                   GError     **error)
{
  g_autoptr(GPtrArray) instances = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  instances = qmp_scan_run ("/proc", name, NULL, error);
  return instances != NULL ? qmp_pick_instance (instances, name, error) : NULL;
}
