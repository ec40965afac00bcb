// SPDX-License-Identifier: LGPL-2.1-or-later
//
// qmp-glib for GJS: plain objects in and out, promises, for await, errors with members.
//
// An _async method without a callback returns a promise. With a callback it is the C library's, and so are the
// _finish methods: their values are Json.Node.
//
// Integers that a Number cannot hold come as BigInt, and may be given as such.

/* exported _init */

const {Gio, GLib, Json} = imports.gi;

const LONG_NUMBER = /\d{16}/;
const STRING_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;
const LARGEST_SENT = 2 ** 64;

// --- values and text ---

// JSON.parse() rounds long integers, so they are first made strings that no server can guess.
function parseExactly(text) {
  const mark = GLib.uuid_string_random();
  const marked = text.replace(STRING_OR_NUMBER, token =>
    INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${mark}${token}"` : token);
  return JSON.parse(marked, (_key, value) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value);
}

function parse(text) {
  return LONG_NUMBER.test(text) ? parseExactly(text) : JSON.parse(text);
}

function stringify(value) {
  const mark = GLib.uuid_string_random();
  let isMarked = false;
  const text = JSON.stringify(value, (key, member) => {
    if (typeof member === 'number' && !Number.isFinite(member))
      throw new TypeError(`${key || 'the value'} is ${member}, which JSON cannot say`);
    const isLong = Number.isInteger(member) && !Number.isSafeInteger(member) && Math.abs(member) <= LARGEST_SENT;
    if (typeof member !== 'bigint' && !isLong)
      return member;
    isMarked = true;
    return `${mark}${BigInt(member)}`;
  });
  if (text === undefined)
    throw new TypeError(`a value of type ${typeof value} cannot be sent as JSON`);
  return isMarked ? text.replace(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1') : text;
}

function nameType(value) {
  if (value === null)
    return 'null';
  return typeof value === 'object' ? value.constructor?.name ?? 'object' : typeof value;
}

function isDictionary(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function checkCancellable(cancellable) {
  if (cancellable !== null && !(cancellable instanceof Gio.Cancellable))
    throw new TypeError(`cancellable must be a Gio.Cancellable or null, not ${nameType(cancellable)}`);
  return cancellable;
}

function _init() {
  const Qmp = this;
  const plainCommand = Qmp.Message.new_command;

  // --- messages ---

  function makeMessage(value) {
    if (value instanceof Qmp.Message)
      return value;
    if (!isDictionary(value))
      throw new TypeError(`message must be a Qmp.Message or an object, not ${nameType(value)}`);
    return Qmp.Message.new_from_bytes(new TextEncoder().encode(stringify(value)), true);
  }

  function makeCommand(command, args) {
    if (typeof command !== 'string')
      throw new TypeError(`command must be a string, not ${nameType(command)}`);
    if (args instanceof Json.Node)
      return plainCommand(command, args);
    if (args !== null && !isDictionary(args))
      throw new TypeError(`the arguments must be an object or null, not ${nameType(args)}`);
    const isEmpty = args === null || Object.keys(args).length === 0;
    return makeMessage(isEmpty ? {execute: command} : {execute: command, arguments: args});
  }

  // A command as execute_message() has it, which does not keep an id unless it is told so.
  function makeOwn(value) {
    const message = makeMessage(value);
    if (!message.get_assign_id() || !message.has_member('id'))
      return message;
    const copy = message.dup();
    copy.remove_member('id');
    return copy;
  }

  Qmp.Message.from = makeMessage;

  // fds: numbers; they stay the caller's. timeout: milliseconds.
  Qmp.Message.new_command = (command, args = null, {fds = [], timeout = null, outOfBand = false} = {}) => {
    const message = makeCommand(command, args);
    if (fds.length > 0) {
      const list = Gio.UnixFDList.new();
      fds.forEach(fd => list.append(fd));
      message.set_fd_list(list);
    }
    if (timeout !== null)
      message.set_timeout(timeout);
    if (outOfBand)
      message.set_out_of_band(true);
    return message;
  };

  Qmp.Message.prototype.toObject = function () {
    return parse(new TextDecoder().decode(this.get_bytes().toArray()));
  };

  Qmp.Message.prototype.toJSON = Qmp.Message.prototype.toObject;

  Object.defineProperty(Qmp.Event.prototype, 'data', {
    configurable: true,
    enumerable: true,
    get() {
      return parse(this.get_member_text('data') ?? '{}');
    },
  });

  // --- errors ---

  // What the library throws knows its members; what is made here gets them on itself.
  Qmp.ExecuteError = Qmp.CommandError;
  Object.defineProperty(Qmp.CommandError.prototype, 'desc', {configurable: true, get() { return this.message; }});
  for (const [property, name] of [['errorClass', 'get_class'], ['sent', 'get_sent'], ['received', 'get_received']]) {
    const plain = Qmp.CommandError[name];
    Object.defineProperty(Qmp.CommandError.prototype, property, {configurable: true, get() { return plain(this); }});
    Qmp.CommandError[name] = error => error instanceof Qmp.CommandError ? error[property] : plain(error);
  }

  const codes = {
    GenericError: Qmp.CommandError.GENERIC,
    CommandNotFound: Qmp.CommandError.COMMAND_NOT_FOUND,
    DeviceNotActive: Qmp.CommandError.DEVICE_NOT_ACTIVE,
    DeviceNotFound: Qmp.CommandError.DEVICE_NOT_FOUND,
    KVMMissingCap: Qmp.CommandError.KVM_MISSING_CAP,
  };

  function makeError(sent, received) {
    const {class: errorClass, desc} = parse(received.get_member_text('error'));
    const code = codes[errorClass] ?? Qmp.CommandError.UNKNOWN;
    const error = new Qmp.CommandError({code, message: desc});
    return Object.defineProperties(error, {
      errorClass: {value: errorClass},
      sent: {value: sent},
      received: {value: received},
    });
  }

  function takeValue(sent, reply) {
    if (reply.has_member('error'))
      throw makeError(sent, reply);
    return parse(reply.get_member_text('return') ?? 'null');
  }

  // --- promises ---

  for (const holder of [Qmp.Client.prototype, Qmp.EventListener.prototype, Qmp.Schema]) {
    for (const name of Object.getOwnPropertyNames(holder)) {
      if (name.endsWith('_async'))
        Gio._promisify(holder, name);
    }
  }

  // Lets the first argument of a method be more than the library takes.
  function adapt(prototype, name, convert) {
    for (const method of [name, `${name}_async`]) {
      const plain = prototype[method];
      prototype[method] = function (first, ...rest) {
        return plain.call(this, convert(first), ...(rest.length > 0 ? rest : [null]));
      };
    }
  }

  function makeAddress(address) {
    if (typeof address === 'string')
      return Qmp.address_parse(address);
    if (!(address instanceof Gio.SocketConnectable))
      throw new TypeError(`address must be a string or a Gio.SocketConnectable, not ${nameType(address)}`);
    return address;
  }

  const client = Qmp.Client.prototype;
  adapt(client, 'open', makeAddress);
  adapt(client, 'exchange', makeMessage);
  for (const name of ['execute_and_wait', 'execute_and_wait_async']) {
    const plain = client[name];
    client[name] = function (message, listener, cancellable = null, ...rest) {
      return plain.call(this, makeMessage(message), listener, cancellable, ...rest);
    };
  }
  // The cancellable, the last of so many arguments, may be left out.
  for (const [holder, name, count] of [
    [client, 'open_stream', 2],
    [client, 'accept', 1],
    [client, 'close', 1],
    [Qmp.Schema, 'fetch', 2],
  ]) {
    for (const method of [name, `${name}_async`]) {
      const plain = holder[method];
      holder[method] = function (...args) {
        return plain.apply(holder === client ? this : holder, args.length < count ? [...args, null] : args);
      };
    }
  }

  const plainListen = client.listen;
  client.listen = function (address) {
    return plainListen.call(this, makeAddress(address));
  };

  Qmp.Client.open_address = (address, properties = {}) => {
    const vm = new Qmp.Client(properties);
    vm.open(address, null);
    return vm;
  };

  Qmp.Client.open_address_async = async (address, properties = {}, cancellable = null) => {
    const vm = new Qmp.Client(properties);
    await vm.open_async(address, cancellable);
    return vm;
  };

  // --- commands ---

  function run(vm, message, cancellable) {
    return takeValue(message, vm.exchange(message, checkCancellable(cancellable)));
  }

  async function start(vm, message, cancellable) {
    return takeValue(message, await vm.exchange_async(message, cancellable));
  }

  function overrideStart(name, make, count) {
    const plain = client[name];
    client[name] = function (...args) {
      if (args.some(arg => typeof arg === 'function'))
        return plain.apply(this, args);
      const values = [...args, ...Array(count).fill(null)].slice(0, count).map(arg => arg ?? null);
      const cancellable = checkCancellable(values.pop());
      return start(this, make(...values), cancellable);
    };
  }

  client.execute = function (command, args = null, cancellable = null) {
    return run(this, makeCommand(command, args), cancellable);
  };
  client.execute_message = function (message, cancellable = null) {
    return run(this, makeOwn(message), cancellable);
  };
  overrideStart('execute_async', makeCommand, 3);
  overrideStart('execute_message_async', makeOwn, 2);

  // --- schemas ---

  for (const name of ['validate', 'check']) {
    const plain = Qmp.Schema.prototype[name];
    Qmp.Schema.prototype[name] = function (command) {
      return plain.call(this, makeMessage(command));
    };
  }

  // --- events ---

  // A listener to the events of these names, or to all; it listens from now on, until remove_listener().
  client.listener = function (...names) {
    for (const name of names) {
      if (typeof name !== 'string')
        throw new TypeError(`the name of an event must be a string, not ${nameType(name)}`);
    }
    const listener = Qmp.EventListener.new(names.length > 0 ? names : null);
    this.add_listener(listener);
    return listener;
  };

  for (const name of ['next', 'next_async']) {
    const plain = Qmp.EventListener.prototype[name];
    Qmp.EventListener.prototype[name] = function (timeout = -1, cancellable = null, ...rest) {
      if (typeof timeout !== 'number')
        throw new TypeError(`timeout must be a number of milliseconds, not ${nameType(timeout)}`);
      return plain.call(this, timeout, cancellable, ...rest);
    };
  }

  function isEnd(error) {
    return error instanceof GLib.Error &&
      (error.matches(Qmp.ClientError, Qmp.ClientError.INTERRUPTED) || error.matches(Qmp.ClientError, Qmp.ClientError.STATE));
  }

  // Takes the events as they come, until the link ends.
  Qmp.EventListener.prototype[Symbol.asyncIterator] = async function* () {
    for (;;) {
      try {
        yield await this.next_async();
      } catch (error) {
        if (isEnd(error))
          return;
        throw error;
      }
    }
  };
}
