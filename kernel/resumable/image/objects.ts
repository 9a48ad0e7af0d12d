/**
 * Objects as nodes: what the engine gave them by birth, and their own properties. Looks at descriptors only, so no
 * accessor runs.
 */
import type { Body } from '../../../ports/body.ts';
import { Bytes } from '../../../ports/bytes.ts';
import type { FreezeCode } from './error.ts';
import { type Kind, kindOf, usualPrototype, viewNumber } from './kinds.ts';
import type { Names } from './names.ts';
import { type Shape, Shapes } from './shapes.ts';
import * as tag from './tags.ts';

/** The encoding that objects are written for. */
export interface Writing {
  readonly names: Names;
  cell(value: unknown, label: string | number | null): Body;
  key(key: string | symbol): Body;
  addShape(node: tag.Node): number;
  refuse(code: FreezeCode, why: string, part?: string | number | null): never;
}

const { getOwnPropertyDescriptor, getPrototypeOf, isExtensible } = Object;

/** Whether an array's elements are all simply there, and nothing else is. */
const isUsualArray = (list: readonly unknown[]): boolean => {
  if (getPrototypeOf(list) !== Array.prototype || !isExtensible(list)) return false;
  const { length } = list;
  if (length > tag.IMAGE_VALUES_MAX) return false;
  let present = 0;
  for (let i = 0; i < length; i += 1) {
    const property = getOwnPropertyDescriptor(list, i);
    if (property === undefined) continue;
    present += 1;
    if (!('value' in property) || !property.writable || !property.enumerable || !property.configurable) return false;
  }
  // Few elements in a long array: by their numbers.
  return present * 4 >= length && Reflect.ownKeys(list).length === present + 1 && isLengthWritable(list);
};

const isLengthWritable = (list: readonly unknown[]): boolean =>
  getOwnPropertyDescriptor(list, 'length')?.writable === true;

/** Views with at most so many elements are asked for further properties: the engine lists every index with them. */
const VIEW_KEYS_MAX = 4096;

/** Writes the objects of one encoding, and keeps their shapes. */
export class ObjectWriter {
  readonly #to: Writing;
  readonly #shapes: Shapes = new Shapes();

  constructor(to: Writing) {
    this.#to = to;
  }

  /** The node of an object with the usual prototype or none. */
  plain(value: object): tag.Node {
    return this.#with([tag.OBJECT, 0], value, 'object');
  }

  /** The node of an object that has no name and is not of the runtime. */
  node(value: object): tag.Node {
    const kind = kindOf(value);
    switch (kind) {
      case 'object':
        return this.#with([tag.OBJECT, 0], value, kind);
      case 'array':
        return this.#array(value as readonly unknown[]);
      case 'map':
        return this.#map(value as ReadonlyMap<unknown, unknown>);
      case 'set':
        return this.#set(value as ReadonlySet<unknown>);
      case 'date':
        return this.#with([tag.DATE, 0, Date.prototype.getTime.call(value)], value, kind);
      case 'expression': {
        const { source, flags } = value as RegExp;
        return this.#with([tag.EXPRESSION, 0, source, flags], value, kind);
      }
      case 'error':
        return this.#error(value as Error);
      case 'buffer':
        return this.#buffer(value as ArrayBuffer);
      case 'view':
        return this.#view(value as ArrayBufferView);
      case 'bytes':
        return [tag.BYTES, value as Bytes];
      default:
        return this.#refuseKind(kind, value);
    }
  }

