/** Modules as the compiler would emit them, for tests of the runtime alone. */
import { Frame, type FrameKind, MODE_THROW, type Mode } from '../../../kernel/resumable/frame.ts';
import { type Module, module } from '../../../kernel/resumable/module.ts';

/** What a hand-written step works on: the locals of its frame. */
export type Locals = Record<string, unknown>;

/** A step of a function: the value of the last await in, what is awaited next (or the result, by `end`) out. */
export type Step = (locals: Locals, value: never, frame: Frame) => unknown;

/** A frame whose steps are written one by one: step i runs at state i. A thrown value is thrown there. */
const frameClass = (steps: readonly Step[]): (new () => Frame & { locals: Locals }) =>
  class extends Frame {
    locals: Locals = {};

    override $step(mode: Mode, value: unknown): unknown {
      const at = this.$n;
      const caught = mode === MODE_THROW ? (this.locals['catch'] as number | undefined) : undefined;
      if (mode === MODE_THROW && caught === undefined) throw value;
      if (mode === 2) {
        this.$n = -1;
        return value;
      }
      const state = caught ?? at;
      if (caught !== undefined) delete this.locals['catch'];
      this.$n = state + 1;
      const step = steps[state];
      if (step === undefined) {
        this.$n = -1;
        return undefined;
      }
      return step(this.locals, value as never, this);
    }
  };

/** The frame is over: its step returns this. */
export const end = (frame: Frame, value?: unknown): unknown => {
  frame.$n = -1;
  return value;
};

/** The next step is this one. */
export const go = (frame: Frame, state: number, value?: unknown): unknown => {
  frame.$n = state;
  return value;
};

/** A module for hand-written functions. */
export const handModule = (id: string): { readonly module: Module; readonly define: Define } => {
  const made = module({ abi: 1, id, hash: id.padEnd(64, '0'), file: id });
  let number = 0;
  const define: Define = (name, params, steps, kind = 'async') => {
    const make = frameClass(steps);
    number += 1;
    const places = Array.from({ length: steps.length + 1 }, (_, i): [number, number] => [number * 10 + i, 3]);
    made.frame(number, make, { name, kind, line: number * 10, column: 1, slots: params, live: [], places });
    return (...args) => {
      const frame = new make();
      for (const [i, param] of params.entries()) frame.locals[param] = args[i];
      return frame;
    };
  };
  return { module: made, define };
};

/** Defines a function by its steps; calling it makes a frame. */
export type Define = (
  name: string,
  params: readonly string[],
  steps: readonly Step[],
  kind?: FrameKind,
) => (...args: unknown[]) => Frame;
