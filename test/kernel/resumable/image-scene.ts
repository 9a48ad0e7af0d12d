/** A program module written by hand, with everything that an image refers to by name or number. */
import { Frame } from '../../../kernel/resumable/frame.ts';
import { ImageRefusal } from '../../../kernel/resumable/image/error.ts';
import { freeze, type Heap, thaw } from '../../../kernel/resumable/image/heap.ts';
import { Names } from '../../../kernel/resumable/image/names.ts';
import { registerClass } from '../../../kernel/resumable/image/registered.ts';
import { type Module, module } from '../../../kernel/resumable/module.ts';

/** A class of the program: by value. */
export class Point {
  x: number;
  y: number;

  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }

  static origin(): Point {
    return new Point(0, 0);
  }

  get length(): number {
    return Math.hypot(this.x, this.y);
  }

  sum(): number {
    return this.x + this.y;
  }
}

export class Problem extends RangeError {
  override readonly name = 'Problem';
  readonly detail: unknown;

  constructor(message: string, detail: unknown) {
    super(message);
    this.detail = detail;
  }
}

export class Registry extends Map<string, unknown> {
  label = 'registry';
}

/** A class that keeps something private, and says what it is. */
export class Secret {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  reveal(): unknown {
    return this.#value;
  }
}
registerClass('Secret', Secret, {
  encode: (secret) => ({ value: secret.reveal() }),
  decode: ({ value }) => new Secret(value),
});

export const TABLE: Readonly<{ one: number }> = Object.freeze({ one: 1 });

/** What a closure of the program is made of. */
export interface Scope {
  count: number;
  next?: () => number;
}

const made: Module = module({ abi: 1, id: 'hand.program.ts', hash: 'a1'.repeat(32), file: 'hand.program.ts' });

/** `() => (scope.count += 1)` */
export const counter = made.closure(
  1,
  ((scope: Scope) => () => {
    scope.count += 1;
    return scope.count;
  }) as (...environment: never[]) => () => number,
  { name: 'next', line: 5, column: 3 },
) as unknown as (scope: Scope) => () => number;

/** `() => [this, other]` */
export const pair = made.closure(
  2,
  ((self: unknown, other: unknown) => () => [self, other]) as (...environment: never[]) => () => unknown,
  { name: 'pair', line: 7, column: 3 },
) as unknown as (self: unknown, other: unknown) => () => unknown[];

/** The frame of `async function serve(list) { const $s1 = …; await …; }` at its second state. */
export class ServeFrame extends Frame {
  list: unknown = undefined;
  $s1: unknown = undefined;
  late: unknown = undefined;

  override $step(): unknown {
    this.$n = -1;
    return [this.list, this.$s1];
  }
}
made.frame(1, ServeFrame, {
  name: 'serve',
  kind: 'async',
  line: 10,
  column: 1,
  slots: ['list', '$s1', 'late'],
  live: [[0], [0, 1]],
  places: [
    [10, 1],
    [12, 3],
  ],
});
made.globals({
  Point: () => Point,
  Problem: () => Problem,
  Registry: () => Registry,
  Secret: () => Secret,
  TABLE: () => TABLE,
  later: () => {
    throw new ReferenceError('not yet');
  },
});

export const names: Names = new Names(new Map([[made.hash, made]]));

/** A frame of `serve` that waits at line 12. */
export const serving = (list: unknown, scope: unknown = undefined): ServeFrame => {
  const frame = new ServeFrame();
  frame.$n = 1;
  frame.list = list;
  frame.$s1 = scope;
  return frame;
};

/** The bytes of a graph. A refusal is a failure. */
export const frozen = (value: unknown): Heap => {
  const heap = freeze([value], names, 'state');
  if (heap instanceof ImageRefusal) throw new Error(heap.toString());
  return heap;
};

/** The value after a freeze and a thaw. */
export const moved = <T>(value: T): T => thaw(frozen(value).bytes, names)[0] as T;

/** Why a value cannot be frozen. */
export const refusal = (value: unknown): string => {
  const heap = freeze([value], names, 'state');
  return heap instanceof ImageRefusal ? heap.toString() : 'frozen';
};
