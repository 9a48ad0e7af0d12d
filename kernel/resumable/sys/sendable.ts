/** What a message may say, to the types. The kernel checks again at run time, with the path to the culprit. */
import type { Bytes } from '../../../ports/bytes.ts';
import type { Promised } from './promised.ts';
import type { AnyName } from './rights.ts';

declare const refused: unique symbol;

/** Stands where something is that no message can say. */
export interface NotSendable<Why extends string> {
  readonly [refused]: Why;
}

type Leaf = null | undefined | boolean | number | bigint | string;
type Whole = Bytes | Date | RegExp | Error | ArrayBuffer | ArrayBufferView;
type Callable = ((...args: never) => unknown) | (abstract new (...args: never) => unknown);
type Unsendable = WeakMap<never, never> | WeakSet<never> | WeakRef<never> | Promised<unknown> | SharedArrayBuffer;

/**
 * `T` if a message may say it. Where it may not there is a `NotSendable` in its place: functions (and so instances of
 * classes with methods), symbols, promises, weak things, and rights, which travel in `rights`. Nothing is known of
 * `unknown`: it is let through, and the kernel decides.
 */
export type Sendable<T> = unknown extends T
  ? T
  : T extends AnyName
    ? NotSendable<'a right is a name of one task: pass it in `rights`'>
    : T extends Leaf | Whole
      ? T
      : T extends Callable
        ? NotSendable<'a function stays in its program: send data that says what to do'>
        : T extends symbol
          ? NotSendable<'a symbol means something in one program only: send a string'>
          : T extends Unsendable
            ? NotSendable<'this is bound to its process: await it, or send what is in it'>
            : T extends ReadonlyMap<infer K, infer V>
              ? ReadonlyMap<Sendable<K>, Sendable<V>>
              : T extends ReadonlySet<infer V>
                ? ReadonlySet<Sendable<V>>
                : { readonly [K in keyof T]: Sendable<T[K]> };

/** True if all of `T` may be sent. */
export type IsSendable<T> = [T] extends [Sendable<T>] ? true : false;
