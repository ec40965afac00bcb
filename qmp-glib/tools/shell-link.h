/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "shell-output.h"

/* The way to the server: opens or launches it, tells a person what is waited for, and opens it again when it is to come back. */

G_BEGIN_DECLS

typedef struct _ShellLink ShellLink;

/* A server that is started. Both are borrowed. */
typedef struct {
  QmpMachine  *machine;   /* on the client */
  QmpLauncher *launcher;
} ShellLaunch;

typedef struct {
  /* It stands. was_away: there was no server for a while, of which the person was told. */
  void (*up)   (gboolean    was_away,
                gpointer    user_data);
  /* The server has gone; another may come. */
  void (*down) (gpointer    user_data);
  /* For good. why: NULL when the server was told to quit. */
  void (*over) (const GError *why,
                gpointer      user_data);
} ShellLinkFuncs;

/* One of address and launch is given. client, output and launch are borrowed, and funcs have to live as long. */
ShellLink *shell_link_new        (QmpClient             *client,
                                  ShellOutput           *output,
                                  const char            *address_text,
                                  GSocketConnectable    *address,
                                  const ShellLaunch     *launch,
                                  gboolean               reconnect,
                                  const ShellLinkFuncs  *funcs,
                                  gpointer               user_data);
void       shell_link_free       (ShellLink             *self);

void       shell_link_open       (ShellLink             *self);
/* Nothing is opened, and nothing called, from then on. */
void       shell_link_stop       (ShellLink             *self);
/* Stops and closes. Blocks for as long as that takes. */
void       shell_link_close      (ShellLink             *self);
/* The server was told to quit: its end is not a fault. */
void       shell_link_set_leaving (ShellLink            *self);
gboolean   shell_link_is_leaving (ShellLink             *self);
/* Whether it is being waited for. */
gboolean   shell_link_is_waiting (ShellLink             *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ShellLink, shell_link_free)

G_END_DECLS
