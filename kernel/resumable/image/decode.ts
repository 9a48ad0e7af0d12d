/**
 * Puts a graph together from a table that has been checked. Everything that is filled was made here; what goes by name
 * is only referred to. Properties are defined, never assigned through a prototype.
 */
import { type Bytes, viewOfBytes } from '../../../ports/bytes.ts';
import { viewClasses } from '../../../ports/wire/tags.ts';
import type { Frame } from '../frame.ts';
import { readTable, type Table } from './check.ts';
import { ImageError, type ThawCode } from './error.ts';
import { memberOf, Names, prototypeOfClass } from './names.ts';
import { orderOf } from './order.ts';
import { recordNamed } from './records.ts';
import { registrationOf } from './registered.ts';
import * as tag from './tags.ts';

/** The roots of a graph. Throws an ImageError if `data` is no table, or is one of other code. */
export const decodeGraph = (data: unknown, names: Names): unknown[] => {
  const table = readTable(data, names.modules);
  const order = orderOf(table.nodes);
  if (order === null) throw new ImageError('V03', 'table', 'a function or instance is part of what it is made of');
  return new Building(table, names).build(order);
};

/** A shape as it is used. */
interface Form {
  /** Undefined for the usual one. */
  readonly prototype: object | null | undefined;
  readonly canGrow: boolean;
  readonly keys: readonly (string | symbol)[];
  readonly attributes: readonly number[];
  /** A new object needs nothing but to be assigned to. */
  readonly isPlain: boolean;
}

class Building {
  readonly #table: Table;
  readonly #names: Names;
  readonly #made: unknown[];
  readonly #forms: Map<number, Form> = new Map();
  #at = -1;

  constructor(table: Table, names: Names) {
    this.#table = table;
    this.#names = names;
    this.#made = new Array<unknown>(table.nodes.length);
  }

  build(order: readonly number[]): unknown[] {
    const { nodes, roots } = this.#table;
    this.#each((node) => this.#name(node));
    this.#each((node) => this.#dependentName(node));
    this.#each((node) => this.#memberName(node));
    this.#each((node) => this.#form(node));
    this.#each((node) => this.#shell(node));
    this.#each((node) => this.#view(node));
    for (const at of order) {
      this.#at = at;
      this.#complete(nodes[at] as tag.Node);
    }
    const records = nodes.flatMap((node, at) => (node[0] === tag.RECORD ? [at] : []));
    for (const at of records) {
      this.#at = at;
      const value = this.#made[at] as object;
      if (recordNamed((nodes[at] as tag.Node)[1] as string)?.isSound(value) !== true)
        this.#fail('does not fit together');
    }
    return roots.map((root) => this.#value(root));
  }

  #each(visit: (node: tag.Node) => void): void {
    const { nodes } = this.#table;
    for (let at = 0; at < nodes.length; at += 1) {
      this.#at = at;
      visit(nodes[at] as tag.Node);
    }
  }

