/**
 * Reads a table that came from elsewhere: every node is looked at before anything is built. Afterwards every number
 * means something, every count is that of what follows, and every state and slot is one of the code that is here.
 */
import { Bytes } from '../../../ports/bytes.ts';
import { viewClasses } from '../../../ports/wire/tags.ts';
import type { Module } from '../module.ts';
import { ImageError, type ThawCode } from './error.ts';
import { recordNamed } from './records.ts';
import * as tag from './tags.ts';

/** A table in which everything fits together. */
export interface Table {
  readonly roots: readonly tag.Cell[];
  readonly nodes: readonly tag.Node[];
  /** The modules of MODULE nodes. */
  readonly modules: ReadonlyMap<number, Module>;
}

const isCount = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;

const isText = (value: unknown): value is string => typeof value === 'string';

/** The table that data stands for. Throws an ImageError if it stands for none, or needs code that is not here. */
export const readTable = (data: unknown, modules: ReadonlyMap<string, Module>): Table => {
  const table: readonly unknown[] = Array.isArray(data) ? data : [];
  const [version, roots, nodes] = table;
  if (version !== tag.IMAGE_VERSION) {
    throw new ImageError(
      'V02',
      'table',
      `format ${typeof version === 'number' ? version : 'unknown'} is not read here`,
    );
  }
  if (table.length !== 3 || !Array.isArray(roots) || !Array.isArray(nodes)) {
    throw new ImageError('V03', 'table', 'is not [version, roots, nodes]');
  }
  if (nodes.length > tag.NODES_MAX) throw new ImageError('V04', 'table', `has more than ${tag.NODES_MAX} nodes`);
  return new Checking(nodes, modules).table(roots);
};

const NOTHING: readonly unknown[] = [];

class Checking {
  readonly #nodes: readonly (readonly unknown[])[];
  readonly #known: ReadonlyMap<string, Module>;
  readonly #modules: Map<number, Module> = new Map();
  /** Values that each shape has: by the shape's number. */
  readonly #slots: Map<number, number> = new Map();
  #at = -1;

  constructor(nodes: readonly unknown[], known: ReadonlyMap<string, Module>) {
    this.#nodes = nodes.map((node) => (Array.isArray(node) ? node : NOTHING));
    this.#known = known;
  }

