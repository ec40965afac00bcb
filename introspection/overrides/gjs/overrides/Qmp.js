// SPDX-License-Identifier: LGPL-2.1-or-later
//
// qmp-glib for GJS: plain objects in and out, promises, for await, errors with members.
//
// An _async method without a callback returns a promise. With a callback it is the C library's, and so are the
// _finish methods: their values are Json.Node.
//
// Integers that a Number cannot hold come as BigInt, and may be given as such. Times are whole milliseconds.

/* exported _init */

const {Gio, GLib, Json} = imports.gi;

const LONG_NUMBER = /\d{16}/;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const INTEGER = /^-?\d+$/;
const LARGEST_SENT = 2 ** 64;
const LONGEST_TIME = 2 ** 31 - 1;
const LONGEST_INTEGER = 10000; // characters: of a million, BigInt makes nothing that can be caught as an Error

let Qmp;

// --- values and text ---

// Where the string ends that begins at a quote. A regular expression for that takes stack for each escape.
function findEnd(text, start) {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslash = end;
    while (text[backslash - 1] === '\\')
      backslash--;
    if ((end - backslash) % 2 === 0)
      return end;
  }
  return text.length;
}

// Replaces the numbers, but not those in strings.
function replaceNumbers(text, replace) {
  const parts = [];
  for (let start = 0; start < text.length;) {
    const quote = text.indexOf('"', start);
    const outside = text.slice(start, quote < 0 ? text.length : quote);
    parts.push(LONG_NUMBER.test(outside) ? outside.replace(NUMBER, replace) : outside);
    start = quote < 0 ? text.length : findEnd(text, quote) + 1;
    if (quote >= 0)
      parts.push(text.slice(quote, start));
  }
  return parts.join('');
}

function fail(code, message) {
  throw new Qmp.ProtocolError({code, message});
}

function readInteger(text) {
  if (text.length > LONGEST_INTEGER)
    fail(Qmp.ProtocolError.TOO_LARGE, `A number of ${text.length} digits is too much for JavaScript`);
  return BigInt(text);
}

// JSON.parse() and stringify() take stack for each level.
function guardDepth(run) {
  try {
    return run();
  } catch (error) {
    if (error.name === 'InternalError')
      fail(Qmp.ProtocolError.TOO_DEEP, 'The value is nested too deep for JavaScript');
    throw error;
  }
}

// JSON.parse() rounds long integers, so they are first made strings that no server can guess.
function parseExactly(text) {
  const mark = GLib.uuid_string_random();
  const marked = replaceNumbers(text, token =>
    INTEGER.test(token) && !Number.isSafeInteger(Number(token)) ? `"${mark}${token}"` : token);
  return JSON.parse(marked, (_key, value) =>
    typeof value === 'string' && value.startsWith(mark) ? readInteger(value.slice(mark.length)) : value);
}

function parse(text) {
  return guardDepth(() => LONG_NUMBER.test(text) ? parseExactly(text) : JSON.parse(text));
}

function isSendable(member) {
  if (typeof member !== 'object' || member === null)
    return typeof member !== 'function' && typeof member !== 'symbol';
  const tag = Object.prototype.toString.call(member);
  if (tag === '[object Object]')
    return member.constructor === Object || member.constructor?.$gtype === undefined;
  return ['[object Array]', '[object String]', '[object Number]', '[object Boolean]'].includes(tag);
}

// What JSON.stringify() makes an empty object of, or leaves out, is a mistake.
function checkMember(key, member) {
  if (!isSendable(member))
    throw new TypeError(`${key || 'the value'} is of type ${nameType(member)}, which cannot be sent as JSON`);
}

function makeObject(map) {
  for (const key of map.keys()) {
    if (typeof key !== 'string')
      throw new TypeError(`the name of a member must be a string, not ${nameType(key)}`);
  }
  return Object.fromEntries(map);
}

function stringify(value) {
  return guardDepth(() => stringifyExactly(value));
}