  #fail(why: string, code: ThawCode = 'V03'): never {
    throw new ImageError(code, `node ${this.#at}`, why);
  }

  #value(cell: tag.Cell): unknown {
    return Array.isArray(cell) ? this.#made[cell[0] as number] : cell;
  }

  #name(node: tag.Node): void {
    switch (node[0]) {
      case tag.SYMBOL:
        this.#made[this.#at] = Symbol.for(node[1] as string);
        return;
      case tag.INTRINSIC: {
        const value = Names.intrinsic(node[1] as string);
        if (value === undefined) this.#fail('a name that is not on the list of what is everywhere');
        this.#made[this.#at] = value;
        return;
      }
      case tag.GLOBAL:
        this.#made[this.#at] = this.#global(node);
    }
  }

  #global(node: tag.Node): object {
    const module = this.#table.modules.get(node[1] as number);
    const name = node[2] as string;
    let value: unknown;
    try {
      value = module?.global(name);
    } catch {
      this.#fail(`${name} of ${module?.file} is not initialised yet`, 'V01');
    }
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') {
      this.#fail(`${module?.file} has no object named ${name.slice(0, 64)}`, 'V01');
    }
    return value;
  }

  #dependentName(node: tag.Node): void {
    if (node[0] !== tag.PROTOTYPE) return;
    this.#made[this.#at] = this.#prototype(node[1] as tag.Cell);
  }

  /** The prototype of a class whose instances go by value. */
  #prototype(cell: tag.Cell): object {
    const found = this.#value(cell);
    const prototype = prototypeOfClass(found);
    if (prototype === null || this.#names.classOf(prototype) !== found) return this.#fail('a class that is none');
    return prototype;
  }

  #memberName(node: tag.Node): void {
    if (node[0] !== tag.MEMBER) return;
    const owner = this.#value(node[1] as tag.Cell);
    const key = this.#value(node[2] as tag.Cell);
    if (typeof key !== 'string' && typeof key !== 'symbol') return this.#fail('a member without key');
    const prototype = typeof owner === 'function' ? prototypeOfClass(owner) : (owner as object);
    if (prototype === null || this.#names.classOf(prototype) === undefined) return this.#fail('a member of no class');
    const value = memberOf(owner as object, key, node[3] as number);
    if (value === undefined) this.#fail('a member that its class does not have', 'V01');
    this.#made[this.#at] = value;
  }

  #form(node: tag.Node): void {
    if (node[0] !== tag.SHAPE) return;
    const keys: (string | symbol)[] = [];
    const attributes: number[] = [];
    for (let i = 3; i < node.length; i += 2) {
      const key = this.#value(node[i] as tag.Cell);
      if (typeof key !== 'string' && typeof key !== 'symbol') return this.#fail('a key that is none');
      keys.push(key);
      attributes.push(node[i + 1] as number);
    }
    const prototype = node[1] === 0 ? undefined : node[1] === 1 ? null : this.#prototype(node[1] as tag.Cell);
    const canGrow = node[2] === 1;
    const isUsual = prototype === undefined && attributes.every((each) => each === tag.PLAIN);
    const isPlain = isUsual && !keys.includes('__proto__');
    this.#forms.set(this.#at, { prototype, canGrow, keys, attributes, isPlain });
  }

  #formOf(node: tag.Node): Form {
    return this.#forms.get(node[1] as number) as Form;
  }

  #shell(node: tag.Node): void {
    const made = this.#newShell(node);
    if (made === undefined) return;
    this.#made[this.#at] = made;
    this.#adopt(made, node);
  }

  /** Gives an object the prototype of its shape. */
  #adopt(made: object, node: tag.Node): void {
    if (!(tag.OBJECT <= (node[0] as number) && (node[0] as number) <= tag.VIEW) || node[0] === tag.ARRAY) return;
    const { prototype } = this.#formOf(node);
    if (prototype !== undefined) Object.setPrototypeOf(made, prototype);
  }

  #newShell(node: tag.Node): object | undefined {
    switch (node[0]) {
      case tag.OBJECT:
        return {};
      case tag.ARRAY:
      case tag.ARRAY_WITH:
      case tag.SPARSE:
        return [];
      case tag.MAP:
        return new Map();
      case tag.SET:
        return new Set();
      case tag.DATE:
        return new Date(node[2] as number);
      case tag.EXPRESSION:
        return this.#expression(node[2] as string, node[3] as string);
      case tag.ERROR:
        return newError(node[2] as number);
      case tag.BUFFER:
        return new Uint8Array(viewOfBytes(node[2] as Bytes)).buffer;
      case tag.BYTES:
        return node[1] as Bytes;
      case tag.FRAME:
        return this.#frame(node);
      case tag.RECORD:
        return recordNamed(node[1] as string)?.make();
      default:
        return undefined;
    }
  }

  #expression(source: string, flags: string): RegExp {
    try {
      return new RegExp(source, flags);
    } catch {
      return this.#fail('not a regular expression');
    }
  }

  #frame(node: tag.Node): Frame {
    const code = this.#table.modules.get(node[1] as number)?.frameCode(node[2] as number);
    if (code === undefined) return this.#fail('a call without code');
    const frame = new code.make();
    frame.$n = node[3] as number;
    return frame;
  }

  #view(node: tag.Node): void {
    if (node[0] !== tag.VIEW) return;
    const viewClass = viewClasses[node[2] as number] as Uint8ArrayConstructor;
    const buffer = this.#value(node[3] as tag.Cell) as ArrayBuffer;
    const made = new viewClass(buffer, node[4] as number, node[5] as number);
    this.#made[this.#at] = made;
    this.#adopt(made, node);
  }

  /** Makes what could not be made empty, and fills what could. */
  #complete(node: tag.Node): void {
    const made = this.#made[this.#at] as object;
    switch (node[0]) {
      case tag.CLOSURE:
        this.#made[this.#at] = this.#closure(node);
        return;
      case tag.REGISTERED:
        this.#made[this.#at] = this.#registered(node);
        return;
      case tag.OBJECT:
        return this.#define(made, node, 2);
      case tag.ARRAY:
        return this.#fillElements(made as unknown[], node, 1, node.length);
      case tag.ARRAY_WITH:
        return this.#arrayWith(made as unknown[], node);
      case tag.SPARSE:
        return this.#sparse(made as unknown[], node);
      case tag.MAP:
        return this.#map(made as Map<unknown, unknown>, node);
      case tag.SET:
        return this.#set(made as Set<unknown>, node);
      case tag.DATE:
      case tag.ERROR:
      case tag.BUFFER:
        return this.#define(made, node, 3);
      case tag.EXPRESSION:
        return this.#define(made, node, 4);
      case tag.VIEW:
        return this.#define(made, node, 6);
      case tag.FRAME:
        return this.#slots(made as Frame, node);
      case tag.RECORD:
        recordNamed(node[1] as string)?.fields.forEach((key, i) => this.#put(made, key, node[i + 2] as tag.Cell));
    }
  }

  #closure(node: tag.Node): object {
    const code = this.#table.modules.get(node[1] as number)?.closureCode(node[2] as number);
    const environment = node.slice(3).map((cell) => this.#value(cell));
    return code === undefined ? this.#fail('a function without code') : code.make(...(environment as never[]));
  }

  #registered(node: tag.Node): object {
    const found = this.#value(node[1] as tag.Cell) as object;
    const registration = registrationOf(found);
    if (registration === undefined) return this.#fail('an instance of a class that nobody has registered', 'V05');
    let instance: unknown;
    try {
      instance = registration.codec.decode(this.#value(node[2] as tag.Cell));
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : 'something';
      this.#fail(`decode of ${registration.name} threw: ${why}`, 'V05');
    }
    if (typeof instance !== 'object' || instance === null) {
      return this.#fail(`decode of ${registration.name} made none`, 'V05');
    }
    return instance;
  }

  /** Fields of the runtime's own objects: each is an own property already. */
  #put(made: object, key: string, cell: tag.Cell): void {
    if (!Object.hasOwn(made, key)) this.#fail('a field that is none');
    (made as Record<string, unknown>)[key] = this.#value(cell);
  }

  #slots(frame: Frame, node: tag.Node): void {
    const meta = frame.$meta;
    if (meta === null || frame.$n < 0) return;
    (meta.live[frame.$n] ?? []).forEach((slot, i) =>
      this.#put(frame, meta.slots[slot] as string, node[i + 4] as tag.Cell),
    );
  }

  #fillElements(list: unknown[], node: tag.Node, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const cell = node[i] as tag.Cell;
      if (Array.isArray(cell) && cell.length === 0) list.length += 1;
      else list.push(this.#value(cell));
    }
  }

  #arrayWith(list: unknown[], node: tag.Node): void {
    const end = 4 + (node[3] as number);
    this.#fillElements(list, node, 4, end);
    this.#define(list, node, end, false);
    tag.LEVELS[node[2] as number]?.(list);
  }

  #sparse(list: unknown[], node: tag.Node): void {
    const length = node[2] as number;
    list.length = length;
    this.#define(list, node, 4, false);
    if (list.length !== length) this.#fail('an element beyond the end of its array');
    if (node[3] === false) Object.defineProperty(list, 'length', { writable: false });
    if (!this.#formOf(node).canGrow) Object.preventExtensions(list);
  }

  #map(map: Map<unknown, unknown>, node: tag.Node): void {
    const count = node[2] as number;
    const end = 3 + 2 * count;
    for (let i = 3; i < end; i += 2) {
      Map.prototype.set.call(map, this.#value(node[i] as tag.Cell), this.#value(node[i + 1] as tag.Cell));
    }
    if (map.size !== count) this.#fail('a key twice');
    this.#define(map, node, end);
  }

  #set(set: Set<unknown>, node: tag.Node): void {
    const count = node[2] as number;
    const end = 3 + count;
    for (let i = 3; i < end; i += 1) Set.prototype.add.call(set, this.#value(node[i] as tag.Cell));
    if (set.size !== count) this.#fail('a member twice');
    this.#define(set, node, end);
  }

  /** Defines the properties of an object's shape, whose values begin at `from`. */
  #define(made: object, node: tag.Node, from: number, mayEnd = true): void {
    const form = this.#formOf(node);
    const { keys, attributes } = form;
    if (form.isPlain && node[0] === tag.OBJECT) {
      const record = made as Record<string | symbol, unknown>;
      for (let i = 0; i < keys.length; i += 1) {
        record[keys[i] as string] = this.#value(node[from + i] as tag.Cell);
      }
    } else {
      let at = from;
      for (let i = 0; i < keys.length; i += 1) {
        const bits = attributes[i] as number;
        this.#property(made, keys[i] as string | symbol, bits, node, at);
        at += bits >= tag.ACCESSOR ? 2 : 1;
      }
    }
    if (mayEnd && !form.canGrow) Object.preventExtensions(made);
  }

  #property(made: object, key: string | symbol, bits: number, node: tag.Node, at: number): void {
    const flags = { enumerable: (bits & tag.ENUMERABLE) !== 0, configurable: (bits & tag.CONFIGURABLE) !== 0 };
    const first = this.#value(node[at] as tag.Cell);
    if (bits < tag.ACCESSOR) {
      const property = { ...flags, value: first, writable: (bits & tag.WRITABLE) !== 0 };
      if (!Reflect.defineProperty(made, key, property)) this.#fail('a property that its object cannot have');
      return;
    }
    const second = this.#value(node[at + 1] as tag.Cell);
    if (!isAccessor(first) || !isAccessor(second)) return this.#fail('an accessor that is no function');
    const property = { ...flags, get: first, set: second };
    if (!Reflect.defineProperty(made, key, property as PropertyDescriptor))
      this.#fail('a property that its object cannot have');
  }
}

const isAccessor = (value: unknown): value is (() => unknown) | undefined =>
  value === undefined || typeof value === 'function';

/** An error of a class, as the engine makes it, with nothing of its own. */
const newError = (number: number): Error => {
  const errorClass = tag.ERROR_CLASSES[number] as ErrorConstructor;
  const error = (number === tag.ERROR_CLASSES.length - 1 ? new AggregateError([]) : new errorClass()) as Error;
  for (const key of Reflect.ownKeys(error)) Reflect.deleteProperty(error, key);
  return error;
};
