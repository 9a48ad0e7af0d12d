/** The types of a body, and how an Error becomes one. Everything else about bodies is in `body.ts`. */
import type { Bytes } from './bytes.ts';

/** A record: a plain object, or one without prototype. */
export type BodyRecord = { readonly [key: string]: Body };

/**
 * What is cloned because it cannot be frozen. An Error keeps class, name, message, cause, errors and code; not its
 * stack.
 */
export type ClonedBody = Map<Body, Body> | Set<Body> | Date | RegExp | Error | ArrayBuffer | ArrayBufferView;

/** What a message can carry. */
export type Body =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Bytes
  | readonly Body[]
  | BodyRecord
  | ClonedBody;

/** Why a value cannot be a body, and where in it the culprit is: `body.items[3].x`. */
export class BodyRefusal {
  readonly path: string;
  readonly why: string;

  constructor(path: string, why: string) {
    this.path = path;
    this.why = why;
  }
}

/** Values in one body. More could not be within the limit of inline bodies at four bytes each. */
export const BODY_VALUES_MAX: number = 1 << 18;

/** The classes of Error that keep their class; any other becomes the nearest of these and keeps its name. */
export const errorClasses: readonly ErrorConstructor[] = Object.freeze([
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
]);

/** What an Error carries beside class, name and message, if it has it as its own. */
export const errorExtras: readonly ['cause', 'errors', 'code'] = Object.freeze(['cause', 'errors', 'code'] as const);

/** An Error that says what it says; where it was thrown is nobody else's business, so its stack is one line. */
export const makeError = (constructor: ErrorConstructor, name: string, message: string): Error => {
  const error = new constructor(message);
  const hidden = { writable: true, configurable: true, enumerable: false };
  if (error.name !== name) Object.defineProperty(error, 'name', { ...hidden, value: name });
  Object.defineProperty(error, 'stack', { ...hidden, value: message === '' ? name : `${name}: ${message}` });
  return error;
};
