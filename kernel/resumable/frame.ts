/**
 * Frames: what a call of a resumable function is between two of its steps. The compiler writes one class for each
 * function; a frame holds the state it goes on at and the locals that are live there, and nothing else.
 */

/** How a step goes on: with a value, by throwing it, by returning it; a generator's caller is told of a `yield`. */
export const MODE_NEXT = 0;
export const MODE_THROW = 1;
export const MODE_RETURN = 2;
export const MODE_YIELDED = 3;
export const MODE_DELEGATED = 4;
export type Mode = 0 | 1 | 2 | 3 | 4;

/** `$n` of a frame that is over. */
export const ENDED = -1;

/** Kinds of resumable functions. */
export type FrameKind = 'async' | 'generator' | 'async-generator';

/** What the compiler says about a function, beside its class. */
export interface FrameMeta {
  readonly name: string;
  readonly kind: FrameKind;
  readonly line: number;
  readonly column: number;
  readonly slots: readonly string[];
  /** Indexes of the slots that are live at each state. */
  readonly live: readonly (readonly number[])[];
  /** Line and column (from 1) of the await at which the state is gone on from. */
  readonly places: readonly (readonly [number, number])[];
  /** Source names of slots that have another one. */
  readonly names?: Readonly<Record<string, string>>;
}

/** Who a module is: see `module.ts`. */
export interface ModuleName {
  readonly id: string;
  /** SHA-256 of the canonical source and of the modules it uses, in hex. */
  readonly hash: string;
  readonly file: string;
}

/** A function of a module, as its frames know it. */
export interface FrameCode extends FrameMeta {
  readonly module: ModuleName;
  /** Its number in the module. */
  readonly number: number;
  readonly make: new () => Frame;
}

/** Whatever a step may return that is more than a plain value. */
export abstract class Awaitable {}

/** One call of a resumable function. Subclasses are the compiler's, and a few of the runtime's own (`generator.ts`). */
export abstract class Frame extends Awaitable {
  /** The code, on the prototype; null on frames of the runtime itself. */
  declare readonly $meta: FrameCode | null;
  /** The state to go on at: 0 before the first step, `ENDED` after the last. */
  $n = 0;

  /** Runs to the next suspension, and returns what is awaited; or to the end, and returns the result. */
  abstract $step($mode: Mode, $value: unknown): unknown;
}

Object.defineProperty(Frame.prototype, '$meta', { value: null, writable: true });

/** A step's word to the driver: put this frame on top, and go on with it like this. */
export class Enter extends Awaitable {
  readonly frame: Frame;
  readonly mode: Mode;
  readonly value: unknown;

  constructor(frame: Frame, mode: Mode, value: unknown) {
    super();
    this.frame = frame;
    this.mode = mode;
    this.value = value;
  }
}

/** What the step of an async generator returns at a `yield`. */
export class Yielded extends Awaitable {
  readonly value: unknown;

  constructor(value: unknown) {
    super();
    this.value = value;
  }
}

/** What the step of a generator returns at a `yield*`. */
export class Delegate extends Awaitable {
  readonly target: unknown;

  constructor(target: unknown) {
    super();
    this.target = target;
  }
}
