/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What takes a variable number of arguments, which a GIR cannot say. An error comes before what varies, and what tells
 * about it. */

namespace Qmp {
	public class Client : GLib.Object {
		[CCode (cname = "qmp_client_execute_parsed", sentinel = "")]
		public Qmp.Message execute_parsed (GLib.Cancellable? cancellable, [CCode (pos = -0.7)] string command, [CCode (pos = -0.5)] string? format, ...) throws GLib.Error;
	}
	public class Message : GLib.Object {
		[CCode (cname = "qmp_message_new_parsed", sentinel = "")]
		public Message.parsed (string command, [CCode (pos = -0.5)] string? format, ...) throws GLib.Error;
		[CCode (cname = "qmp_message_lookup", sentinel = "NULL")]
		public bool lookup ([CCode (pos = -0.5)] string first_path, ...) throws GLib.Error;
	}
}
