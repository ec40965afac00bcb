/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-mock.h>

#include "mock/qmp-script-private.h"

/* Who is in the mock's thread: has the server, and answers what the script or the preset says. All of it is for that thread. */

G_BEGIN_DECLS

typedef struct _QmpPlayer QmpPlayer;

typedef struct {
  QmpScript      *script;
  QmpMockPreset   preset;
  /* In the player's thread: something came, or the machine has quit. */
  void         (* told)    (gpointer owner);
  gpointer        owner;
} QmpPlayerSettings;

QmpPlayer *qmp_player_new      (const QmpPlayerSettings  *settings);
void       qmp_player_free     (QmpPlayer                *self);

/* bound: out, owned: what was bound first. */
gboolean   qmp_player_listen   (QmpPlayer                *self,
                                GSocketConnectable       *address,
                                GSocketAddress          **bound,
                                GError                  **error);
gboolean   qmp_player_add      (QmpPlayer                *self,
                                GIOStream                *stream,
                                GError                  **error);
gboolean   qmp_player_emit     (QmpPlayer                *self,
                                const char               *name,
                                JsonNode                 *data,
                                GError                  **error);
/* Answers what waits for that step. */
void       qmp_player_release  (QmpPlayer                *self,
                                QmpStep                  *step);
/* Of those that come from then on. */
void       qmp_player_set_bytewise (QmpPlayer            *self,
                                    gboolean              bytewise);

G_END_DECLS
