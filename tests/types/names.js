#!/usr/bin/env -S gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Whatever is in the library and in the overrides is named where TypeScript looks, in the class that it is in.
//
// usage: names.js TYPES

import Gio from 'gi://Gio';
import GObject from 'gi://GObject';
import Qmp from 'gi://Qmp?version=1.0';
import System from 'system';

const [path] = System.programArgs;
const text = new TextDecoder().decode(Gio.File.new_for_path(path).load_contents(null)[1]);
const problems = [];

// What each class has without being told, and what is another spelling of something else.
const OWN = new Set(['length', 'name', 'prototype', 'arguments', 'caller', 'constructor', '$gtype', 'toString', '_init',
  'domain', 'code', 'message']);
const isOther = name => typeof name !== 'string' || OWN.has(name) || name.startsWith('_') || name.startsWith('vfunc_') ||
  /-|[a-z][A-Z]/.test(name);

function findClass(name) {
  return text.match(new RegExp(`^    (?:class|enum) ${name}\\b[^]*?^ {4}\\}`, 'm'))?.[0] ?? null;
}

function findInterface(name) {
  return text.match(new RegExp(`^    interface ${name}Properties \\{[^]*?^ {4}\\}`, 'm'))?.[0] ?? '';
}

function check(name, value) {
  const block = findClass(name.replace(/^ExecuteError$/, 'CommandError'));
  if (block === null) {
    problems.push(`${name} is missing`);
    return;
  }
  const members = [...Object.getOwnPropertyNames(value), ...Object.getOwnPropertyNames(value.prototype ?? {})];
  for (const member of new Set(members)) {
    if (!isOther(member) &&
        !new RegExp(`\\b${member}\\b`).test(block + findInterface(name)))
      problems.push(`${name}.${member} is missing`);
  }
  if (value.$gtype && GObject.type_is_a(value.$gtype, GObject.Object.$gtype)) {
    const own = GObject.Object.list_properties.call(value).filter(spec => spec.owner_type === value.$gtype);
    for (const spec of own) {
      if (!new RegExp(`\\b${spec.name.replaceAll('-', '_')}\\b`).test(block + findInterface(name)))
        problems.push(`${name}:${spec.name} is missing`);
    }
  }
}

const functions = /_(?:quark|get_class|get_received|get_sent|get_offset|get_text)$/;
for (const name of Object.getOwnPropertyNames(Qmp)) {
  const value = Qmp[name];
  if (name.startsWith('_') || functions.test(name) || name.endsWith('Class'))
    continue;
  if (/^[A-Z][a-z]/.test(name))
    check(name, value);
  else if (!new RegExp(`^    (?:const|function) ${name}\\b`, 'm').test(text))
    problems.push(`${name} is missing`);
}

problems.forEach(problem => print(problem));
if (problems.length > 0)
  System.exit(1);