function stringifyExactly(value) {
  const mark = GLib.uuid_string_random();
  let isMarked = false;
  const text = JSON.stringify(value, (key, member) => {
    if (member instanceof Map)
      return makeObject(member);
    checkMember(key, member);
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

function isPlain(value) {
  return Object.prototype.toString.call(value) === '[object Object]' && typeof value.toJSON !== 'function';
}

function isDictionary(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// A fraction would be cut off: half a millisecond would be 0, which is at once.
function checkTime(name, value, least = 0) {
  if (typeof value !== 'number')
    throw new TypeError(`${name} must be a number of milliseconds, not ${nameType(value)}`);
  if (!Number.isInteger(value))
    throw new TypeError(`${name} must be a whole number of milliseconds, not ${value}`);
  if (value < least || value > LONGEST_TIME)
    throw new RangeError(`${name} must be from ${least} to ${LONGEST_TIME} milliseconds, not ${value}`);
  return value;
}

// GJS would take an object for 0, and what it says would be lost.
function checkNumber(name, value) {
  if (typeof value !== 'number' && typeof value !== 'bigint')
    throw new TypeError(`${name} must be a number, not ${nameType(value)}`);
  return value;
}

function checkFd(value) {
  if (!Number.isInteger(value))
    throw new TypeError(`a file descriptor must be a number, not ${typeof value === 'number' ? value : nameType(value)}`);
  if (value < 0)
    throw new RangeError(`a file descriptor must be 0 or more, not ${value}`);
  return value;
}

function checkCancellable(cancellable) {
  if (cancellable !== null && !(cancellable instanceof Gio.Cancellable))
    throw new TypeError(`cancellable must be a Gio.Cancellable or null, not ${nameType(cancellable)}`);
  return cancellable;
}

function _init() {
  Qmp = this;
  const plainCommand = Qmp.Message.new_command;

  // --- messages ---

  function makeMessage(value) {
    if (value instanceof Qmp.Message)
      return value;
    if (!isDictionary(value))
      throw new TypeError(`message must be a Qmp.Message or an object, not ${nameType(value)}`);
    return Qmp.Message.new_from_bytes(new TextEncoder().encode(stringify(value)));
  }

  function makeCommand(command, args) {
    if (typeof command !== 'string')
      throw new TypeError(`command must be a string, not ${nameType(command)}`);
    if (args instanceof Json.Node)
      return plainCommand(command, args);
    if (args !== null && !isDictionary(args))
      throw new TypeError(`the arguments must be an object or null, not ${nameType(args)}`);
    const members = args instanceof Map ? makeObject(args) : args ?? {};
    const isEmpty = isPlain(members) && Object.keys(members).length === 0;
    return makeMessage(isEmpty ? {execute: command} : {execute: command, arguments: members});
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
      message.set_timeout(timeout); // which checks it
    if (outOfBand)
      message.set_out_of_band(true);
    return message;
  };

  Qmp.Message.prototype.toObject = function () {
    return parse(new TextDecoder().decode(this.get_bytes().toArray()));
  };

  Qmp.Message.prototype.toJSON = Qmp.Message.prototype.toObject;

  // Exact: a BigInt where a number would be rounded.
  for (const [name, least, most] of [
    ['get_int64', -(2n ** 63n), 2n ** 63n - 1n],
    ['get_uint64', 0n, 2n ** 64n - 1n],
  ]) {
    const plain = Qmp.Message.prototype[name];
    Qmp.Message.prototype[name] = function (path) {
      const text = this.dup_text(path);
      const integer = text.length <= 20 && INTEGER.test(text) ? BigInt(text) : null;
      if (integer === null || integer < least || integer > most)
        return plain.call(this, path); // which throws
      return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
    };
  }

  for (const name of ['Event', 'Greeting']) {
    Qmp[name].prototype._init = () => {
      throw new TypeError(`a Qmp.${name} comes from the server: it cannot be made`);
    };
  }

  Object.defineProperty(Qmp.Event.prototype, 'data', {
    configurable: true,
    enumerable: true,
    get() {
      return parse(this.dup_member_text('data') ?? '{}');
    },
  });

  // --- times ---

  function checkTimes(Class, least, ...names) {
    const prototype = Class.prototype;
    const spellings = new Map();
    for (const name of names) {
      const words = name.split('-');
      const snake = words.join('_');
      const camel = words.map((word, index) => index > 0 ? word[0].toUpperCase() + word.slice(1) : word).join('');
      const setter = `set_${snake}`;
      const getter = `get_${snake}`;
      const plain = prototype[setter];
      prototype[setter] = function (value) {
        plain.call(this, checkTime(snake, value, least));
      };
      for (const spelling of new Set([name, snake, camel])) {
        spellings.set(spelling, snake);
        Object.defineProperty(prototype, spelling, {
          configurable: true,
          enumerable: true,
          get() { return this[getter](); },
          set(value) { this[setter](value); },
        });
      }
    }
    const plainInit = prototype._init;
    prototype._init = function (properties = {}, ...rest) {
      for (const [name, value] of Object.entries(properties)) {
        if (spellings.has(name))
          checkTime(spellings.get(name), value, least);
      }
      plainInit.call(this, properties, ...rest);
    };
  }

  checkTimes(Qmp.Client, Qmp.TIMEOUT_NONE, 'timeout', 'open-timeout', 'accept-timeout', 'close-timeout', 'stall-time');
  checkTimes(Qmp.Message, Qmp.TIMEOUT_CLIENT, 'timeout');
  checkTimes(Qmp.Machine, 0, 'progress-interval');
  checkTimes(Qmp.Finder, 0, 'interval');

  // --- errors ---

  // For instanceof, whoever has made the error: error instanceof Qmp.BusyError.
  function defineError(name, domain, code) {
    Qmp[name] = class {
      static [Symbol.hasInstance](error) {
        return error instanceof domain && error.code === code;
      }

      constructor(message) {
        return new domain({code, message});
      }
    };
    Object.defineProperty(Qmp[name], 'name', {value: name});
  }

  defineError('StateError', Qmp.ClientError, Qmp.ClientError.STATE);
  defineError('InterruptedError', Qmp.ClientError, Qmp.ClientError.INTERRUPTED);
  defineError('BusyError', Qmp.ClientError, Qmp.ClientError.BUSY);
  defineError('AddressError', Qmp.ClientError, Qmp.ClientError.ADDRESS);
  defineError('NotASocketError', Qmp.ClientError, Qmp.ClientError.NOT_A_SOCKET);
  defineError('FailureEventError', Qmp.ClientError, Qmp.ClientError.FAILURE_EVENT);
  defineError('GuestLostError', Qmp.GuestAgentError, Qmp.GuestAgentError.LOST);
  defineError('GuestThawedError', Qmp.GuestAgentError, Qmp.GuestAgentError.THAWED);
  defineError('LaunchError', Qmp.MachineError, Qmp.MachineError.LAUNCH);
  defineError('EndedError', Qmp.MachineError, Qmp.MachineError.ENDED);
  defineError('NoAnswerError', Qmp.MachineError, Qmp.MachineError.NO_ANSWER);
  defineError('NoProcessError', Qmp.MachineError, Qmp.MachineError.NO_PROCESS);
  defineError('JobError', Qmp.MachineError, Qmp.MachineError.JOB);
  defineError('JobCancelledError', Qmp.MachineError, Qmp.MachineError.JOB_CANCELLED);
  defineError('LostError', Qmp.MachineError, Qmp.MachineError.LOST);
  defineError('MigrationError', Qmp.MachineError, Qmp.MachineError.MIGRATION);
  defineError('MigrationCancelledError', Qmp.MachineError, Qmp.MachineError.MIGRATION_CANCELLED);
  defineError('NotFoundError', Qmp.FinderError, Qmp.FinderError.NOT_FOUND);
  defineError('AmbiguousError', Qmp.FinderError, Qmp.FinderError.AMBIGUOUS);
  defineError('NoEndpointError', Qmp.FinderError, Qmp.FinderError.NO_ENDPOINT);
  defineError('UnexpectedCommandError', Qmp.MockError, Qmp.MockError.UNEXPECTED);
  defineError('MissingCommandError', Qmp.MockError, Qmp.MockError.MISSING);
  defineError('TimeoutError', Gio.IOErrorEnum, Gio.IOErrorEnum.TIMED_OUT);
  defineError('CancelledError', Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);

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
    const {class: errorClass, desc} = parse(received.dup_member_text('error'));
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
    return parse(reply.dup_member_text('return') ?? 'null');
  }

  Qmp.Message.prototype.check_reply = function (command = null) {
    takeValue(command, this);
    return true;
  };

  // --- promises ---

  for (const holder of [
    Qmp.Client, Qmp.Client.prototype, Qmp.EventListener.prototype, Qmp.Finder.prototype,
    Qmp.GuestAgent.prototype, Qmp.Job.prototype, Qmp.Machine.prototype, Qmp.MachineList.prototype, Qmp.Migration.prototype, Qmp.Schema,
  ]) {
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

  function makeLauncher(launcher) {
    if (launcher instanceof Qmp.Launcher)
      return launcher;
    if (!Array.isArray(launcher))
      throw new TypeError(`what is launched is an array of words or a Qmp.Launcher, not ${nameType(launcher)}`);
    return Qmp.Launcher.new(launcher);
  }

  const client = Qmp.Client.prototype;
  const machine = Qmp.Machine.prototype;
  const job = Qmp.Job.prototype;
  const migration = Qmp.Migration.prototype;
  adapt(machine, 'launch', makeLauncher);
  adapt(machine, 'open', makeAddress);
  adapt(machine, 'start_migration_fd', checkFd);
  adapt(machine, 'start_incoming_fd', checkFd);
  const keepOpen = machine.keep_open;
  machine.keep_open = function (address) {
    keepOpen.call(this, address === null ? null : makeAddress(address));
  };
  const launcherPrototype = Qmp.Launcher.prototype;
  const setLeaveRunning = launcherPrototype.set_leave_running;
  launcherPrototype.set_leave_running = function (address, outputFd = -1) {
    return setLeaveRunning.call(this, address === null ? null : makeAddress(address), outputFd === -1 ? -1 : checkFd(outputFd));
  };
  for (const [holder, name] of [[launcherPrototype, 'inherit_fd'], [machine, 'set_process'], [client, 'send_fd']]) {
    const plain = holder[name];
    holder[name] = function (fd) {
      return plain.call(this, checkFd(fd));
    };
  }
  adapt(client, 'open', makeAddress);
  adapt(client, 'listen', makeAddress);
  adapt(client, 'exchange', makeMessage);
  for (const name of ['execute_and_wait', 'execute_and_wait_async']) {
    const plain = client[name];
    client[name] = function (message, match, cancellable = null, ...rest) {
      return plain.call(this, makeMessage(message), match, cancellable, ...rest);
    };
  }
  // The cancellable, the last of so many arguments, may be left out.
  for (const [holder, name, count] of [
    ...['pause', 'resume', 'reset', 'power_down', 'wake_up', 'quit', 'kill', 'refresh', 'wait_ended', 'open_display'].map(
      name => [machine, name, 1]),
    ...['pause', 'resume', 'complete', 'cancel', 'dismiss'].map(name => [job, name, 1]),
    [Qmp.Finder.prototype, 'refresh', 1],
    ...['start_migration', 'start_migration_fd', 'start_incoming', 'start_incoming_fd'].map(name => [machine, name, 2]),
    [migration, 'cancel', 1],
    [client, 'open_stream', 2],
    [client, 'accept', 1],
    [client, 'close', 1],
    [client, 'wait_closed', 1],
    [Qmp.Client, 'new_for_address', 2],
    [Qmp.Schema, 'fetch', 2],
  ]) {
    for (const method of [name, `${name}_async`]) {
      const plain = holder[method];
      holder[method] = function (...args) {
        return plain.apply(typeof holder === 'function' ? holder : this, args.length < count ? [...args, null] : args);
      };
    }
  }

  // Milliseconds; 0 skips a stage, and -1 waits for ever.
  for (const name of ['shut_down', 'shut_down_async']) {
    const plain = machine[name];
    machine[name] = function (flags = Qmp.ShutDownFlags.NONE, ask = 30000, quit = 10000, cancellable = null, ...rest) {
      return plain.call(this, checkNumber('flags', flags), checkTime('ask', ask, Qmp.TIMEOUT_NONE), checkTime('quit', quit, Qmp.TIMEOUT_NONE),
        cancellable, ...rest);
    };
  }

  for (const name of ['shut_down_all', 'shut_down_all_async']) {
    const plain = Qmp.MachineList.prototype[name];
    Qmp.MachineList.prototype[name] = function (flags = Qmp.ShutDownFlags.NONE, ask = 30000, quit = 10000, maxParallel = 0,
      cancellable = null, ...rest) {
      return plain.call(this, checkNumber('flags', flags), checkTime('ask', ask, Qmp.TIMEOUT_NONE), checkTime('quit', quit, Qmp.TIMEOUT_NONE),
        checkNumber('max_parallel', maxParallel), cancellable, ...rest);
    };
  }

  for (const name of ['open_agent', 'open_agent_async']) {
    const plain = machine[name];
    machine[name] = function (timeout = Qmp.TIMEOUT_NONE, cancellable = null, ...rest) {
      return plain.call(this, checkTime('timeout', timeout, Qmp.TIMEOUT_CLIENT), cancellable, ...rest);
    };
  }

  for (const name of ['unplug', 'unplug_async']) {
    const plain = machine[name];
    machine[name] = function (device, timeout = 30000, cancellable = null, ...rest) {
      return plain.call(this, device, checkTime('timeout', timeout, Qmp.TIMEOUT_NONE), cancellable, ...rest);
    };
  }

  for (const name of ['screendump', 'screendump_async']) {
    const plain = machine[name];
    machine[name] = function (device = null, head = 0, cancellable = null, ...rest) {
      return plain.call(this, device, checkNumber('head', head), cancellable, ...rest);
    };
  }

  for (const holder of [job, migration]) {
    for (const name of ['wait', 'wait_async']) {
      const plain = holder[name];
      holder[name] = function (timeout = Qmp.TIMEOUT_NONE, cancellable = null, ...rest) {
        return plain.call(this, checkTime('timeout', timeout, Qmp.TIMEOUT_NONE), cancellable, ...rest);
      };
    }
  }

  const makeJobCommand = (command, args) => command instanceof Qmp.Message ? command : makeCommand(command, args);
  for (const name of ['start_job', 'start_job_async']) {
    const plain = machine[name];
    machine[name] = function (command, args = null, cancellable = null) {
      // The library's: a message, a cancellable, a callback.
      if (typeof cancellable === 'function')
        return plain.call(this, command, args, cancellable);
      return plain.call(this, makeJobCommand(command, args), cancellable);
    };
  }

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

  // --- guest agents ---

  // What stands at the end may be left out. Where the time is among the arguments, if there is one.
  for (const [name, defaults, time = -1] of [
    ['add_authorized_keys', ['', [], false, null]],
    ['exec', [[], null, null, Qmp.GuestExecFlags.DEFAULT, Qmp.TIMEOUT_NONE, null], 4],
    ['freeze', [null, Qmp.TIMEOUT_NONE, null], 1],
    ['get_authorized_keys', ['', null]],
    ['get_info', [null]],
    ['get_network_interfaces', [null]],
    ['get_osinfo', [null]],
    ['get_time', [null]],
    ['get_users', [null]],
    ['read_file', ['', 0, -1, null]],
    ['remove_authorized_keys', ['', [], null]],
    ['set_time', [-1, null]],
    ['set_user_password', ['', '', false, null]],
    ['shutdown', [Qmp.GuestShutdownMode.POWERDOWN, null]],
    ['suspend', [Qmp.GuestSuspendMode.DISK, null]],
    ['thaw', [null]],
    ['wait_ready', [Qmp.TIMEOUT_NONE, null], 0],
    ['write_file', ['', '', Qmp.GuestWriteFlags.REPLACE, null]],
  ]) {
    for (const method of [name, `${name}_async`]) {
      const plain = Qmp.GuestAgent.prototype[method];
      Qmp.GuestAgent.prototype[method] = function (...args) {
        const filled = [...args, ...defaults.slice(args.length)];
        if (time >= 0)
          checkTime('timeout', filled[time], Qmp.TIMEOUT_CLIENT);
        for (const [i, value] of defaults.entries()) {
          if (typeof value === 'number' && i !== time)
            checkNumber(`argument ${i + 1} of ${method}()`, filled[i]);
        }
        return plain.apply(this, filled);
      };
    }
  }

  // What a reply returns, as plain values.
  for (const name of ['get_info', 'get_network_interfaces', 'get_osinfo', 'get_users']) {
    const plain = Qmp.GuestAgent.prototype[name];
    const plainStart = Qmp.GuestAgent.prototype[`${name}_async`];
    Qmp.GuestAgent.prototype[name] = function (...args) {
      return parse(plain.apply(this, args).dup_member_text('return'));
    };
    Qmp.GuestAgent.prototype[`${name}_async`] = function (...args) {
      const started = plainStart.apply(this, args);
      return started?.then(reply => parse(reply.dup_member_text('return')));
    };
  }

  Qmp.GuestAgent.open_address = (address, properties = {}) =>
    Qmp.GuestAgent.new(Qmp.Client.open_address(address, {guest_agent: true, ...properties}));

  Qmp.GuestAgent.open_address_async = async (address, properties = {}, cancellable = null) =>
    Qmp.GuestAgent.new(await Qmp.Client.open_address_async(address, {guest_agent: true, ...properties}, cancellable));

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

  for (const name of ['list_problems', 'validate']) {
    const plain = Qmp.Schema.prototype[name];
    Qmp.Schema.prototype[name] = function (command) {
      return plain.call(this, makeMessage(command));
    };
  }

  // --- events ---

  function makeMatch(names) {
    if (names.length === 1 && names[0] instanceof Qmp.EventMatch)
      return names[0];
    for (const name of names) {
      if (typeof name !== 'string')
        throw new TypeError(`the name of an event must be a string, not ${nameType(name)}`);
    }
    return Qmp.EventMatch.new(names.length > 0 ? names : null);
  }

  // A listener to the events of these names, of one Qmp.EventMatch, or to all; it listens from now on, until
  // remove_listener().
  client.listener = function (...names) {
    const listener = Qmp.EventListener.new_for_match(makeMatch(names));
    this.add_listener(listener);
    return listener;
  };

  for (const name of ['next', 'next_async']) {
    const plain = Qmp.EventListener.prototype[name];
    Qmp.EventListener.prototype[name] = function (timeout = Qmp.TIMEOUT_NONE, cancellable = null, ...rest) {
      return plain.call(this, checkTime('timeout', timeout, Qmp.TIMEOUT_NONE), cancellable, ...rest);
    };
  }

  // Values are any of JSON's.
  const makeNode = value => value instanceof Json.Node ? value : Json.from_string(stringify(value));

  const match = Qmp.EventMatch.prototype;
  const plainAddMember = match.add_member;
  match.add_member = function (event, path, value) {
    plainAddMember.call(this, event, path, makeNode(value));
  };

  // Without a value, anything at the path is a failure.
  const plainAddFailure = match.add_failure;
  match.add_failure = function (event, path = null, value = undefined) {
    if (path === null && value !== undefined)
      throw new TypeError('a value is at a path');
    plainAddFailure.call(this, event, path, value === undefined ? null : makeNode(value));
  };

  // --- servers ---

  const server = Qmp.Server.prototype;
  const plainServerListen = server.listen;
  server.listen = function (address) {
    return plainServerListen.call(this, makeAddress(address));
  };

  function checkVersion(version) {
    if (version !== undefined && !/^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(version))
      throw new RangeError(`version must be three numbers, as in '8.2.0', not '${version}'`);
  }

  const plainServerInit = server._init;
  server._init = function (properties = {}, ...rest) {
    checkVersion(properties.version);
    plainServerInit.call(this, properties, ...rest);
  };

  const plainSetVersion = server.set_version;
  server.set_version = function (version) {
    checkVersion(version);
    plainSetVersion.call(this, version);
  };
  Object.defineProperty(server, 'version', {
    configurable: true,
    enumerable: true,
    get() { return this.get_version(); },
    set(version) { this.set_version(version); },
  });

  // A handler of commands that throws has failed: its client is told so, and the program as GJS tells it.
  function answering(handler) {
    return function (self, invocation) {
      try {
        return handler.call(this, self, invocation);
      } catch (error) {
        logError(error);
        if (!invocation.get_answered())
          invocation.return_error('GenericError', `${error.message ?? error}` || error.name);
        return true;
      }
    };
  }

  for (const name of ['connect', 'connect_after']) {
    const plain = server[name];
    server[name] = function (signal, handler) {
      const answers = signal.split('::')[0] === 'command' && typeof handler === 'function';
      return plain.call(this, signal, answers ? answering(handler) : handler);
    };
  }

  const plainEmitEvent = server.emit_event;
  server.emit_event = function (name, data = null) {
    return plainEmitEvent.call(this, name, data === null ? null : makeNode(data));
  };

  const recorder = Qmp.Recorder.prototype;
  const plainRecorderInit = recorder._init;
  recorder._init = function (properties = {}, ...rest) {
    plainRecorderInit.call(this, {...properties, address: makeAddress(properties.address)}, ...rest);
  };
  const plainRecorderListen = recorder.listen;
  recorder.listen = function (address) {
    return plainRecorderListen.call(this, makeAddress(address));
  };

  // Any of JSON's values.
  const invocation = Qmp.Invocation.prototype;
  const plainReturnValue = invocation.return_value;
  invocation.return_value = function (value = {}) {
    return value instanceof Json.Node ? plainReturnValue.call(this, value) : this.return_text(stringify(value));
  };

  // The arguments as a plain object.
  invocation.read_arguments = function () {
    return parse(this.get_message().dup_member_text('arguments') ?? '{}');
  };

  // --- mocks ---

  const makeObjectNode = (what, value) => {
    if (value === null)
      return null;
    if (!isDictionary(value))
      throw new TypeError(`${what} must be an object or null, not ${nameType(value)}`);
    return makeNode(value);
  };

  const mock = Qmp.Mock.prototype;
  const plainMockListen = mock.listen;
  mock.listen = function (address = null) {
    return plainMockListen.call(this, address === null ? null : makeAddress(address));
  };

  const plainMockEmitEvent = mock.emit_event;
  mock.emit_event = function (name, data = null) {
    return plainMockEmitEvent.call(this, name, makeObjectNode('data', data));
  };

  const plainExpect = mock.expect;
  mock.expect = function (command, args = null) {
    return plainExpect.call(this, command, makeObjectNode('arguments', args));
  };

  // Each returns the expectation, so that the next can follow. What is not an argument as it is says convert.
  const expectation = Qmp.Expectation.prototype;
  const asItIs = (...args) => args;
  const event = (name, data = null) => [name, makeObjectNode('data', data)];
  for (const [name, convert] of [['returns', (value = {}) => [makeNode(value)]], ['fails', asItIs], ['fails_job', asItIs],
    ['stays_silent', asItIs], ['emits_before', event], ['emits_after', event], ['breaks', asItIs], ['repeats', asItIs],
    ['holds', asItIs]]) {
    const plain = expectation[name];
    expectation[name] = function (...args) {
      plain.call(this, ...convert(...args));
      return this;
    };
  }

  async function waitForNext(iteration) {
    try {
      if (iteration.listener !== null)
        return {value: await iteration.listener.next_async(), done: false};
    } catch (error) {
      iteration.listener = null;
      if (!(error instanceof Qmp.InterruptedError || error instanceof Qmp.StateError))
        throw error;
    }
    return {value: undefined, done: true};
  }

  // Takes the events as they come, until the link ends. An asynchronous generator would make three promises for each.
  class Iteration {
    constructor(listener) {
      this.listener = listener;
    }

    next() {
      // What is in the queue already needs no turn of the main loop; while there is none, nothing is added to the queue.
      const event = this.listener?.try_next() ?? null;
      return event !== null ? Promise.resolve({value: event, done: false}) : waitForNext(this);
    }

    return(value) {
      this.listener = null;
      return Promise.resolve({value, done: true});
    }

    throw(error) {
      this.listener = null;
      return Promise.reject(error);
    }

    [Symbol.asyncIterator]() {
      return this;
    }
  }

  Qmp.EventListener.prototype[Symbol.asyncIterator] = function () {
    return new Iteration(this);
  };
}
