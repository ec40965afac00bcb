/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What "set" sets. No I/O. */

G_BEGIN_DECLS

typedef struct {
  gboolean   colour;
  char     **events;        /* names, or patterns with * and ?, of those that are shown; NULL: all */
  gboolean   pretty;
  gboolean   plain_prompt;
  gboolean   redirect;      /* a line may say where its output goes */
  int        timeout;       /* of a command: milliseconds, or QMP_TIMEOUT_NONE */
  gboolean   verbose;
} ShellSettings;

void                 shell_settings_clear       (ShellSettings        *self);
/* values: words. FALSE with error if there is no such setting, or if it cannot be that: then all is as it was. */
gboolean             shell_settings_set         (ShellSettings        *self,
                                                 const char           *name,
                                                 const char * const   *values,
                                                 GError              **error);
/* A line of name and value for each; or for the one that is named, NULL with error if there is none. name is nullable. */
char                *shell_settings_show        (const ShellSettings  *self,
                                                 const char           *name,
                                                 GError              **error);
gboolean             shell_settings_want_event  (const ShellSettings  *self,
                                                 const char           *event);
gboolean             shell_settings_has         (const char           *name);
/* The names, and what the one that is named can be. Borrowed. */
const char * const  *shell_settings_list        (void);
const char * const  *shell_settings_list_values (const char           *name);

G_END_DECLS
