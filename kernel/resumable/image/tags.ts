/**
 * The format: a flat table of plain data, `[version, roots, nodes]`. A value is written as itself if it is null,
 * undefined, a boolean, number, bigint or string; as `[n]` if it is node n; as `[]` if it is a hole of an array. A node
 * is a flat list `[tag, …]`. What each holds stands beside its tag; `shape` is the number of a SHAPE node, `…props` the
 * values of the shape's properties, an accessor's two.
 */
import type { Body } from '../../../ports/body.ts';

/** Version of the table. */
export const IMAGE_VERSION = 1;

/** Reference, or hole, or a plain value. */
export type Cell = Body;
/** A node as it is written. */
export type Node = Cell[];

/** Own properties of objects: prototype (0 usual, 1 none, `[class]`), extensible, then key and attributes by turns. */
export const SHAPE = 0;
/** shape, …props */
export const OBJECT = 1;
/** …elements: a usual array */
export const ARRAY = 2;
/** shape, level, count, …elements, …props: an array with more than its elements. Level: see `LEVELS`. */
export const ARRAY_WITH = 3;
/** shape, length, whether that can be written, …props: elements are properties. */
export const SPARSE = 4;
/** shape, count, key and value by turns, …props */
export const MAP = 5;
/** shape, count, …members, …props */
export const SET = 6;
/** shape, milliseconds, …props */
export const DATE = 7;
/** shape, source, flags, …props (`lastIndex` is one) */
export const EXPRESSION = 8;
/** shape, class by number, …props (`message`, `stack`, `cause` are such) */
export const ERROR = 9;
/** shape, bytes, …props */
export const BUFFER = 10;
/** shape, class by number, buffer, offset, length, …props */
export const VIEW = 11;
/** bytes: immutable `Bytes` */
export const BYTES = 12;
/** key of `Symbol.for` */
export const SYMBOL = 13;
/** name of something that is everywhere: of JavaScript, or of the runtime */
export const INTRINSIC = 14;
/** id, hash: a module of the program */
export const MODULE = 15;
/** module, name: a binding of its top level */
export const GLOBAL = 16;
/** class: its `prototype` */
export const PROTOTYPE = 17;
/** owner, key, which (0 value, 1 get, 2 set): a function that is a property of a class or its prototype */
export const MEMBER = 18;
/** module, number, …environment */
export const CLOSURE = 19;
/** module, number, state, …slots that are live there */
export const FRAME = 20;
/** name, …fields: an object of the runtime (`records.ts`) */
export const RECORD = 21;
/** class, what its `encode` answered */
export const REGISTERED = 22;

/** Attributes of a property, added up. Those of a property that was simply assigned are `PLAIN`. */
export const WRITABLE = 1;
export const ENUMERABLE = 2;
export const CONFIGURABLE = 4;
export const ACCESSOR = 8;
export const PLAIN: number = WRITABLE | ENUMERABLE | CONFIGURABLE;

/** What has been done to all of an array: nothing, preventExtensions, seal, freeze. */
export const LEVELS: readonly ((list: object) => unknown)[] = Object.freeze([
  () => undefined,
  Object.preventExtensions,
  Object.seal,
  Object.freeze,
]);

/** Classes of errors, by number. Only ever add at the end. */
export const ERROR_CLASSES: readonly (new (...args: never[]) => Error)[] = Object.freeze([
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
]);

/** Nodes of one image. */
export const NODES_MAX: number = 1 << 20;
/** Values of one image, counted as its bytes are read. */
export const IMAGE_VALUES_MAX: number = 1 << 24;
/** Bytes of one image of any kind. What may move is less (`IMAGE_MAX`). */
export const IMAGE_BYTES_MAX: number = 64 << 20;