  #refuseKind(kind: Kind, value: object): never {
    const maker: unknown = getOwnPropertyDescriptor(getPrototypeOf(value) as object, 'constructor')?.value;
    const name = typeof maker === 'function' && maker.name !== '' ? maker.name.slice(0, 64) : 'a class without a name';
    switch (kind) {
      case 'promise':
        return this.#to.refuse(
          'F03',
          'is a promise of the host; await it before the next kernel call, or do not keep it',
        );
      case 'iterator':
        return this.#to.refuse('F04', 'is an iterator or generator of the engine; loop with for-of, or keep an array');
      case 'weak':
        return this.#to.refuse('F05', `is a ${name}: what is weak cannot move`);
      case 'shared':
        return this.#to.refuse('F10', 'is a SharedArrayBuffer: memory that others see does not move with a thread');
      case 'boxed':
        return this.#to.refuse('F07', `is a ${name} object around a value; keep the value`);
      default:
        return this.#to.refuse(
          'F06',
          `is an instance of ${name}; declare the class at the top level of the program, or register it ` +
            '(registerClass)',
        );
    }
  }

  #array(list: readonly unknown[]): tag.Node {
    if (isUsualArray(list)) {
      const node: tag.Node = [tag.ARRAY];
      for (let i = 0; i < list.length; i += 1) node.push(this.#element(list, i));
      return node;
    }
    const level = Object.isFrozen(list) ? 3 : Object.isSealed(list) ? 2 : isExtensible(list) ? 0 : 1;
    const isDense = Reflect.ownKeys(list).length > list.length;
    if (!isDense || !this.#isUniform(list, level)) {
      return this.#with([tag.SPARSE, 0, list.length, isLengthWritable(list)], list, 'array', ['length']);
    }
    const node: tag.Node = [tag.ARRAY_WITH, 0, level, list.length];
    for (let i = 0; i < list.length; i += 1) node.push(this.#element(list, i));
    return this.#with(node, list, 'array', ['length'], list.length);
  }

  #element(list: readonly unknown[], at: number): Body {
    const value = list[at];
    return value === undefined && !Object.hasOwn(list, at) ? [] : this.#to.cell(value, at);
  }

  /** Every element is as the level of the whole array makes it. */
  #isUniform(list: readonly unknown[], level: number): boolean {
    for (let i = 0; i < list.length; i += 1) {
      const property = getOwnPropertyDescriptor(list, i);
      if (property === undefined || !('value' in property) || !property.enumerable) return false;
      if (property.writable !== level < 3 || property.configurable !== level < 2) return false;
    }
    return isLengthWritable(list) === level < 3;
  }

  #map(map: ReadonlyMap<unknown, unknown>): tag.Node {
    const node: tag.Node = [tag.MAP, 0, 0];
    let count = 0;
    for (const [key, value] of Map.prototype.entries.call(map) as IterableIterator<[unknown, unknown]>) {
      node.push(this.#to.cell(key, `key ${count}`));
      node.push(this.#to.cell(value, typeof key === 'string' || typeof key === 'number' ? key : `value ${count}`));
      count += 1;
    }
    node[2] = count;
    return this.#with(node, map, 'map');
  }

  #set(set: ReadonlySet<unknown>): tag.Node {
    const node: tag.Node = [tag.SET, 0, 0];
    let count = 0;
    for (const value of Set.prototype.values.call(set) as IterableIterator<unknown>) {
      node.push(this.#to.cell(value, `member ${count}`));
      count += 1;
    }
    node[2] = count;
    return this.#with(node, set, 'set');
  }

  #error(error: Error): tag.Node {
    const number = Math.max(
      0,
      tag.ERROR_CLASSES.findLastIndex((each) => error instanceof each),
    );
    return this.#with([tag.ERROR, 0, number], error, 'error', [], 0, tag.ERROR_CLASSES[number]?.prototype);
  }

  #buffer(buffer: ArrayBuffer): tag.Node {
    if ((buffer as { readonly resizable?: boolean }).resizable === true) {
      this.#to.refuse('F10', 'is an ArrayBuffer that can change its size');
    }
    return this.#with([tag.BUFFER, 0, Bytes.from(new Uint8Array(buffer))], buffer, 'buffer');
  }

  #view(view: ArrayBufferView): tag.Node {
    const number = viewNumber(view);
    if (number < 0) this.#to.refuse('F06', 'is a kind of typed array that not every node has');
    const { buffer, byteOffset } = view;
    const length = view instanceof DataView ? view.byteLength : (view as Uint8Array).length;
    const node: tag.Node = [tag.VIEW, 0, number, this.#to.cell(buffer, 'buffer'), byteOffset, length];
    const skipped = number === 0 ? 0 : length;
    if (skipped <= VIEW_KEYS_MAX) return this.#with(node, view, 'view', [], skipped);
    node[1] = this.#shapeNode(this.#shapeOf(view, usualPrototype('view', view)));
    return node;
  }

  /** Appends own properties to a node: all but those in `except` and the first `skipped` indexes. */
  #with(
    node: tag.Node,
    value: object,
    kind: Kind,
    except: readonly string[] = [],
    skipped = 0,
    usual: object = usualPrototype(kind, value),
  ): tag.Node {
    let shape = this.#shapeOf(value, usual);
    const keys = Reflect.ownKeys(value);
    for (let i = skipped; i < keys.length; i += 1) {
      const key = keys[i] as string | symbol;
      if (except.length > 0 && except.includes(key as string)) continue;
      const property = getOwnPropertyDescriptor(value, key);
      if (property === undefined) this.#to.refuse('F14', 'changes while it is looked at', String(key));
      shape = this.#property(node, shape, key, property, kind === 'error' ? value : null);
    }
    node[1] = this.#shapeNode(shape);
    return node;
  }

  #property(
    node: tag.Node,
    shape: Shape,
    key: string | symbol,
    property: PropertyDescriptor,
    error: object | null,
  ): Shape {
    const label = typeof key === 'string' ? key : String(key);
    const attributes = (property.enumerable ? tag.ENUMERABLE : 0) | (property.configurable ? tag.CONFIGURABLE : 0);
    if ('value' in property) {
      node.push(this.#to.cell(property.value, label));
      return shape.next(key, property.writable ? attributes | tag.WRITABLE : attributes);
    }
    if (error !== null && key === 'stack') {
      // Some engines have an accessor of their own here.
      const { stack } = error as Error;
      node.push(typeof stack === 'string' ? stack : undefined);
      return shape.next(key, attributes | tag.WRITABLE);
    }
    node.push(this.#to.cell(property.get, `get ${label}`), this.#to.cell(property.set, `set ${label}`));
    return shape.next(key, attributes | tag.ACCESSOR);
  }

  /** Where the shape of an object begins: its prototype, and whether more can be added to it. */
  #shapeOf(value: object, usual: object): Shape {
    const prototype: object | null = getPrototypeOf(value) as object | null;
    if (prototype !== null && prototype !== usual && this.#to.names.classOf(prototype) === undefined) {
      this.#refusePrototype(prototype);
    }
    return this.#shapes.from({ prototype: prototype === usual ? 0 : prototype, canGrow: isExtensible(value) });
  }

  #refusePrototype(prototype: object): never {
    const maker: unknown = getOwnPropertyDescriptor(prototype, 'constructor')?.value;
    const isClass = typeof maker === 'function' && (maker as { readonly prototype: unknown }).prototype === prototype;
    if (!isClass) this.#to.refuse('F06', 'has an object for a prototype that is no class of the program');
    const name = maker.name === '' ? 'a class without a name' : maker.name.slice(0, 64);
    this.#to.refuse(
      'F06',
      `is an instance of ${name}; declare the class at the top level of the program, or register it ` +
        '(registerClass)',
    );
  }

  #shapeNode(shape: Shape): number {
    if (shape.node >= 0) return shape.node;
    const { prototype, canGrow } = shape.root;
    const made: Body =
      prototype === 0 ? 0 : prototype === null ? 1 : this.#to.cell(this.#to.names.classOf(prototype), null);
    const node: tag.Node = [tag.SHAPE, made, canGrow ? 1 : 0];
    for (const { key, attributes } of shape.properties()) node.push(this.#to.key(key), attributes);
    shape.node = this.#to.addShape(node);
    return shape.node;
  }
}
