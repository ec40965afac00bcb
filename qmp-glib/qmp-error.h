/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <qmp-glib/qmp-types.h>

G_BEGIN_DECLS

/**
 * QMP_COMMAND_ERROR:
 *
 * The domain of the errors whose codes are [error@CommandError].
 *
 * Since: 1.0
 */
#define QMP_COMMAND_ERROR (qmp_command_error_quark ())

/**
 * QMP_PROTOCOL_ERROR:
 *
 * The domain of the errors whose codes are [error@ProtocolError].
 *
 * Since: 1.0
 */
#define QMP_PROTOCOL_ERROR (qmp_protocol_error_quark ())

/**
 * QMP_CLIENT_ERROR:
 *
 * The domain of the errors whose codes are [error@ClientError].
 *
 * Since: 1.0
 */
#define QMP_CLIENT_ERROR (qmp_client_error_quark ())

/**
 * QmpCommandError:
 * @QMP_COMMAND_ERROR_UNKNOWN: an error class that this version of the library does not know;
 *   [func@CommandError.get_class] has its name
 * @QMP_COMMAND_ERROR_GENERIC: `GenericError`
 * @QMP_COMMAND_ERROR_COMMAND_NOT_FOUND: `CommandNotFound`
 * @QMP_COMMAND_ERROR_DEVICE_NOT_ACTIVE: `DeviceNotActive`
 * @QMP_COMMAND_ERROR_DEVICE_NOT_FOUND: `DeviceNotFound`
 * @QMP_COMMAND_ERROR_KVM_MISSING_CAP: `KVMMissingCap`
 *
 * The server ran a command and answered with an error; one code for each QAPI error class.
 *
 * The text of the error is the server's `desc`, unchanged. New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_COMMAND_ERROR_UNKNOWN,
  QMP_COMMAND_ERROR_GENERIC,
  QMP_COMMAND_ERROR_COMMAND_NOT_FOUND,
  QMP_COMMAND_ERROR_DEVICE_NOT_ACTIVE,
  QMP_COMMAND_ERROR_DEVICE_NOT_FOUND,
  QMP_COMMAND_ERROR_KVM_MISSING_CAP,
} QmpCommandError;

/**
 * QmpProtocolError:
 * @QMP_PROTOCOL_ERROR_FAILED: something else; also what to take a code for that a program does not know
 * @QMP_PROTOCOL_ERROR_GREETING: what came first was not a greeting
 * @QMP_PROTOCOL_ERROR_NEGOTIATION: the server refused the capabilities negotiation
 * @QMP_PROTOCOL_ERROR_SERVER_PARSE: the server could not parse something that was sent, and its
 *   error names no command
 * @QMP_PROTOCOL_ERROR_BAD_REPLY: a reply found its command, but is not a reply as the protocol
 *   has them
 * @QMP_PROTOCOL_ERROR_DESERIALIZATION: bytes that are not JSON
 * @QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE: JSON, but not an object where there should be one; or a value of a message that is
 *   of another type than it was asked for, or a number that does not fit
 * @QMP_PROTOCOL_ERROR_TOO_LARGE: a message over the limit on size, or a result with more members than a node may have
 * @QMP_PROTOCOL_ERROR_TOO_DEEP: a message nested deeper than the limit
 * @QMP_PROTOCOL_ERROR_SERIALIZATION: a value that cannot be sent, because the server would refuse it:
 *   text that is not UTF-8 or has Unicode noncharacters, a number that is not finite, a key used
 *   twice, too deep a nesting
 * @QMP_PROTOCOL_ERROR_NOT_FOUND: there is no value at a path
 *
 * What the server sent is not right, or what the program wants to send cannot be sent over QMP.
 *
 * New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_PROTOCOL_ERROR_FAILED,
  QMP_PROTOCOL_ERROR_GREETING,
  QMP_PROTOCOL_ERROR_NEGOTIATION,
  QMP_PROTOCOL_ERROR_SERVER_PARSE,
  QMP_PROTOCOL_ERROR_BAD_REPLY,
  QMP_PROTOCOL_ERROR_DESERIALIZATION,
  QMP_PROTOCOL_ERROR_UNEXPECTED_TYPE,
  QMP_PROTOCOL_ERROR_TOO_LARGE,
  QMP_PROTOCOL_ERROR_TOO_DEEP,
  QMP_PROTOCOL_ERROR_SERIALIZATION,
  QMP_PROTOCOL_ERROR_NOT_FOUND,
} QmpProtocolError;

/**
 * QmpClientError:
 * @QMP_CLIENT_ERROR_FAILED: something else; also what to take a code for that a program does not know
 * @QMP_CLIENT_ERROR_STATE: called in a runstate that does not allow it; the text names the
 *   runstate and the one required
 * @QMP_CLIENT_ERROR_INTERRUPTED: the link ended before the reply came: the command may or may not
 *   have run; the text says how the link ended
 * @QMP_CLIENT_ERROR_BUSY: connected, but no greeting came: another client holds the monitor
 * @QMP_CLIENT_ERROR_ADDRESS: an address that cannot be used; the text names the part that is wrong
 * @QMP_CLIENT_ERROR_NOT_A_SOCKET: at the path is a file that is not a socket, or the descriptor is not of a socket
 *   that is connected, or that listens
 * @QMP_CLIENT_ERROR_TLS_IDENTITY: with TLS, an address without a host name that the server's certificate could be
 *   checked against: [property@Client:tls-identity] is needed
 * @QMP_CLIENT_ERROR_FAILURE_EVENT: the event that came says that what was begun has failed; it is in the text
 * @QMP_CLIENT_ERROR_THREAD: called in another thread than the client's; nothing was done
 *
 * The client's own side of it.
 *
 * New codes may be added.
 *
 * Since: 1.0
 */
typedef enum {
  QMP_CLIENT_ERROR_FAILED,
  QMP_CLIENT_ERROR_STATE,
  QMP_CLIENT_ERROR_INTERRUPTED,
  QMP_CLIENT_ERROR_BUSY,
  QMP_CLIENT_ERROR_ADDRESS,
  QMP_CLIENT_ERROR_NOT_A_SOCKET,
  QMP_CLIENT_ERROR_TLS_IDENTITY,
  QMP_CLIENT_ERROR_FAILURE_EVENT,
  QMP_CLIENT_ERROR_THREAD,
} QmpClientError;

QMP_AVAILABLE_IN_1_0
GQuark       qmp_command_error_quark        (void) G_GNUC_CONST;

QMP_AVAILABLE_IN_1_0
GQuark       qmp_protocol_error_quark       (void) G_GNUC_CONST;

QMP_AVAILABLE_IN_1_0
GQuark       qmp_client_error_quark         (void) G_GNUC_CONST;

QMP_AVAILABLE_IN_1_0
const char  *qmp_command_error_get_class    (const GError *error);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_command_error_get_sent     (const GError *error);

QMP_AVAILABLE_IN_1_0
QmpMessage  *qmp_command_error_get_received (const GError *error);

QMP_AVAILABLE_IN_1_0
GBytes      *qmp_protocol_error_get_text    (const GError *error);

QMP_AVAILABLE_IN_1_0
gssize       qmp_protocol_error_get_offset  (const GError *error);

G_END_DECLS
