// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What TypeScript has to know about qmp-glib in GJS, with the overrides. It stands in place of what ts-for-gir makes of the
// GIR, beside what that makes for Gio, GLib, GObject and Json. The tests compare it with that.

declare module 'gi://Qmp?version=1.0' {
  import type Gio from 'gi://Gio?version=2.0';
  import type GLib from 'gi://GLib?version=2.0';
  import type GObject from 'gi://GObject?version=2.0';
  import type Json from 'gi://Json?version=1.0';

  export namespace Qmp {
    // --- what the overrides take ---

    type Address = string | Gio.SocketConnectable;
    type Arguments = {[name: string]: unknown} | Map<string, unknown> | Json.Node | null;
    type Value = string | number | bigint | boolean | object | null;
    type Command = Message | {[name: string]: unknown};

    interface CommandOptions {
      fds?: number[];
      timeout?: number | null; // milliseconds
      outOfBand?: boolean;
    }

    // GJS has each property under two names: open_timeout and openTimeout.
    type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}` ?
      `${First}${Capitalize<CamelCase<Rest>>}` :
      Name;
    type CamelCased<Properties> = {[Name in keyof Properties as CamelCase<Name & string>]: Properties[Name]};
    type Writable<Properties> = {-readonly [Name in keyof Properties]?: Properties[Name]};
    type Settings<Properties> = Writable<Properties> & Writable<CamelCased<Properties>>;

    // --- enumerations and errors ---

    enum WireDirection {
      SENT = 0,
      RECEIVED = 1,
    }

    enum EventOverflow {
      OLDEST = 0,
      NEWEST = 1,
    }

    enum Runstate {
      IDLE = 0,
      CONNECTING = 1,
      RUNNING = 2,
      DISCONNECTING = 3,
    }

    enum GuestExecFlags {
      DEFAULT = 0,
      DISCARD_OUTPUT = 1,
      MERGE_OUTPUT = 2,
    }

    enum GuestShutdownMode {
      POWERDOWN = 0,
      HALT = 1,
      REBOOT = 2,
    }

    enum GuestSuspendMode {
      DISK = 0,
      RAM = 1,
      HYBRID = 2,
    }

    enum GuestWriteFlags {
      REPLACE = 0,
      APPEND = 1,
    }

    enum MockFault {
      NONE = 0,
      HANG_UP = 1,
      RESET = 2,
      CUT = 3,
      STALL = 4,
    }

    enum MockPreset {
      NONE = 0,
      MACHINE = 1,
    }

    enum LauncherFlags {
      NONE = 0,
      PAUSED = 1,
    }

    enum EndpointKind {
      MONITOR = 0,
      AGENT = 1,
    }

    enum EndpointState {
      UNKNOWN = 0,
      FREE = 1,
      HELD = 2,
    }

    enum InstanceKind {
      MACHINE = 0,
      STORAGE_DAEMON = 1,
      GUEST_AGENT = 2,
    }

    enum JobStatus {
      UNKNOWN = 0,
      UNDEFINED = 1,
      CREATED = 2,
      RUNNING = 3,
      PAUSED = 4,
      READY = 5,
      STANDBY = 6,
      WAITING = 7,
      PENDING = 8,
      ABORTING = 9,
      CONCLUDED = 10,
      NULL = 11,
    }

    enum MachineStatus {
      UNKNOWN = 0,
      DEBUG = 1,
      INMIGRATE = 2,
      INTERNAL_ERROR = 3,
      IO_ERROR = 4,
      PAUSED = 5,
      POSTMIGRATE = 6,
      PRELAUNCH = 7,
      FINISH_MIGRATE = 8,
      RESTORE_VM = 9,
      RUNNING = 10,
      SAVE_VM = 11,
      SHUTDOWN = 12,
      SUSPENDED = 13,
      WATCHDOG = 14,
      GUEST_PANICKED = 15,
      COLO = 16,
    }

    enum MigrationDirection {
      UNKNOWN = 0,
      OUTGOING = 1,
      INCOMING = 2,
    }

    enum MigrationStatus {
      UNKNOWN = 0,
      NONE = 1,
      SETUP = 2,
      CANCELLING = 3,
      CANCELLED = 4,
      ACTIVE = 5,
      POSTCOPY_ACTIVE = 6,
      POSTCOPY_PAUSED = 7,
      POSTCOPY_RECOVER_SETUP = 8,
      POSTCOPY_RECOVER = 9,
      COMPLETED = 10,
      FAILED = 11,
      COLO = 12,
      PRE_SWITCHOVER = 13,
      DEVICE = 14,
      WAIT_UNPLUG = 15,
    }

    enum OutcomeReason {
      UNKNOWN = 0,
      HOST_ERROR = 1,
      HOST_QMP_QUIT = 2,
      HOST_QMP_SYSTEM_RESET = 3,
      HOST_SIGNAL = 4,
      HOST_UI = 5,
      GUEST_SHUTDOWN = 6,
      GUEST_RESET = 7,
      GUEST_PANIC = 8,
      SUBSYSTEM_RESET = 9,
      SNAPSHOT_LOAD = 10,
      WATCHDOG = 11,
      KILLED = 12,
      EXITED = 13,
      LOST = 14,
      MIGRATION_FAILED = 15,
    }

    enum SchemaKind {
      BUILTIN = 0,
      ENUM = 1,
      ARRAY = 2,
      OBJECT = 3,
      ALTERNATE = 4,
    }

    enum SchemaSeverity {
      ERROR = 0,
      WARNING = 1,
    }

    enum ShutDownFlags {
      NONE = 0,
      RESUME = 1,
      WAKE = 2,
      PRESS_AGAIN = 4,
      ASK_ONLY = 8,
    }

    enum ShutDownStage {
      NONE = 0,
      ASKING = 1,
      QUITTING = 2,
      TERMINATING = 3,
      KILLING = 4,
    }

    /** An error of the client itself. */
    class ClientError extends GLib.Error {
      static readonly FAILED: number;
      static readonly STATE: number;
      static readonly INTERRUPTED: number;
      static readonly BUSY: number;
      static readonly ADDRESS: number;
      static readonly NOT_A_SOCKET: number;
      static readonly TLS_IDENTITY: number;
      static readonly FAILURE_EVENT: number;
      static readonly THREAD: number;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
    }

    /** What came from the server is not right, or what was to be sent cannot be. */
    class ProtocolError extends GLib.Error {
      static readonly FAILED: number;
      static readonly GREETING: number;
      static readonly NEGOTIATION: number;
      static readonly SERVER_PARSE: number;
      static readonly BAD_REPLY: number;
      static readonly DESERIALIZATION: number;
      static readonly UNEXPECTED_TYPE: number;
      static readonly TOO_LARGE: number;
      static readonly TOO_DEEP: number;
      static readonly SERIALIZATION: number;
      static readonly NOT_FOUND: number;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
      static get_offset(error: GLib.Error): number;
      static get_text(error: GLib.Error): GLib.Bytes | null;
    }

    /** Something that was asked of a guest agent is not so any more. */
    class GuestAgentError extends GLib.Error {
      static readonly FAILED: number;
      static readonly LOST: number;
      static readonly THAWED: number;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
    }

    /** What a mock has found. */
    class MockError extends GLib.Error {
      static readonly FAILED: number;
      static readonly UNEXPECTED: number;
      static readonly MISSING: number;
      static readonly SCRIPT: number;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
    }

    /** An error of a machine as a whole. */
    class MachineError extends GLib.Error {
      static readonly FAILED: number;
      static readonly LAUNCH: number;
      static readonly ENDED: number;
      static readonly NO_ANSWER: number;
      static readonly NO_PROCESS: number;
      static readonly JOB: number;
      static readonly JOB_CANCELLED: number;
      static readonly LOST: number;
      static readonly MIGRATION: number;
      static readonly MIGRATION_CANCELLED: number;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
    }

    /** A schema says that something is not so. */
    class SchemaError extends GLib.Error {
      static readonly FAILED: number;
      static readonly INVALID: number;
      static readonly SYNTAX: number;
      static readonly NOT_FOUND: number;
      static readonly COMMAND: number;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
    }

    /** The server answered a command with an error. */
    class FinderError extends GLib.Error {
      static readonly FAILED: number;
      static readonly NOT_FOUND: number;
      static readonly AMBIGUOUS: number;
      static readonly NO_ENDPOINT: number;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
    }

    class CommandError extends GLib.Error {
      static readonly UNKNOWN: number;
      static readonly GENERIC: number;
      static readonly COMMAND_NOT_FOUND: number;
      static readonly DEVICE_NOT_ACTIVE: number;
      static readonly DEVICE_NOT_FOUND: number;
      static readonly KVM_MISSING_CAP: number;

      readonly desc: string;
      readonly errorClass: string | null;
      readonly sent: Message | null;
      readonly received: Message | null;

      constructor(options: {message: string; code: number});
      static quark(): GLib.Quark;
      static get_class(error: GLib.Error): string | null;
      static get_received(error: GLib.Error): Message | null;
      static get_sent(error: GLib.Error): Message | null;
    }

    const ExecuteError: typeof CommandError;
    type ExecuteError = CommandError;

    /** The call is not allowed in the client's runstate. */
    class StateError extends ClientError {
      constructor(message: string);
    }

    /** The link ended before the reply or the event came. */
    class InterruptedError extends ClientError {
      constructor(message: string);
    }

    /** Connected, but no greeting came in time. */
    class BusyError extends ClientError {
      constructor(message: string);
    }

    /** Nothing of that name, UUID or process ID runs on this computer. */
    class NotFoundError extends FinderError {
      constructor(message: string);
    }

    /** Several have that name; the text lists their processes. */
    class AmbiguousError extends FinderError {
      constructor(message: string);
    }

    /** It has no monitor, or no guest agent, that can be connected to. */
    class NoEndpointError extends FinderError {
      constructor(message: string);
    }

    /** A mock was sent what it did not expect; the text says both. */
    class UnexpectedCommandError extends MockError {
      constructor(message: string);
    }

    /** A mock was not sent what it expected. */
    class MissingCommandError extends MockError {
      constructor(message: string);
    }

    /** The machine could not be launched; the text has all that QEMU has said. */
    class LaunchError extends MachineError {
      constructor(message: string);
    }

    /** There is no machine: it has ended, or was not launched yet. */
    class EndedError extends MachineError {
      constructor(message: string);
    }

    /** The guest does not turn itself off or let go of a device in time, or the process does not go although it was killed. */
    class NoAnswerError extends MachineError {
      constructor(message: string);
    }

    /** The machine knows of no process that could be killed. */
    class NoProcessError extends MachineError {
      constructor(message: string);
    }

    /** A job has failed; the text is QEMU's. */
    class JobError extends MachineError {
      constructor(message: string);
    }

    /** A job was cancelled; CancelledError is for waiting that was. */
    class JobCancelledError extends MachineError {
      constructor(message: string);
    }

    /** Nobody knows what has become of a job, a migration or a device, as there is no link, or was none when it ended. */
    class LostError extends MachineError {
      constructor(message: string);
    }

    /** A migration has failed; the text has what QEMU says of it. */
    class MigrationError extends MachineError {
      constructor(message: string);
    }

    /** A migration was cancelled; CancelledError is for waiting that was. */
    class MigrationCancelledError extends MachineError {
      constructor(message: string);
    }

    /** The address is wrong, or cannot be used. */
    class AddressError extends ClientError {
      constructor(message: string);
    }

    /** At the path is a file that is not a socket, or the descriptor is not of one. */
    class NotASocketError extends ClientError {
      constructor(message: string);
    }

    /** execute_and_wait() got an event that says that the operation has failed. */
    class FailureEventError extends ClientError {
      constructor(message: string);
    }

    /** The guest agent does not know any more what was begun. */
    class GuestLostError extends GuestAgentError {
      constructor(message: string);
    }

    /** The guest's file systems were thawed before the program did it. */
    class GuestThawedError extends GuestAgentError {
      constructor(message: string);
    }

    /** It took too long. */
    class TimeoutError extends Gio.IOErrorEnum {
      constructor(message: string);
    }

    /** A Gio.Cancellable ended the call. */
    class CancelledError extends Gio.IOErrorEnum {
      constructor(message: string);
    }

    // --- functions ---

    const MAJOR_VERSION: number;
    const TIMEOUT_CLIENT: number;
    const TIMEOUT_NONE: number;
    const MINOR_VERSION: number;
    const MICRO_VERSION: number;

    function address_parse(text: string): Gio.SocketConnectable;
    function check_version(major: number, minor: number, micro: number): boolean;

    type CommandCheckFunc = (client: Client, command: Message) => boolean;
    type EventFilterFunc = (event: Event) => boolean;

    // --- messages ---

    interface MessageProperties {
      assign_id: boolean;
      fd_list: Gio.UnixFDList | null;
      out_of_band: boolean;
      readonly read_only: boolean;
      success_response: boolean;
      timeout: number;
    }

    interface Message extends MessageProperties, CamelCased<MessageProperties> {}
    class Message extends GObject.Object {
      constructor(properties?: Settings<MessageProperties>);
      static new(): Message;
      /** Makes a command: Qmp.Message.new_command('stop', null, {timeout: 3000}). */
      static new_command(command: string, args?: Arguments, options?: CommandOptions): Message;
      /** Returns a message as it is, or makes one from an object. */
      static from(value: Command): Message;
      static new_from_bytes(bytes: GLib.Bytes | Uint8Array): Message;
      static new_from_bytes_unchecked(bytes: GLib.Bytes | Uint8Array): Message;
      static new_from_node(object: Json.Node): Message;
      check_reply(command?: Message | null): boolean;
      dup(): Message;
      dup_node(path: string): Json.Node;
      dup_string(path: string): string;
      dup_text(path: string): string;
      equal(other: Message): boolean;
      get_assign_id(): boolean;
      get_boolean(path: string): boolean;
      get_bytes(): GLib.Bytes;
      get_double(path: string): number;
      get_fd_list(): Gio.UnixFDList | null;
      get_int64(path: string): number | bigint;
      get_member(name: string): Json.Node | null;
      get_n_elements(path: string): number;
      dup_member_text(name: string): string | null;
      get_node(): Json.Node;
      get_out_of_band(): boolean;
      get_success_response(): boolean;
      get_timeout(): number;
      get_uint64(path: string): number | bigint;
      has_member(name: string): boolean;
      has_path(path: string): boolean;
      hash(): number;
      is_read_only(): boolean;
      list_members(): string[];
      remove_member(name: string): boolean;
      set_assign_id(assign_id: boolean): void;
      set_fd_list(fd_list: Gio.UnixFDList | null): void;
      set_member(name: string, value: Json.Node): boolean;
      set_member_text(name: string, value: string): boolean;
      set_out_of_band(out_of_band: boolean): void;
      set_success_response(success_response: boolean): void;
      set_timeout(timeout: number): void;
      to_string(): string;
      validate(): boolean;
      /** The message as an object: reply.toObject().id. Integers that a Number cannot hold are BigInt. */
      toObject(): any;
      /** The same, for JSON.stringify(message). */
      toJSON(): any;
    }

    interface EventProperties {
      readonly name: string;
      readonly timestamp: number;
    }

    interface Event extends EventProperties {}
    class Event extends Message {
      /** What the event says, an object; empty if there is nothing. */
      get data(): any;
      get_data(): Json.Node | null;
      get_data(...args: never[]): any; // GObject has one with an argument
      get_name(): string;
      get_timestamp(): number;
    }

    interface GreetingProperties {
      readonly capabilities: string[];
      readonly package: string;
      readonly version_string: string;
    }

    interface Greeting extends GreetingProperties, CamelCased<GreetingProperties> {}
    class Greeting extends Message {
      get "package"(): string;
      check_version(major: number, minor: number, micro: number): boolean;
      get_capabilities(): string[];
      get_package(): string;
      get_version(): [number, number, number];
      get_version_string(): string;
      has_capability(capability: string): boolean;
    }

    // --- events ---

    class EventMatch {
      static readonly $gtype: GObject.GType<EventMatch>;
      constructor(names: string[] | null);
      static new(names: string[] | null): EventMatch;
      accepts(event: Event): boolean;
      /** Takes an event for a failure: always, or if its data have anything at the path, or if they have the value there. */
      add_failure(event: string, path?: string | null, value?: Value): void;
      /** Wants only those of an event, or of all if it is null, whose data have the value at the path. */
      add_member(event: string | null, path: string, value: Value): void;
      add_string_member(event: string | null, path: string, value: string): void;
      copy(): EventMatch;
      get_names(): string[] | null;
      is_failure(event: Event): boolean;
      set_filter(filter: EventFilterFunc | null): void;
      to_string(): string;
    }

    interface EventListenerProperties {
      readonly history: Gio.ListModel<Event>;
      history_length: number;
      match: EventMatch;
      max_length: number;
      readonly n_dropped: number;
      overflow: EventOverflow;
    }

    interface EventListener extends EventListenerProperties, CamelCased<EventListenerProperties> {}
    class EventListener extends GObject.Object {
      constructor(properties?: Settings<EventListenerProperties>);
      [Symbol.asyncIterator](): AsyncGenerator<Event, void, void>;
      static new(names: string[] | null): EventListener;
      static new_for_match(match: EventMatch): EventListener;
      steal_events(): Event[];
      get_history(): Gio.ListModel<Event>;
      get_history_length(): number;
      get_match(): EventMatch;
      get_max_length(): number;
      get_n_dropped(): number;
      get_n_events(): number;
      get_overflow(): EventOverflow;
      is_empty(): boolean;
      /**
       * Takes the next event out of the queue, and waits for one if there is none: at most so many milliseconds; -1,
       * the default, waits until the link ends, and 0 does not wait.
       */
      next(timeout?: number, cancellable?: Gio.Cancellable | null): Event;
      next_async(timeout?: number, cancellable?: Gio.Cancellable | null): Promise<Event>;
      next_async(timeout: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      next_finish(result: Gio.AsyncResult): Event;
      set_history_length(history_length: number): void;
      set_match(match: EventMatch): void;
      set_max_length(max_length: number): void;
      set_overflow(overflow: EventOverflow): void;
      try_next(): Event | null;
    }

    // --- clients ---

    interface ClientSignals extends GObject.Object.SignalSignatures {
      closed: (error: GLib.Error | null) => void;
      event: (event: Event) => void;
      'protocol-error': (error: GLib.Error) => void;
      wire: (direction: WireDirection, text: string) => void;
      [event: `event::${string}`]: (event: Event) => void;
    }

    interface ClientProperties {
      accept_timeout: number;
      readonly address: Gio.SocketConnectable | null;
      await_greeting: boolean;
      close_timeout: number;
      readonly greeting: Greeting | null;
      guest_agent: boolean;
      keep_alive: boolean;
      readonly listen_address: Gio.SocketAddress | null;
      max_depth: number;
      max_message_size: number;
      readonly n_pending: number;
      readonly name: string | null;
      negotiate: boolean;
      open_timeout: number;
      out_of_band: boolean;
      readonly out_of_band_active: boolean;
      redact: boolean;
      readonly runstate: Runstate;
      stall_time: number;
      readonly stalled: boolean;
      timeout: number;
      tls: boolean;
      tls_certificate: Gio.TlsCertificate | null;
      tls_database: Gio.TlsDatabase | null;
      tls_identity: string | null;
    }

    interface Client extends ClientProperties, CamelCased<ClientProperties> {}
    class Client extends GObject.Object {
      $signals: ClientSignals;

      constructor(properties?: Settings<ClientProperties>);
      /**
       * Returns a client that is open: await Qmp.Client.open_address_async('/run/vm.sock'). The properties are those
       * of the constructor.
       */
      static open_address(address: Address, properties?: Settings<ClientProperties>): Client;
      static open_address_async(address: Address, properties?: Settings<ClientProperties>,
        cancellable?: Gio.Cancellable | null): Promise<Client>;
      /**
       * Returns a listener to the events of these names, of one match, or to all; it listens from now on, until
       * remove_listener().
       */
      listener(...names: string[]): EventListener;
      listener(match: EventMatch): EventListener;

      connect<K extends keyof ClientSignals>(signal: K, callback: GObject.SignalCallback<this, ClientSignals[K]>): number;
      connect_after<K extends keyof ClientSignals>(signal: K, callback: GObject.SignalCallback<this, ClientSignals[K]>): number;
      static new(name: string | null): Client;
      static new_for_address(address: string, cancellable?: Gio.Cancellable | null): Client;
      static new_for_address_async(address: string, cancellable?: Gio.Cancellable | null): Promise<Client>;
      static new_for_address_async(address: string, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<Client>): void;
      static new_for_address_finish(result: Gio.AsyncResult): Client;
      accept(cancellable?: Gio.Cancellable | null): boolean;
      accept_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      accept_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      accept_finish(result: Gio.AsyncResult): boolean;
      add_listener(listener: EventListener): void;
      close(cancellable?: Gio.Cancellable | null): boolean;
      close_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      close_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      close_finish(result: Gio.AsyncResult): boolean;
      /** Sends a message, a Qmp.Message or an object, and returns the whole reply: an error reply too. */
      exchange(message: Command, cancellable?: Gio.Cancellable | null): Message;
      exchange_async(message: Command, cancellable?: Gio.Cancellable | null): Promise<Message>;
      exchange_async(message: Command, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      exchange_finish(result: Gio.AsyncResult): Message;
      /**
       * Runs a command and returns the value that it returns: await vm.execute_async('device_add', {driver: 'e1000',
       * id: 'net0'}). Throws Qmp.ExecuteError where the server refuses.
       */
      execute(command: string, args?: Arguments, cancellable?: Gio.Cancellable | null): any;
      /**
       * Runs a command, and returns the Qmp.Event that it brings; the match says which. The timeout of the command, or
       * of the client, covers the reply and the event together.
       */
      execute_and_wait(command: Command, match: EventMatch, cancellable?: Gio.Cancellable | null): Event;
      execute_and_wait_async(command: Command, match: EventMatch, cancellable?: Gio.Cancellable | null): Promise<Event>;
      execute_and_wait_async(command: Command, match: EventMatch, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      execute_and_wait_finish(result: Gio.AsyncResult): Event;
      execute_async(command: string, args?: Arguments, cancellable?: Gio.Cancellable | null): Promise<any>;
      execute_async(command: string, args: Json.Node | null, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      execute_finish(result: Gio.AsyncResult): Json.Node;
      /** Like execute(), for a command that is a Qmp.Message or an object: {execute: 'query-status'}. */
      execute_message(message: Command, cancellable?: Gio.Cancellable | null): any;
      execute_message_async(message: Command, cancellable?: Gio.Cancellable | null): Promise<any>;
      execute_message_async(message: Message, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      execute_message_finish(result: Gio.AsyncResult): Json.Node;
      get_accept_timeout(): number;
      get_await_greeting(): boolean;
      get_close_timeout(): number;
      get_greeting(): Greeting | null;
      get_guest_agent(): boolean;
      get_keep_alive(): boolean;
      get_listen_address(): Gio.SocketAddress | null;
      get_max_depth(): number;
      get_max_message_size(): number;
      get_n_pending(): number;
      get_name(): string | null;
      get_negotiate(): boolean;
      get_oldest_wait(): number;
      get_open_timeout(): number;
      get_out_of_band(): boolean;
      get_out_of_band_active(): boolean;
      get_redact(): boolean;
      get_runstate(): Runstate;
      get_stall_time(): number;
      get_stalled(): boolean;
      get_timeout(): number;
      get_tls(): boolean;
      get_tls_certificate(): Gio.TlsCertificate | null;
      get_tls_database(): Gio.TlsDatabase | null;
      get_tls_identity(): string | null;
      is_owner_thread(): boolean;
      hand_over(object: GObject.Object): void;
      /** Listens for a server that connects; accept() takes the connection. */
      get_address(): Gio.SocketConnectable | null;
      listen(address: Address, cancellable?: Gio.Cancellable | null): boolean;
      listen_async(address: Address, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      listen_async(address: Address, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      listen_finish(result: Gio.AsyncResult): boolean;
      ref_peer_credentials(): Gio.Credentials;
      wait_closed(cancellable?: Gio.Cancellable | null): boolean;
      wait_closed_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      wait_closed_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      wait_closed_finish(result: Gio.AsyncResult): boolean;
      /** Connects to a server, awaits its greeting and negotiates, for at most openTimeout milliseconds. */
      open(address: Address, cancellable?: Gio.Cancellable | null): boolean;
      open_async(address: Address, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      open_async(address: Address, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      open_finish(result: Gio.AsyncResult): boolean;
      open_stream(stream: Gio.IOStream, cancellable?: Gio.Cancellable | null): boolean;
      open_stream_async(stream: Gio.IOStream, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      open_stream_async(stream: Gio.IOStream, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      open_stream_finish(result: Gio.AsyncResult): boolean;
      remove_listener(listener: EventListener): void;
      send_fd(fd: number): boolean;
      subscribe(names: string[] | null): EventListener;
      set_accept_timeout(accept_timeout: number): void;
      set_await_greeting(await_greeting: boolean): void;
      set_command_check(check: CommandCheckFunc | null): void;
      set_close_timeout(close_timeout: number): void;
      set_guest_agent(guest_agent: boolean): void;
      set_keep_alive(keep_alive: boolean): void;
      set_max_depth(max_depth: number): void;
      set_max_message_size(max_message_size: number): void;
      set_negotiate(negotiate: boolean): void;
      set_open_timeout(open_timeout: number): void;
      set_out_of_band(out_of_band: boolean): void;
      set_redact(redact: boolean): void;
      set_stall_time(stall_time: number): void;
      set_timeout(timeout: number): void;
      set_tls(tls: boolean): void;
      set_tls_certificate(tls_certificate: Gio.TlsCertificate | null): void;
      set_tls_database(tls_database: Gio.TlsDatabase | null): void;
      set_tls_identity(tls_identity: string | null): void;
    }

    // --- schemas ---

    class Schema extends GObject.Object {
      static new_from_bytes(bytes: GLib.Bytes | Uint8Array): Schema;
      static fetch(client: Client, cancellable?: Gio.Cancellable | null): Schema;
      static fetch_async(client: Client, cancellable?: Gio.Cancellable | null): Promise<Schema>;
      static fetch_async(client: Client, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<Schema>): void;
      static fetch_finish(result: Gio.AsyncResult): Schema;
      allows_out_of_band(command: string): boolean;
      attach(client: Client): void;
      find_type(path: string): SchemaType;
      ref_command_arguments(command: string): SchemaType | null;
      ref_command_return(command: string): SchemaType | null;
      ref_event_data(event: string): SchemaType | null;
      has_command(command: string): boolean;
      has_event(event: string): boolean;
      has_feature(name: string, feature: string): boolean;
      has_path(path: string): boolean;
      list_commands(): string[];
      list_events(): string[];
      list_features(name: string): string[];
      /** Looks for everything that is wrong with a command, a Qmp.Message or an object. */
      list_problems(command: Command): SchemaProblem[];
      /** Like list_problems(), but throws an error with everything that is wrong. */
      validate(command: Command): boolean;
    }

    class SchemaMember extends GObject.Object {
      get_default_text(): string | null;
      get_name(): string;
      ref_value_type(): SchemaType;
      is_optional(): boolean;
      list_features(): string[];
    }

    class SchemaProblem extends GObject.Object {
      get_expected(): string | null;
      get_found(): string | null;
      get_path(): string;
      get_severity(): SchemaSeverity;
      get_suggestion(): string | null;
      get_text(): string;
    }

    class SchemaType extends GObject.Object {
      describe(): string;
      equal(other: SchemaType): boolean;
      ref_element_type(): SchemaType | null;
      get_json_type(): string;
      get_kind(): SchemaKind;
      ref_member(name: string): SchemaMember | null;
      get_tag(): string | null;
      ref_variant(tag_value: string): SchemaType | null;
      has_value(value: string): boolean;
      list_alternatives(): SchemaType[];
      list_cases(): string[];
      list_features(): string[];
      list_members(): SchemaMember[];
      list_value_features(value: string): string[];
      list_values(): string[];
    }

    // --- guest agents ---

    interface GuestAgentProperties {
      readonly client: Client;
    }

    interface GuestAgent extends GuestAgentProperties, CamelCased<GuestAgentProperties> {}
    /** What a guest agent can do. */
    class GuestAgent extends GObject.Object {
      constructor(properties?: Settings<GuestAgentProperties>);
      static new(client: Client): GuestAgent;
      /** Returns a guest agent on a client that is open. */
      static open_address(address: Address, properties?: Settings<ClientProperties>): GuestAgent;
      static open_address_async(
        address: Address,
        properties?: Settings<ClientProperties>,
        cancellable?: Gio.Cancellable | null
      ): Promise<GuestAgent>;
      get_client(): Client;
      /** Runs a program in the guest until it ends. */
      exec(
        argv: string[],
        env?: string[] | null,
        input?: GLib.Bytes | Uint8Array | null,
        flags?: GuestExecFlags,
        timeout?: number,
        cancellable?: Gio.Cancellable | null
      ): GuestExecResult;
      exec_async(
        argv: string[],
        env?: string[] | null,
        input?: GLib.Bytes | Uint8Array | null,
        flags?: GuestExecFlags,
        timeout?: number,
        cancellable?: Gio.Cancellable | null
      ): Promise<GuestExecResult>;
      exec_async(
        argv: string[],
        env: string[] | null,
        input: GLib.Bytes | Uint8Array | null,
        flags: GuestExecFlags,
        timeout: number,
        cancellable: Gio.Cancellable | null,
        callback: Gio.AsyncReadyCallback<this>
      ): void;
      exec_finish(result: Gio.AsyncResult): GuestExecResult;
      /** Reads a file in the guest, or a part of it. */
      read_file(path: string, offset?: number, length?: number, cancellable?: Gio.Cancellable | null): GLib.Bytes;
      read_file_async(
        path: string,
        offset?: number,
        length?: number,
        cancellable?: Gio.Cancellable | null
      ): Promise<GLib.Bytes>;
      read_file_async(
        path: string,
        offset: number,
        length: number,
        cancellable: Gio.Cancellable | null,
        callback: Gio.AsyncReadyCallback<this>
      ): void;
      read_file_finish(result: Gio.AsyncResult): GLib.Bytes;
      wait_ready(timeout?: number, cancellable?: Gio.Cancellable | null): boolean;
      wait_ready_async(timeout?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      wait_ready_async(timeout: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      wait_ready_finish(result: Gio.AsyncResult): boolean;
      /** Writes a file in the guest. */
      write_file(
        path: string,
        contents: GLib.Bytes | Uint8Array,
        flags?: GuestWriteFlags,
        cancellable?: Gio.Cancellable | null
      ): boolean;
      write_file_async(
        path: string,
        contents: GLib.Bytes | Uint8Array,
        flags?: GuestWriteFlags,
        cancellable?: Gio.Cancellable | null
      ): Promise<boolean>;
      write_file_async(
        path: string,
        contents: GLib.Bytes | Uint8Array,
        flags: GuestWriteFlags,
        cancellable: Gio.Cancellable | null,
        callback: Gio.AsyncReadyCallback<this>
      ): void;
      write_file_finish(result: Gio.AsyncResult): boolean;
      add_authorized_keys(username: string, keys: string[], reset?: boolean, cancellable?: Gio.Cancellable | null): boolean;
      add_authorized_keys_async(username: string, keys: string[], reset?: boolean, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      add_authorized_keys_async(username: string, keys: string[], reset: boolean, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      add_authorized_keys_finish(result: Gio.AsyncResult): boolean;
      /** Freezes the file systems, until thaw() or until so many milliseconds have passed; returns how many. */
      freeze(mountpoints?: string[] | null, lease?: number, cancellable?: Gio.Cancellable | null): number;
      freeze_async(mountpoints?: string[] | null, lease?: number, cancellable?: Gio.Cancellable | null): Promise<number>;
      freeze_async(mountpoints: string[] | null, lease: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      freeze_finish(result: Gio.AsyncResult): number;
      get_authorized_keys(username: string, cancellable?: Gio.Cancellable | null): string[];
      get_authorized_keys_async(username: string, cancellable?: Gio.Cancellable | null): Promise<string[]>;
      get_authorized_keys_async(username: string, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      get_authorized_keys_finish(result: Gio.AsyncResult): string[];
      /** Returns the version and the commands of the agent. */
      get_info(cancellable?: Gio.Cancellable | null): any;
      get_info_async(cancellable?: Gio.Cancellable | null): Promise<any>;
      get_info_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      get_info_finish(result: Gio.AsyncResult): Message;
      get_network_interfaces(cancellable?: Gio.Cancellable | null): any;
      get_network_interfaces_async(cancellable?: Gio.Cancellable | null): Promise<any>;
      get_network_interfaces_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      get_network_interfaces_finish(result: Gio.AsyncResult): Message;
      get_osinfo(cancellable?: Gio.Cancellable | null): any;
      get_osinfo_async(cancellable?: Gio.Cancellable | null): Promise<any>;
      get_osinfo_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      get_osinfo_finish(result: Gio.AsyncResult): Message;
      /** Returns microseconds since 1970. */
      get_time(cancellable?: Gio.Cancellable | null): number;
      get_time_async(cancellable?: Gio.Cancellable | null): Promise<number>;
      get_time_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      get_time_finish(result: Gio.AsyncResult): number;
      get_users(cancellable?: Gio.Cancellable | null): any;
      get_users_async(cancellable?: Gio.Cancellable | null): Promise<any>;
      get_users_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      get_users_finish(result: Gio.AsyncResult): Message;
      remove_authorized_keys(username: string, keys: string[], cancellable?: Gio.Cancellable | null): boolean;
      remove_authorized_keys_async(username: string, keys: string[], cancellable?: Gio.Cancellable | null): Promise<boolean>;
      remove_authorized_keys_async(username: string, keys: string[], cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      remove_authorized_keys_finish(result: Gio.AsyncResult): boolean;
      /** Sets the clock: microseconds since 1970, or -1 for the time of its hardware clock. */
      set_time(time?: number, cancellable?: Gio.Cancellable | null): boolean;
      set_time_async(time?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      set_time_async(time: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      set_time_finish(result: Gio.AsyncResult): boolean;
      set_user_password(username: string, password: string, crypted?: boolean, cancellable?: Gio.Cancellable | null): boolean;
      set_user_password_async(username: string, password: string, crypted?: boolean, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      set_user_password_async(username: string, password: string, crypted: boolean, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      set_user_password_finish(result: Gio.AsyncResult): boolean;
      shutdown(mode?: GuestShutdownMode, cancellable?: Gio.Cancellable | null): boolean;
      shutdown_async(mode?: GuestShutdownMode, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      shutdown_async(mode: GuestShutdownMode, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      shutdown_finish(result: Gio.AsyncResult): boolean;
      suspend(mode?: GuestSuspendMode, cancellable?: Gio.Cancellable | null): boolean;
      suspend_async(mode?: GuestSuspendMode, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      suspend_async(mode: GuestSuspendMode, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      suspend_finish(result: Gio.AsyncResult): boolean;
      /** Thaws the file systems; returns how many. */
      thaw(cancellable?: Gio.Cancellable | null): number;
      thaw_async(cancellable?: Gio.Cancellable | null): Promise<number>;
      thaw_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      thaw_finish(result: Gio.AsyncResult): number;
    }

    interface GuestExecResultProperties {
      readonly error_output: GLib.Bytes;
      readonly error_output_truncated: boolean;
      readonly exit_status: number;
      readonly output: GLib.Bytes;
      readonly output_truncated: boolean;
      readonly reply: Message;
      readonly signal: number;
    }

    interface GuestExecResult extends GuestExecResultProperties, CamelCased<GuestExecResultProperties> {}
    /** How a program in a guest has ended. */
    class GuestExecResult extends GObject.Object {
      get_error_output(): GLib.Bytes;
      get_error_output_truncated(): boolean;
      get_exit_status(): number;
      get_output(): GLib.Bytes;
      get_output_truncated(): boolean;
      get_reply(): Message;
      get_signal(): number;
    }

    // --- servers ---

    interface InvocationProperties {
      readonly answered: boolean;
      readonly arguments: Json.Node | null;
      readonly command: string;
      readonly connection: ServerConnection;
      readonly fd_list: Gio.UnixFDList | null;
      readonly message: Message;
      readonly out_of_band: boolean;
    }

    interface Invocation extends InvocationProperties, CamelCased<InvocationProperties> {}
    /** A command that a client has sent to a server, until it is answered. */
    class Invocation extends GObject.Object {
      get_answered(): boolean;
      get_arguments(): Json.Node | null;
      get_command(): string;
      get_connection(): ServerConnection;
      get_fd_list(): Gio.UnixFDList | null;
      get_message(): Message;
      get_out_of_band(): boolean;
      /** The arguments as a plain object, which is empty if there are none. */
      read_arguments(): {[name: string]: any};
      return_error(error_class: string, desc: string): boolean;
      return_text(json: string): boolean;
      return_value(value?: Value | Json.Node): boolean;
    }

    interface ServerConnectionSignals extends GObject.Object.SignalSignatures {
      closed: (error: GLib.Error | null) => void;
    }

    interface ServerConnectionProperties {
      readonly credentials: Gio.Credentials | null;
      readonly out_of_band_active: boolean;
      readonly runstate: Runstate;
    }

    interface ServerConnection extends ServerConnectionProperties, CamelCased<ServerConnectionProperties> {}
    /** One client of a server. */
    class ServerConnection extends GObject.Object {
      $signals: ServerConnectionSignals;

      close(): void;
      get_credentials(): Gio.Credentials | null;
      get_out_of_band_active(): boolean;
      get_runstate(): Runstate;
      send(message: Message): boolean;
    }

    interface ServerSignals extends GObject.Object.SignalSignatures {
      command: (invocation: Invocation) => boolean;
      [command: `command::${string}`]: (invocation: Invocation) => boolean;
    }

    interface ServerProperties {
      capabilities: string[];
      readonly connections: Gio.ListModel;
      readonly listen_address: Gio.SocketAddress | null;
      max_connections: number;
      max_message_size: number;
      max_pending: number;
      max_unsent: number;
      readonly name: string | null;
      oob_commands: string[];
      owner_only: boolean;
      package: string;
      version: string;
    }

    interface Server extends ServerProperties, CamelCased<ServerProperties> {}
    /** The other side of a client. */
    class Server extends GObject.Object {
      $signals: ServerSignals;

      constructor(properties?: Settings<ServerProperties>);
      /** A handler of commands that throws is answered GenericError, with the error's message. */
      connect<K extends keyof ServerSignals>(signal: K, callback: GObject.SignalCallback<this, ServerSignals[K]>): number;
      connect_after<K extends keyof ServerSignals>(signal: K, callback: GObject.SignalCallback<this, ServerSignals[K]>): number;
      static new(name: string | null): Server;
      add_stream(stream: Gio.IOStream): boolean;
      close(): void;
      emit_event(name: string, data?: Value | Json.Node): boolean;
      get_capabilities(): string[];
      get_connections(): Gio.ListModel;
      get_listen_address(): Gio.SocketAddress | null;
      get_max_connections(): number;
      get_max_message_size(): number;
      get_max_pending(): number;
      get_max_unsent(): number;
      get_name(): string | null;
      get_oob_commands(): string[];
      get_owner_only(): boolean;
      get_package(): string;
      get_version(): string;
      listen(address: Address): boolean;
      set_capabilities(capabilities: string[] | null): void;
      set_max_connections(max_connections: number): void;
      set_max_message_size(max_message_size: number): void;
      set_max_pending(max_pending: number): void;
      set_max_unsent(max_unsent: number): void;
      set_oob_commands(oob_commands: string[] | null): void;
      set_owner_only(owner_only: boolean): void;
      set_package(package_: string): void;
      set_version(version: string): void;
    }

    interface MultiplexerProperties {
      client: Client | null;
      read_only: boolean;
      readonly server: Server;
    }

    interface Multiplexer extends MultiplexerProperties, CamelCased<MultiplexerProperties> {}
    /** One monitor for many clients. */
    class Multiplexer extends GObject.Object {
      constructor(properties?: Settings<MultiplexerProperties>);
      static new(client: Client): Multiplexer;
      get_client(): Client | null;
      get_read_only(): boolean;
      get_server(): Server;
      /** The function says whether a command is passed on. One that throws refuses it. */
      set_allow_func(allow: ((multiplexer: Multiplexer, invocation: Invocation) => boolean) | null): void;
      set_read_only(read_only: boolean): void;
    }

    interface RecorderSignals extends GObject.Object.SignalSignatures {
      ended: (error: GLib.Error | null) => void;
      failed: (error: GLib.Error) => void;
    }

    interface RecorderProperties {
      readonly address: Gio.SocketConnectable;
      readonly listen_address: Gio.SocketAddress | null;
      redact: boolean;
      readonly stream: Gio.OutputStream;
    }

    interface Recorder extends RecorderProperties, CamelCased<RecorderProperties> {}
    /** Stands between a program and a QEMU, and writes down what they say to each other. */
    class Recorder extends GObject.Object {
      $signals: RecorderSignals;

      constructor(properties: {address: Address, stream: Gio.OutputStream, redact?: boolean});
      static new(address: Gio.SocketConnectable, stream: Gio.OutputStream): Recorder;
      close(): void;
      get_address(): Gio.SocketConnectable;
      get_listen_address(): Gio.SocketAddress | null;
      get_redact(): boolean;
      get_stream(): Gio.OutputStream;
      listen(address: Address): boolean;
      set_redact(redact: boolean): void;
    }

    // --- what runs on this computer ---

    interface EndpointProperties {
      readonly address: string | null;
      readonly description: string;
      readonly holder_name: string | null;
      readonly holder_pid: number;
      readonly id: string | null;
      readonly kind: EndpointKind;
      readonly listens: boolean;
      readonly state: EndpointState;
    }

    interface Endpoint extends EndpointProperties, CamelCased<EndpointProperties> {}
    /** A monitor of an instance, or its channel to a guest agent. */
    class Endpoint extends GObject.Object {
      get_address(): string | null;
      get_description(): string;
      get_holder_name(): string | null;
      get_holder_pid(): number;
      get_id(): string | null;
      get_kind(): EndpointKind;
      get_listens(): boolean;
      get_state(): EndpointState;
    }

    interface InstanceProperties {
      readonly endpoints: Gio.ListModel;
      readonly gone: boolean;
      readonly kind: InstanceKind;
      readonly machine_type: string | null;
      readonly name: string | null;
      readonly pid: number;
      readonly program: string;
      readonly stopped: boolean;
      readonly uid: number;
      readonly uuid: string | null;
      readonly visible: boolean;
    }

    interface Instance extends InstanceProperties, CamelCased<InstanceProperties> {}
    /** A QEMU, a storage daemon or a guest agent that runs on this computer. */
    class Instance extends GObject.Object {
      choose_endpoint(kind: EndpointKind): Endpoint;
      dup_title(): string;
      static find(name: string): Instance;
      get_endpoints(): Gio.ListModel;
      get_gone(): boolean;
      get_kind(): InstanceKind;
      get_machine_type(): string | null;
      get_name(): string | null;
      get_pid(): number;
      get_program(): string;
      get_stopped(): boolean;
      get_uid(): number;
      get_uuid(): string | null;
      get_visible(): boolean;
      open_process(): number;
    }

    interface FinderProperties {
      find_holders: boolean;
      interval: number;
      readonly n_items: number;
    }

    interface Finder extends FinderProperties, CamelCased<FinderProperties>, Gio.ListModel<Instance> {}
    /** The QEMUs, storage daemons and guest agents that run on this computer. */
    class Finder extends GObject.Object {
      constructor(properties?: Settings<{find_holders: boolean; interval: number}>);
      static new(): Finder;
      find(name: string): Instance;
      get_find_holders(): boolean;
      get_interval(): number;
      get_item(position: number): Instance | null;
      get_item_type(): GObject.GType;
      get_n_items(): number;
      items_changed(position: number, removed: number, added: number): void;
      refresh(cancellable?: Gio.Cancellable | null): boolean;
      refresh_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      refresh_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      refresh_finish(result: Gio.AsyncResult): boolean;
      set_find_holders(find_holders: boolean): void;
      set_interval(interval: number): void;
    }

    // --- mocks ---

    interface MockProperties {
      readonly address: Gio.SocketConnectable | null;
      bytewise: boolean;
      readonly ended: boolean;
      readonly path: string | null;
      readonly preset: MockPreset;
    }

    interface Mock extends MockProperties, CamelCased<MockProperties> {}
    /** A server for tests. */
    class Mock extends GObject.Object {
      constructor(properties?: Settings<MockProperties>);
      static new(preset: MockPreset): Mock;
      add_script(text: string): boolean;
      add_stream(stream: Gio.IOStream): boolean;
      close(): void;
      emit_event(name: string, data?: Value | Json.Node): boolean;
      expect(command: string, args?: Value | Json.Node): Expectation;
      get_address(): Gio.SocketConnectable | null;
      get_bytewise(): boolean;
      get_ended(): boolean;
      get_path(): string | null;
      get_preset(): MockPreset;
      list_commands(): Message[];
      listen(address?: Address | null): boolean;
      set_bytewise(bytewise: boolean): void;
      verify(): boolean;
    }

    interface ExpectationProperties {
      readonly command: string | null;
      readonly met: boolean;
    }

    interface Expectation extends ExpectationProperties, CamelCased<ExpectationProperties> {}
    /** A command that a mock is to be sent, and what it answers. */
    class Expectation extends GObject.Object {
      breaks(fault: MockFault): this;
      dup_message(): Message | null;
      emits_after(name: string, data?: Value | Json.Node): this;
      emits_before(name: string, data?: Value | Json.Node): this;
      fails(error_class: string, desc: string): this;
      fails_job(desc: string): this;
      get_command(): string | null;
      get_met(): boolean;
      holds(): this;
      release(): void;
      repeats(): this;
      returns(value?: Value | Json.Node): this;
      stays_silent(): this;
      wait(timeout: number, cancellable: Gio.Cancellable | null): boolean;
    }

    // --- machines ---

    interface LauncherProperties {
      argv: string[] | null;
      environment: string[] | null;
      flags: LauncherFlags;
      output_limit: number;
      working_directory: string | null;
    }

    interface Launcher extends LauncherProperties, CamelCased<LauncherProperties> {}
    /** How QEMU is started. */
    class Launcher extends GObject.Object {
      constructor(properties?: Settings<LauncherProperties>);
      static new(argv: string[] | null): Launcher;
      get_argv(): string[] | null;
      get_environment(): string[] | null;
      get_flags(): LauncherFlags;
      get_output_limit(): number;
      get_working_directory(): string | null;
      /** Has the machine made with a channel to the guest agent; returns the id of its -chardev. */
      add_agent_channel(): string;
      /** Gives a descriptor to the process; returns its number there. */
      inherit_fd(fd: number): number;
      set_argv(argv: string[] | null): void;
      set_environment(environment: string[] | null): void;
      set_flags(flags: LauncherFlags): void;
      /** Lets the machine outlive the program, and be opened again at an address. */
      set_leave_running(address: Address | null, output_fd?: number): boolean;
      set_output_limit(output_limit: number): void;
      set_working_directory(working_directory: string | null): void;
    }

    interface JobProperties {
      readonly cancelled: boolean;
      readonly current: number;
      readonly error: GLib.Error | null;
      readonly finished: boolean;
      readonly fraction: number;
      readonly id: string;
      readonly job_type: string | null;
      readonly ready: boolean;
      readonly status: JobStatus;
      readonly status_name: string | null;
      readonly total: number;
    }

    interface Job extends JobProperties, CamelCased<JobProperties> {}
    /** A job of QEMU: a backup, a mirror, a snapshot, or whatever else takes its time there. */
    class Job extends GObject.Object {
      cancel(cancellable?: Gio.Cancellable | null): boolean;
      cancel_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      cancel_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      cancel_finish(result: Gio.AsyncResult): boolean;
      complete(cancellable?: Gio.Cancellable | null): boolean;
      complete_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      complete_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      complete_finish(result: Gio.AsyncResult): boolean;
      dismiss(cancellable?: Gio.Cancellable | null): boolean;
      dismiss_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      dismiss_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      dismiss_finish(result: Gio.AsyncResult): boolean;
      get_cancelled(): boolean;
      get_current(): number;
      get_error(): GLib.Error | null;
      get_finished(): boolean;
      get_fraction(): number;
      get_id(): string;
      get_job_type(): string | null;
      get_ready(): boolean;
      get_status(): JobStatus;
      get_status_name(): string | null;
      get_total(): number;
      is_owner_thread(): boolean;
      pause(cancellable?: Gio.Cancellable | null): boolean;
      pause_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      pause_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      pause_finish(result: Gio.AsyncResult): boolean;
      resume(cancellable?: Gio.Cancellable | null): boolean;
      resume_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      resume_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      resume_finish(result: Gio.AsyncResult): boolean;
      wait(timeout?: number, cancellable?: Gio.Cancellable | null): boolean;
      wait_async(timeout?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      wait_async(timeout: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      wait_finish(result: Gio.AsyncResult): boolean;
    }

    interface MachineSignals extends GObject.Object.SignalSignatures {
      'action-failed': (name: string, error: GLib.Error) => void;
      ended: (outcome: Outcome) => void;
      output: (line: string) => void;
    }

    interface MachineProperties {
      readonly alive: boolean;
      readonly client: Client;
      readonly connected: boolean;
      readonly jobs: Gio.ListModel;
      readonly link_error: GLib.Error | null;
      readonly migration: Migration | null;
      readonly name: string | null;
      readonly outcome: Outcome | null;
      readonly pause_event: Event | null;
      readonly pid: number;
      progress_interval: number;
      readonly running: boolean;
      readonly shut_down_stage: ShutDownStage;
      readonly status: MachineStatus;
      readonly status_name: string | null;
      readonly uuid: string | null;
    }

    interface Machine extends MachineProperties, CamelCased<MachineProperties> {}
    /** A virtual machine: launched or found running, until its end. */
    class Machine extends GObject.Object {
      $signals: MachineSignals;

      constructor(properties?: {client?: Client | null, progress_interval?: number});
      static new(client: Client | null): Machine;
      connect<K extends keyof MachineSignals>(signal: K, callback: GObject.SignalCallback<this, MachineSignals[K]>): number;
      connect_after<K extends keyof MachineSignals>(signal: K, callback: GObject.SignalCallback<this, MachineSignals[K]>): number;
      get_action_group(): Gio.ActionGroup;
      get_alive(): boolean;
      get_client(): Client;
      get_connected(): boolean;
      get_jobs(): Gio.ListModel;
      get_link_error(): GLib.Error | null;
      get_migration(): Migration | null;
      get_name(): string | null;
      get_outcome(): Outcome | null;
      get_pause_event(): Event | null;
      get_pid(): number;
      get_progress_interval(): number;
      get_running(): boolean;
      get_shut_down_stage(): ShutDownStage;
      get_status(): MachineStatus;
      get_status_name(): string | null;
      get_uuid(): string | null;
      keep_open(address: Address | null): void;
      kill(cancellable?: Gio.Cancellable | null): boolean;
      kill_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      kill_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      kill_finish(result: Gio.AsyncResult): boolean;
      /** Starts QEMU, connects to its monitor and reads its status. */
      launch(launcher: string[] | Launcher, cancellable?: Gio.Cancellable | null): boolean;
      launch_async(launcher: string[] | Launcher, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      launch_async(launcher: Launcher, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      launch_finish(result: Gio.AsyncResult): boolean;
      /** Waits until the guest's agent answers; milliseconds, Qmp.TIMEOUT_NONE for as long as it takes. */
      open_agent(timeout?: number, cancellable?: Gio.Cancellable | null): GuestAgent;
      open_agent_async(timeout?: number, cancellable?: Gio.Cancellable | null): Promise<GuestAgent>;
      open_agent_async(timeout: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      open_agent_finish(result: Gio.AsyncResult): GuestAgent;
      open(address: Address, cancellable?: Gio.Cancellable | null): boolean;
      open_async(address: Address, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      open_async(address: Address, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      open_finish(result: Gio.AsyncResult): boolean;
      /** Opens a D-Bus connection to the display, which closes the one before. */
      open_display(cancellable?: Gio.Cancellable | null): Gio.DBusConnection;
      open_display_async(cancellable?: Gio.Cancellable | null): Promise<Gio.DBusConnection>;
      open_display_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      open_display_finish(result: Gio.AsyncResult): Gio.DBusConnection;
      pause(cancellable?: Gio.Cancellable | null): boolean;
      pause_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      pause_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      pause_finish(result: Gio.AsyncResult): boolean;
      power_down(cancellable?: Gio.Cancellable | null): boolean;
      power_down_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      power_down_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      power_down_finish(result: Gio.AsyncResult): boolean;
      quit(cancellable?: Gio.Cancellable | null): boolean;
      quit_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      quit_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      quit_finish(result: Gio.AsyncResult): boolean;
      refresh(cancellable?: Gio.Cancellable | null): boolean;
      refresh_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      refresh_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      refresh_finish(result: Gio.AsyncResult): boolean;
      reset(cancellable?: Gio.Cancellable | null): boolean;
      reset_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      reset_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      reset_finish(result: Gio.AsyncResult): boolean;
      resume(cancellable?: Gio.Cancellable | null): boolean;
      resume_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      resume_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      resume_finish(result: Gio.AsyncResult): boolean;
      /** Takes a picture of the screen: a PNG image. */
      screendump(device?: string | null, head?: number, cancellable?: Gio.Cancellable | null): GLib.Bytes;
      screendump_async(device?: string | null, head?: number, cancellable?: Gio.Cancellable | null): Promise<GLib.Bytes>;
      screendump_async(device: string | null, head: number, cancellable: Gio.Cancellable | null,
        callback: Gio.AsyncReadyCallback<this>): void;
      screendump_finish(result: Gio.AsyncResult): GLib.Bytes;
      set_process(pidfd: number): boolean;
      set_progress_interval(progress_interval: number): void;
      /** Brings the machine to its end, in stages, of so many milliseconds; 0 skips one, and -1 waits for ever. */
      shut_down(flags?: ShutDownFlags, ask?: number, quit?: number, cancellable?: Gio.Cancellable | null): Outcome;
      shut_down_async(flags?: ShutDownFlags, ask?: number, quit?: number,
        cancellable?: Gio.Cancellable | null): Promise<Outcome>;
      shut_down_async(flags: ShutDownFlags, ask: number, quit: number, cancellable: Gio.Cancellable | null,
        callback: Gio.AsyncReadyCallback<this>): void;
      shut_down_finish(result: Gio.AsyncResult): Outcome;
      /** Lets a machine arrive that was launched with -incoming defer. */
      start_incoming(uri: string, cancellable?: Gio.Cancellable | null): Migration;
      start_incoming_async(uri: string, cancellable?: Gio.Cancellable | null): Promise<Migration>;
      start_incoming_async(uri: string, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      start_incoming_finish(result: Gio.AsyncResult): Migration;
      start_incoming_fd(fd: number, cancellable?: Gio.Cancellable | null): Migration;
      start_incoming_fd_async(fd: number, cancellable?: Gio.Cancellable | null): Promise<Migration>;
      start_incoming_fd_async(fd: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      start_incoming_fd_finish(result: Gio.AsyncResult): Migration;
      /** Starts a job; the command has a job-id. */
      start_job(command: string | Message, args?: object | null, cancellable?: Gio.Cancellable | null): Job;
      start_job_async(command: string | Message, args?: object | null, cancellable?: Gio.Cancellable | null): Promise<Job>;
      start_job_async(command: Message, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      start_job_finish(result: Gio.AsyncResult): Job;
      /** Lets the machine migrate: to another QEMU that waits for it, or to a command. */
      start_migration(uri: string, cancellable?: Gio.Cancellable | null): Migration;
      start_migration_async(uri: string, cancellable?: Gio.Cancellable | null): Promise<Migration>;
      start_migration_async(uri: string, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      start_migration_finish(result: Gio.AsyncResult): Migration;
      /** Lets the machine migrate into a file. */
      start_migration_fd(fd: number, cancellable?: Gio.Cancellable | null): Migration;
      start_migration_fd_async(fd: number, cancellable?: Gio.Cancellable | null): Promise<Migration>;
      start_migration_fd_async(fd: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      start_migration_fd_finish(result: Gio.AsyncResult): Migration;
      /** Takes a device out, and waits until it is gone, for so many milliseconds; -1 waits for ever. */
      unplug(device: string, timeout?: number, cancellable?: Gio.Cancellable | null): boolean;
      unplug_async(device: string, timeout?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      unplug_async(device: string, timeout: number, cancellable: Gio.Cancellable | null,
        callback: Gio.AsyncReadyCallback<this>): void;
      unplug_finish(result: Gio.AsyncResult): boolean;
      wait_ended(cancellable?: Gio.Cancellable | null): Outcome;
      wait_ended_async(cancellable?: Gio.Cancellable | null): Promise<Outcome>;
      wait_ended_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      wait_ended_finish(result: Gio.AsyncResult): Outcome;
      wake_up(cancellable?: Gio.Cancellable | null): boolean;
      wake_up_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      wake_up_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      wake_up_finish(result: Gio.AsyncResult): boolean;
    }

    interface MachineEntryProperties {
      readonly address: string | null;
      readonly error: GLib.Error | null;
      readonly instance: Instance | null;
      readonly machine: Machine;
      readonly title: string;
    }

    interface MachineEntry extends MachineEntryProperties, CamelCased<MachineEntryProperties> {}
    /** A machine of a list, where it is, and why it is not open. */
    class MachineEntry extends GObject.Object {
      get_address(): string | null;
      get_error(): GLib.Error | null;
      get_instance(): Instance | null;
      get_machine(): Machine;
      get_title(): string;
    }

    interface MachineListProperties {
      finder: Finder | null;
      readonly n_items: number;
    }

    interface MachineList extends MachineListProperties, CamelCased<MachineListProperties>, Gio.ListModel<MachineEntry> {}
    /** Machines that are kept open, as many as there are. */
    class MachineList extends GObject.Object {
      constructor(properties?: Settings<{finder: Finder | null}>);
      static new(): MachineList;
      add(text: string): MachineEntry;
      add_file(path: string): boolean;
      get_finder(): Finder | null;
      get_item(position: number): MachineEntry | null;
      get_item_type(): GObject.GType;
      get_n_items(): number;
      items_changed(position: number, removed: number, added: number): void;
      remove(entry: MachineEntry): void;
      set_finder(finder: Finder | null): void;
      /** Brings all to their end, in stages, of so many milliseconds for all of them; 0 skips one, and -1 waits for ever. */
      shut_down_all(flags?: ShutDownFlags, ask?: number, quit?: number, max_parallel?: number,
        cancellable?: Gio.Cancellable | null): MachineResult[];
      shut_down_all_async(flags?: ShutDownFlags, ask?: number, quit?: number, max_parallel?: number,
        cancellable?: Gio.Cancellable | null): Promise<MachineResult[]>;
      shut_down_all_async(flags: ShutDownFlags, ask: number, quit: number, max_parallel: number,
        cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      shut_down_all_finish(result: Gio.AsyncResult): MachineResult[];
    }

    interface MachineResultProperties {
      readonly entry: MachineEntry;
      readonly error: GLib.Error | null;
      readonly outcome: Outcome | null;
    }

    interface MachineResult extends MachineResultProperties, CamelCased<MachineResultProperties> {}
    /** What has come of one machine, where something was done with all of a list. */
    class MachineResult extends GObject.Object {
      get_entry(): MachineEntry;
      get_error(): GLib.Error | null;
      get_outcome(): Outcome | null;
    }

    interface MigrationProperties {
      readonly direction: MigrationDirection;
      readonly error: GLib.Error | null;
      readonly finished: boolean;
      readonly fraction: number;
      readonly remaining: number;
      readonly status: MigrationStatus;
      readonly status_name: string | null;
      readonly total: number;
    }

    interface Migration extends MigrationProperties, CamelCased<MigrationProperties> {}
    /** A migration: a machine goes to another QEMU or into a file, or comes from there. */
    class Migration extends GObject.Object {
      cancel(cancellable?: Gio.Cancellable | null): boolean;
      cancel_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
      cancel_async(cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      cancel_finish(result: Gio.AsyncResult): boolean;
      get_direction(): MigrationDirection;
      get_error(): GLib.Error | null;
      get_finished(): boolean;
      get_fraction(): number;
      get_remaining(): number;
      get_status(): MigrationStatus;
      get_status_name(): string | null;
      get_total(): number;
      wait(timeout?: number, cancellable?: Gio.Cancellable | null): boolean;
      wait_async(timeout?: number, cancellable?: Gio.Cancellable | null): Promise<boolean>;
      wait_async(timeout: number, cancellable: Gio.Cancellable | null, callback: Gio.AsyncReadyCallback<this>): void;
      wait_finish(result: Gio.AsyncResult): boolean;
    }

    interface OutcomeProperties {
      readonly by_guest: boolean;
      readonly by_us: boolean;
      readonly clean: boolean;
      readonly exit_status: number;
      readonly output: string;
      readonly reason: OutcomeReason;
      readonly signal: number;
      readonly stage: ShutDownStage;
      readonly text: string;
    }

    interface Outcome extends OutcomeProperties, CamelCased<OutcomeProperties> {}
    /** How a machine has ended. */
    class Outcome extends GObject.Object {
      get_by_guest(): boolean;
      get_by_us(): boolean;
      get_clean(): boolean;
      get_exit_status(): number;
      get_output(): string;
      get_reason(): OutcomeReason;
      get_signal(): number;
      get_stage(): ShutDownStage;
      get_text(): string;
    }
  }

  export default Qmp;
}

declare module 'gi://Qmp' {
  import Qmp from 'gi://Qmp?version=1.0';
  export default Qmp;
}