  table(roots: readonly unknown[]): Table {
    for (const root of roots) this.#cell(root);
    // Modules and shapes are referred to by nodes before them.
    this.#each(tag.MODULE, (node) => this.#module(node));
    this.#each(tag.SHAPE, (node) => this.#shape(node));
    this.#nodes.forEach((node, at) => {
      this.#at = at;
      this.#node(node);
    });
    return { roots: roots as tag.Cell[], nodes: this.#nodes as tag.Node[], modules: this.#modules };
  }

  #each(kind: number, check: (node: readonly unknown[]) => void): void {
    this.#nodes.forEach((node, at) => {
      this.#at = at;
      if (node[0] === kind) check(node);
    });
  }

  #fail(why: string, code: ThawCode = 'V03'): never {
    throw new ImageError(code, this.#at < 0 ? 'roots' : `node ${this.#at}`, why);
  }

  #need(holds: boolean, why: string): void {
    if (!holds) this.#fail(why);
  }

  #tagOf(at: unknown): unknown {
    return isCount(at, this.#nodes.length - 1) ? this.#nodes[at]?.[0] : undefined;
  }

  #cell(cell: unknown): void {
    switch (typeof cell) {
      case 'function':
      case 'symbol':
        return this.#fail(`a ${typeof cell} is no value`);
      case 'object': {
        if (cell === null) return;
        if (!Array.isArray(cell) || cell.length !== 1) return this.#fail('is neither a value nor a reference');
        const kind = this.#tagOf(cell[0]);
        if (kind === undefined || kind === tag.SHAPE || kind === tag.MODULE) this.#fail('refers to no value');
      }
    }
  }

  #cells(node: readonly unknown[], from: number, to: number = node.length): void {
    for (let i = from; i < to; i += 1) this.#cell(node[i]);
  }

  /** Elements of an array: values, or holes. */
  #elements(node: readonly unknown[], from: number, to: number = node.length): void {
    for (let i = from; i < to; i += 1) {
      const cell = node[i];
      if (!Array.isArray(cell) || cell.length > 0) this.#cell(cell);
    }
  }

  /** A reference to a node of one of some kinds. */
  #isA(cell: unknown, ...kinds: readonly number[]): boolean {
    return Array.isArray(cell) && cell.length === 1 && kinds.includes(this.#tagOf(cell[0]) as number);
  }

  #module(node: readonly unknown[]): void {
    const [, id, hash] = node;
    if (node.length !== 3 || !isText(id) || !isText(hash)) return this.#fail('a module without id and hash');
    const module = this.#known.get(hash);
    if (module === undefined || module.id !== id) {
      this.#fail(`module ${id} is not here in the version ${hash.slice(0, 12)}`, 'V01');
    }
    this.#modules.set(this.#at, module);
  }

  #shape(node: readonly unknown[]): void {
    const [, prototype, canGrow] = node;
    const isPrototype = prototype === 0 || prototype === 1 || this.#isA(prototype, tag.GLOBAL, tag.INTRINSIC);
    this.#need(node.length % 2 === 1 && isPrototype && isCount(canGrow, 1), 'a shape without its head');
    const keys = new Set<unknown>();
    for (let i = 3; i < node.length; i += 2) {
      const key = node[i];
      const attributes = node[i + 1];
      const isKey = isText(key) || this.#isA(key, tag.SYMBOL, tag.INTRINSIC);
      this.#need(isKey && isCount(attributes, 15), 'a property without key and attributes');
      this.#need((attributes as number) < tag.ACCESSOR || ((attributes as number) & 1) === 0, 'a writable accessor');
      keys.add(isText(key) ? key : (key as readonly unknown[])[0]);
    }
    const count = (node.length - 3) / 2;
    this.#need(keys.size === count, 'a key twice');
    let slots = count;
    for (let i = 4; i < node.length; i += 2) if ((node[i] as number) >= tag.ACCESSOR) slots += 1;
    this.#slots.set(this.#at, slots);
  }

  /** Properties from `from` to the end, as many as the shape has. */
  #properties(node: readonly unknown[], from: number): void {
    const slots = this.#slots.get(node[1] as number);
    this.#need(slots !== undefined && node.length - from === slots, 'has not the values of its shape');
    this.#cells(node, from);
  }

  /** A count, so many cells, then properties. */
  #counted(node: readonly unknown[], at: number, width: number): number {
    const count = node[at];
    const from = at + 1;
    if (!isCount(count, (node.length - from) / width)) return this.#fail('counts more than there is');
    const to = from + count * width;
    this.#properties(node, to);
    return to;
  }

  #node(node: readonly unknown[]): void {
    switch (node[0]) {
      case tag.SHAPE:
      case tag.MODULE:
        return;
      case tag.OBJECT:
        return this.#properties(node, 2);
      case tag.ARRAY:
        return this.#elements(node, 1);
      case tag.ARRAY_WITH:
        this.#need(isCount(node[2], 3), 'an unknown level');
        return this.#elements(node, 4, this.#counted(node, 3, 1));
      case tag.SPARSE:
        this.#need(isCount(node[2], 0xffffffff) && typeof node[3] === 'boolean', 'an array without length');
        return this.#properties(node, 4);
      case tag.MAP:
        return this.#cells(node, 3, this.#counted(node, 2, 2));
      case tag.SET:
        return this.#cells(node, 3, this.#counted(node, 2, 1));
      case tag.DATE:
        this.#need(typeof node[2] === 'number', 'a date without time');
        return this.#properties(node, 3);
      case tag.EXPRESSION:
        this.#need(isText(node[2]) && isText(node[3]), 'an expression without source and flags');
        return this.#properties(node, 4);
      case tag.ERROR:
        this.#need(isCount(node[2], tag.ERROR_CLASSES.length - 1), 'an unknown class of error');
        return this.#properties(node, 3);
      default:
        return this.#memory(node);
    }
  }

  #memory(node: readonly unknown[]): void {
    switch (node[0]) {
      case tag.BUFFER:
        this.#bytes(node[2]);
        return this.#properties(node, 3);
      case tag.BYTES:
        this.#need(node.length === 2, 'bytes and more');
        return this.#bytes(node[1]);
      case tag.VIEW:
        return this.#view(node);
      default:
        return this.#reference(node);
    }
  }

  #bytes(value: unknown): void {
    this.#need(typeof value === 'object' && value !== null && Bytes.is(value), 'memory without bytes');
  }

  #view(node: readonly unknown[]): void {
    const [, , number, cell, offset, length] = node;
    if (!isCount(number, viewClasses.length - 1)) return this.#fail('an unknown kind of typed array');
    if (!this.#isA(cell, tag.BUFFER)) return this.#fail('a typed array of no buffer');
    const bytes: unknown = this.#nodes[(cell as readonly number[])[0] as number]?.[2];
    const size = typeof bytes === 'object' && bytes !== null && Bytes.is(bytes) ? bytes.length : 0;
    const width = number === 0 ? 1 : (viewClasses[number] as Uint8ArrayConstructor).BYTES_PER_ELEMENT;
    if (!isCount(offset, size) || !isCount(length, size) || offset % width !== 0 || offset + length * width > size) {
      this.#fail('a typed array that is not in its buffer');
    }
    this.#properties(node, 6);
  }

  #reference(node: readonly unknown[]): void {
    switch (node[0]) {
      case tag.SYMBOL:
      case tag.INTRINSIC:
        return this.#need(node.length === 2 && isText(node[1]), 'a name that is no text');
      case tag.GLOBAL:
        return this.#need(
          node.length === 3 && this.#modules.has(node[1] as number) && isText(node[2]),
          'a binding of no module',
        );
      case tag.PROTOTYPE:
        return this.#need(
          node.length === 2 && this.#isA(node[1], tag.GLOBAL, tag.INTRINSIC),
          'a prototype of no class',
        );
      case tag.MEMBER: {
        const isOwner = this.#isA(node[1], tag.GLOBAL, tag.INTRINSIC, tag.PROTOTYPE);
        const isKey = isText(node[2]) || this.#isA(node[2], tag.SYMBOL, tag.INTRINSIC);
        return this.#need(node.length === 4 && isOwner && isKey && isCount(node[3], 2), 'a member of no class');
      }
      case tag.REGISTERED:
        this.#need(node.length === 3 && this.#isA(node[1], tag.GLOBAL, tag.INTRINSIC), 'an instance of no class');
        return this.#cell(node[2]);
      default:
        return this.#code(node);
    }
  }

  #code(node: readonly unknown[]): void {
    switch (node[0]) {
      case tag.CLOSURE: {
        const code = this.#modules.get(node[1] as number)?.closureCode(node[2] as number);
        this.#need(code !== undefined && node.length - 3 === code.arity, 'a function that its module does not have');
        return this.#cells(node, 3);
      }
      case tag.FRAME:
        return this.#frame(node);
      case tag.RECORD: {
        const code = isText(node[1]) ? recordNamed(node[1]) : undefined;
        this.#need(code !== undefined && node.length - 2 === code.fields.length, 'an unknown object of the runtime');
        return this.#cells(node, 2);
      }
      default:
        return this.#fail('an unknown kind of node');
    }
  }

  #frame(node: readonly unknown[]): void {
    const code = this.#modules.get(node[1] as number)?.frameCode(node[2] as number);
    if (code === undefined) return this.#fail('a call of a function that its module does not have');
    const state = node[3];
    if (state !== -1 && !isCount(state, code.live.length - 1)) return this.#fail(`${code.name} has no such state`);
    const live = state === -1 ? NOTHING : (code.live[state as number] ?? NOTHING);
    this.#need(node.length - 4 === live.length, `${code.name} has other locals at that state`);
    this.#cells(node, 4);
  }
}
