/**
 * A graph as a table (`tags.ts`). A worklist, no recursion: a value gets a number when it is first met, and is written
 * when its turn comes. So every node has a first path to it, which is what refusals and weights are told by. Looks at
 * own properties only, and runs no accessor of anybody.
 */
import type { Body } from '../../../ports/body.ts';
import { Frame } from '../frame.ts';
import { CLOSURE, type ClosureTag, closureOf } from '../module.ts';
import { type FreezeCode, ImageRefusal } from './error.ts';
import { type Name, type Names, prototypeOfClass } from './names.ts';
import { ObjectWriter, type Writing } from './objects.ts';
import { isSound } from './order.ts';
import { type Places, pathOf } from './path.ts';
import { recordOf } from './records.ts';
import { registrationOf } from './registered.ts';
import * as tag from './tags.ts';

/** A graph as a table, with what is known of its nodes. */
export interface Encoded {
  readonly roots: readonly Body[];
  readonly nodes: readonly tag.Node[];
  /** Where each node was first met. */
  readonly places: Places;
}

/** What a graph may hold: state of the runtime (a thread's image), or only data (what a program stores). */
export type Contents = 'state' | 'data';

/** Ends an encoding; never leaves this file. */
class Refused extends Error {
  readonly refusal: ImageRefusal;

  constructor(refusal: ImageRefusal) {
    super(refusal.why);
    this.refusal = refusal;
  }
}

/** The table of everything that can be reached from `roots`, or why there is none. Changes nothing. */
export const encodeGraph = (roots: readonly unknown[], names: Names, contents: Contents): Encoded | ImageRefusal => {
  const encoding = new Encoding(names, contents);
  try {
    return encoding.encode(roots);
  } catch (thrown) {
    if (thrown instanceof Refused) return thrown.refusal;
    return encoding.refusal('F14', 'cannot be looked at: that throws');
  }
};

const { getOwnPropertyDescriptor, getPrototypeOf } = Object;

/** Own keys of every function; what is beyond them somebody has put there. */
const FUNCTION_KEYS: ReadonlySet<string | symbol> = new Set<string | symbol>([
  'length',
  'name',
  'prototype',
  'arguments',
  'caller',
  CLOSURE,
]);

class Encoding implements Writing {
  readonly names: Names;
  readonly #contents: Contents;
  readonly #ids: Map<unknown, number> = new Map();
  readonly #places: Places = { from: [], labels: [], values: [] };
  readonly #nodes: (tag.Node | null)[] = [];
  readonly #objects: ObjectWriter;
  /** The node that is being written. */
  #at = -1;
  #hasRegistered = false;

  constructor(names: Names, contents: Contents) {
    this.names = names;
    this.#contents = contents;
    this.#objects = new ObjectWriter(this);
  }

