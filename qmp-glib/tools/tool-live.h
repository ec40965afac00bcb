/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-glib.h>

#include "tool-offers.h"

/* Names of what is there at this moment: each is asked of the server, which all together has the time that somebody
 * who has pressed Tab is ready to wait. */

G_BEGIN_DECLS

/* All zeros at first. */
typedef struct {
  QmpClient *client;     /* borrowed */
  gint64     deadline;   /* of the monotonic clock */
  GHashTable *devices;   /* of JsonNode: the properties of each that was asked about; nullable */
  gboolean   late;       /* the server has not answered in time, and is not asked any more */
} ToolLive;

/* The milliseconds that a completion may take. */
guint      tool_live_get_limit     (void);
/* Starts the clock; deadline: 0 for tool_live_get_limit() from now on. */
void       tool_live_start         (ToolLive            *self,
                                    QmpClient           *client,
                                    gint64               deadline);
/* What was asked is forgotten: the server may be another one, or nobody asks any more. */
void       tool_live_forget        (ToolLive            *self);
/* NULL if it fails. */
QmpSchema *tool_live_fetch_schema  (ToolLive            *self);

/* What can be the value of that argument; before stands in front of it, typed is what of it is there already, given
 * has the arguments before it. */
void       tool_live_add_values    (ToolLive            *self,
                                    ToolOffers          *offers,
                                    const char          *before,
                                    const char          *command,
                                    const char          *key,
                                    const char          *typed,
                                    const char * const  *given);
/* QOM: the next part of a path, and an object's properties. */
void       tool_live_add_paths     (ToolLive            *self,
                                    ToolOffers          *offers,
                                    const char          *before,
                                    const char          *typed);
void       tool_live_add_properties (ToolLive           *self,
                                    ToolOffers          *offers,
                                    const char          *before,
                                    const char          *path);
/* The arguments that a device takes in addition to those in the schema, and the values of one of them. */
void       tool_live_add_device_keys (ToolLive          *self,
                                    ToolOffers          *offers,
                                    const char          *driver);
void       tool_live_add_device_values (ToolLive        *self,
                                    ToolOffers          *offers,
                                    const char          *before,
                                    const char          *driver,
                                    const char          *key);
/* The names of the commands of a server without a schema. */
void       tool_live_add_commands  (ToolLive            *self,
                                    ToolOffers          *offers);
/* What a command of the human monitor prints; NULL if it fails. Transfer full. */
char      *tool_live_execute_hmp   (ToolLive            *self,
                                    const char          *line);

G_END_DECLS
