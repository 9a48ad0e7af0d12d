/** Runs a shape as JavaScript runs it: the calls are promises, answered one at a time, each when all is at rest. */
import { Answers } from './answers.ts';
import type { Shape } from './probe.ts';
import type { Stage } from './stage.program.ts';
import { taken, write } from './values.program.ts';

interface Asked {
  readonly text: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

class NativeProbe implements Stage {
  readonly asked: Asked[] = [];

  echo<T>(value: T): Promise<T> {
    return this.#ask('echo', value) as Promise<T>;
  }

  add(a: number, b: number): Promise<number> {
    return this.#ask('add', a, b) as Promise<number>;
  }

  fail(message: string): Promise<number> {
    return this.#ask('fail', message) as Promise<number>;
  }

  count(): Promise<number> {
    return this.#ask('count') as Promise<number>;
  }

  done(outcome: string): Promise<void> {
    return this.#ask('done', outcome) as Promise<void>;
  }

  #ask(...call: unknown[]): Promise<unknown> {
    const text = write(call);
    return new Promise((resolve, reject) => this.asked.push({ text, resolve, reject }));
  }
}

/** Lets every promise that can go on do so. */
const atRest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How a native player is called: `play` of the instance of the modules that the shape belongs to. */
export type Play = (stage: Stage, shape: Shape) => Promise<void>;

/** Plays a shape natively. Answers the trace of its calls, the end among them. Rejects if there are too many. */
export const traceNative = async (play: Play, shape: Shape): Promise<readonly string[]> => {
  const probe = new NativeProbe();
  const answers = new Answers();
  const end = play(probe, shape);
  await atRest();
  for (let next = probe.asked.shift(); next !== undefined; next = probe.asked.shift()) {
    const { text, resolve, reject } = next;
    const answer = answers.answer(text);
    try {
      resolve(taken(answer));
    } catch (error) {
      reject(error);
    }
    await atRest();
  }
  await end;
  return answers.trace;
};

/** What a native instance of a troupe's modules offers. */
export interface NativeTroupe {
  readonly play: Play;
  readonly SHAPES: Readonly<Record<string, Shape>>;
}
