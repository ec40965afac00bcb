/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-message.h>

#include "message/qmp-body-private.h"

/* What QmpEvent and QmpGreeting derive from; nobody else derives. Above this floor it is only read. */

G_BEGIN_DECLS

struct _QmpMessage {
  GObject         parent_instance;

  QmpBody         body;
  GUnixFDList    *fd_list;        /* nullable; our own duplicates */
  GError         *fd_fault;       /* nullable; why there are no duplicates: must not be sent then */
  int             timeout;        /* in milliseconds; QMP_TIMEOUT_CLIENT, QMP_TIMEOUT_NONE */
  guint           read_only : 1;
  guint           assign_id : 1;
  guint           success_response : 1;
};

struct _QmpMessageClass {
  GObjectClass parent_class;
};

/* How the text of a command begins that the library makes. */
#define QMP_MESSAGE_COMMAND_START "{\"execute\":"

/* A received message of that type. reader: NULL if the frame is not in its buffer. */
gpointer     qmp_message_new_received_as    (GType                  type,
                                             QmpJsonReader         *reader,
                                             QmpJsonFrame          *frame);
/* For the instance init of types that are received only: a critical if it is not done by the function above. */
void         qmp_message_check_received     (QmpMessage            *self);

G_END_DECLS
