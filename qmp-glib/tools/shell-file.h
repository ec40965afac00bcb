/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A file that is written as a whole, or not at all where that can be. Who may read it is as with any other program: the umask
 * says it, or the file that is there. */

G_BEGIN_DECLS

typedef struct _ShellFile ShellFile;

/* Makes sure that it can be written. What is there stays, until shell_file_write(). path: of the file system. */
ShellFile *shell_file_new   (const char  *path,
                             gboolean     append,
                             GError     **error);
/* Puts data into the place of what is there, or behind it. Once. */
gboolean   shell_file_write (ShellFile   *self,
                             const char  *data,
                             gsize        length,
                             GError     **error);
void       shell_file_free  (ShellFile   *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellFile, shell_file_free)

G_END_DECLS