  encode(roots: readonly unknown[]): Encoded {
    const cells = roots.map((root, index) => {
      this.#at = -1 - index;
      return this.cell(root, null);
    });
    for (let at = 0; at < this.#places.values.length; at += 1) {
      if (this.#nodes[at] !== null) continue;
      this.#at = at;
      this.#nodes[at] = this.#node(this.#places.values[at] as object | symbol);
    }
    const nodes = this.#nodes as tag.Node[];
    if (this.#hasRegistered && !isSound(nodes)) {
      this.refuse('F13', 'what a registered class has encoded holds the instance itself');
    }
    return { roots: cells, nodes, places: this.#places };
  }

  /** A refusal of the node that is being written, or of a part of it. */
  refusal(code: FreezeCode, why: string, part: string | number | null = null): ImageRefusal {
    const { root, path } = pathOf(this.#places, this.#at, part);
    return new ImageRefusal(code, root, path, why);
  }

  /** Ends the encoding. */
  refuse(code: FreezeCode, why: string, part: string | number | null = null): never {
    throw new Refused(this.refusal(code, why, part));
  }

  /** A value as it is written; what has an identity gets a number. */
  cell(value: unknown, label: string | number | null): Body {
    if (typeof value === 'object' ? value === null : typeof value !== 'function' && typeof value !== 'symbol') {
      return value as Body;
    }
    return [this.#idOf(value, label)];
  }

  #idOf(value: unknown, label: string | number | null): number {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.#add(value, label, null);
    this.#ids.set(value, id);
    return id;
  }

  /** A node of a shape, which is no value of the program. */
  addShape(node: tag.Node): number {
    return this.#add(null, null, node);
  }

  #add(value: unknown, label: string | number | null, node: tag.Node | null): number {
    const { from, labels, values } = this.#places;
    const id = values.length;
    if (id >= tag.NODES_MAX) this.refuse('F12', `is one of more than ${tag.NODES_MAX} objects`, label);
    values.push(value);
    from.push(this.#at);
    labels.push(label);
    this.#nodes.push(node);
    return id;
  }

  #node(value: object | symbol): tag.Node {
    const name = this.names.of(value);
    if (name !== undefined) return this.#named(name);
    if (typeof value === 'symbol') return this.#symbol(value);
    if (typeof value === 'function') return this.#function(value);
    if (value instanceof Frame && value.$meta !== null) return this.#frame(value);
    const record = recordOf(value);
    if (record !== undefined) {
      if (this.#contents === 'data' && !record.isData) this.refuse('F15', `is ${record.noun}, and no data`);
      const why = record.refuses(value);
      if (why !== null) this.refuse('F01', why);
      return [tag.RECORD, record.name, ...record.fields.map((key) => this.cell(Reflect.get(value, key), key))];
    }
    const prototype: unknown = getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#objects.plain(value);
    return this.#registered(value, prototype as object) ?? this.#objects.node(value);
  }

  #named(name: Name): tag.Node {
    switch (name.kind) {
      case 'intrinsic':
        return [tag.INTRINSIC, name.name];
      case 'global':
        return [tag.GLOBAL, this.#module(name.module), name.name];
      case 'prototype':
        return [tag.PROTOTYPE, this.cell(name.of, null)];
      case 'member': {
        const owner = this.cell(name.owner, null);
        return [tag.MEMBER, owner, this.key(name.key), name.which];
      }
    }
  }

  #module(module: { readonly id: string; readonly hash: string }): number {
    const known = this.#ids.get(module);
    if (known !== undefined) return known;
    const id = this.#add(module, null, [tag.MODULE, module.id, module.hash]);
    this.#ids.set(module, id);
    return id;
  }

  /** A key of a property. */
  key(key: string | symbol): Body {
    return typeof key === 'string' ? key : this.cell(key, null);
  }

  #symbol(value: symbol): tag.Node {
    const key = Symbol.keyFor(value);
    if (key === undefined) this.refuse('F08', `is ${String(value)}, which no other process has; use Symbol.for`);
    return [tag.SYMBOL, key];
  }

  #function(value: object): tag.Node {
    const made: ClosureTag | undefined = closureOf(value);
    const { name } = value as { readonly name: unknown };
    const called = typeof name === 'string' && name !== '' ? `function ${name}` : 'a function without a name';
    if (made === undefined || this.names.modules.get(made.code.module.hash) !== made.code.module) {
      this.refuse('F02', `is ${called} that no module of the program has made; keep it in a module's top level`);
    }
    for (const key of Reflect.ownKeys(value)) {
      if (!FUNCTION_KEYS.has(key)) this.refuse('F11', `is ${called} with properties of its own`, String(key));
    }
    const { code, environment } = made;
    return [
      tag.CLOSURE,
      this.#module(code.module),
      code.number,
      ...environment.map((each) => this.cell(each, `captured by ${code.name}`)),
    ];
  }

  #frame(frame: Frame): tag.Node {
    const meta = frame.$meta;
    if (this.#contents === 'data') this.refuse('F15', 'is a call of a function, and no data');
    if (meta === null || this.names.modules.get(meta.module.hash) !== meta.module) {
      this.refuse('F02', 'is a call of a function that is not in a module of the program');
    }
    const live = frame.$n < 0 ? [] : (meta.live[frame.$n] ?? []);
    const node: tag.Node = [tag.FRAME, this.#module(meta.module), meta.number, frame.$n];
    for (const slot of live) {
      const key = meta.slots[slot] as string;
      node.push(this.cell(Reflect.get(frame, key), key));
    }
    return node;
  }

  /** An instance of a class that says itself what it is. */
  #registered(value: object, prototype: object): tag.Node | null {
    const found: unknown = getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    if (typeof found !== 'function' || prototypeOfClass(found) !== prototype) return null;
    const registration = registrationOf(found);
    if (registration === undefined) return null;
    const { name, codec } = registration;
    if (this.names.classOf(prototype) !== found) {
      this.refuse('F06', `is a ${name}, and no module of the program imports that class by name`);
    }
    this.#hasRegistered = true;
    let data: unknown;
    try {
      data = codec.encode(value);
    } catch (thrown) {
      this.refuse('F13', `is a ${name}, whose encode threw: ${thrown instanceof Error ? thrown.message : 'something'}`);
    }
    return [tag.REGISTERED, this.cell(found, null), this.cell(data, name)];
  }
}
