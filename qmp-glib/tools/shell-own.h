/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "shell-line.h"
#include "shell-lines.h"
#include "shell-settings.h"

/* The lines that are the shell's own: help, set, source, exit. */

G_BEGIN_DECLS

/* What they are about; all is borrowed. */
typedef struct {
  const ShellOptions *options;
  ShellSettings      *settings;
  ShellOutput        *output;
  ShellLines         *lines;
  ShellLine          *line;
  /* A setting is another one. */
  void              (*changed) (const char    *name,
                                gpointer       user_data);
  void              (*failed)  (ShellFailure   failure,
                                const char    *message,
                                gpointer       user_data);
  void              (*exit)    (gpointer       user_data);
  gpointer            user_data;
} ShellOwnWords;

/* words: of ToolWord, one at least. redirected: what it prints goes somewhere else. */
ShellOwn shell_own_take (const ShellOwnWords  *self,
                         GPtrArray            *words,
                         gboolean              redirected);

G_END_DECLS
