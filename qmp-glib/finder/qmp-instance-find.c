/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <qmp-glib/qmp-finder.h>

#include <errno.h>
#include <glib/gi18n-lib.h>

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

/**
 * qmp_instance_open_process:
 * @self: an instance
 * @error: where to store an error
 *
 * Opens a descriptor of its process (`pidfd_open()`), for [method@Machine.set_process].
 *
 * It is of that process and of no other, though its ID may be used again.
 *
 * Fails with `QMP_FINDER_ERROR_NOT_FOUND` if the process has ended, and with others of `G_IO_ERROR`.
 *
 * Returns: a descriptor, which the caller closes; -1 with @error set
 *
 * Since: 1.0
 */
int
qmp_instance_open_process (QmpInstance  *self,
                           GError      **error)
{
  int fd, code;

  g_return_val_if_fail (QMP_IS_INSTANCE (self), -1);
  g_return_val_if_fail (error == NULL || *error == NULL, -1);

  fd = qmp_scan_open_process ("/proc", self);
  if (fd >= 0)
    return fd;
  code = errno;
  if (code == ESRCH)
    g_set_error (error, QMP_FINDER_ERROR, QMP_FINDER_ERROR_NOT_FOUND, _("The process %d has ended"), self->pid);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), _("The process %d cannot be opened: %s"), self->pid,
                 g_strerror (code));
  return -1;
}
