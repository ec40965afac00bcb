/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "test-peer.h"

/* A scripted guest agent: a peer that gets in step, and then takes what it is told to expect, word for word.
 *
 *   QmpGuestAgent *agent = test_agent_start (&peer, AGENT_EXPECT ("{'execute': 'guest-ping'}"), PEER_REPLY ("{}"));
 *   ...
 *   test_agent_finish (peer, agent);
 */

G_BEGIN_DECLS

/* The next command, which is to be this but for its id; ' stands for ". */
#define AGENT_EXPECT(text) PEER_CALL (test_agent_expect, (gpointer) (text))
/* Gets in step: at the beginning, and after a command that was given up. */
#define AGENT_SYNC PEER_CALL (test_agent_sync, NULL)
/* The oldest command gets no answer. */
#define AGENT_FORGET PEER_SEND_FOR ("")
/* ' stands for ". */
#define AGENT_REPLY(text) PEER_CALL (test_agent_reply, (gpointer) (text))

#define test_agent_start(peer, ...) \
  test_agent_start_script (peer, (const TestStep[]) { AGENT_SYNC, __VA_ARGS__, PEER_END })

gboolean       test_agent_expect       (TestPeer        *peer,
                                        gpointer         text);
gboolean       test_agent_sync         (TestPeer        *peer,
                                        gpointer         user_data);
gboolean       test_agent_reply        (TestPeer        *peer,
                                        gpointer         text);

/* On a client that is open, and that this holds alone. */
QmpGuestAgent *test_agent_start_script (TestPeer       **peer,
                                        const TestStep  *script);
/* Closes the client and asserts that the last references are dropped. */
void           test_agent_finish       (TestPeer        *peer,
                                        QmpGuestAgent   *agent);

G_END_DECLS
