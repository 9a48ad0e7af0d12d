/** Runs a shape in every way there is, and says where two of them differ. */
import type { Program } from '../../kernel/program.ts';
import type { Compiled } from './compiled.ts';
import { type NativeTroupe, traceNative } from './native.ts';
import { type Frozen, Scene } from './scene.ts';

/** Two runs of a shape that are not alike. */
export interface Difference {
  readonly shape: string;
  /** How the run that differs from the native one was made. */
  readonly way: string;
  readonly native: readonly string[];
  readonly trace: readonly string[];
  /** What went wrong in it, beyond its trace. */
  readonly trouble: string | null;
}

/** A run, by its trace; and what it failed with, if it did. */
export interface Run {
  readonly trace: readonly string[];
  readonly trouble: string | null;
}

const playOut = (scene: Scene, between: (scene: Scene) => void): Run => {
  try {
    while (!scene.isOver) {
      between(scene);
      scene.answer();
    }
    const { trace } = scene.answers;
    return { trace, trouble: trace.some(isEnd) ? null : scene.trouble };
  } catch (error) {
    return {
      trace: scene.answers.trace,
      trouble: error instanceof Error ? (error.stack ?? error.message) : `${error}`,
    };
  }
};

const isEnd = (asked: string): boolean => asked.startsWith('["done"');

const begun = (program: Program, shape: string, between: (scene: Scene) => void): Run => {
  try {
    return playOut(Scene.begin(program, shape), between);
  } catch (error) {
    return { trace: [], trouble: error instanceof Error ? (error.stack ?? error.message) : `${error}` };
  }
};

const same = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((each, at) => each === right[at]);

/** What can be done with a shape of a troupe, and what its native run was. */
export class Comparison {
  readonly shape: string;
  readonly native: readonly string[];
  readonly compiled: Compiled;
  /** Times that the task was taken apart and put together. */
  hops = 0;

  private constructor(shape: string, native: readonly string[], compiled: Compiled) {
    this.shape = shape;
    this.native = native;
    this.compiled = compiled;
  }

  /** Plays the shape natively. Rejects if it makes far too many calls. */
  static async of(shape: string, native: NativeTroupe, compiled: Compiled): Promise<Comparison> {
    const play = native.SHAPES[shape];
    if (play === undefined) throw new Error(`no shape is named ${shape}`);
    return new Comparison(shape, await traceNative(native.play, play), compiled);
  }

  /** Compiled, and never taken apart. */
  straight(program: Program): Difference | null {
    return this.judge(
      'compiled',
      begun(program, this.shape, () => undefined),
    );
  }

  /** Compiled, and taken apart at every call. The task goes on as an instance of the modules that `next` gives. */
  hopping(program: Program, next: () => Program): Difference | null {
    const run = begun(program, this.shape, (scene) => {
      this.hops += 1;
      scene.hop(next());
    });
    return this.judge('taken apart at every call', run);
  }

  /** The task as data, at each of its calls. */
  frozen(program: Program): readonly Frozen[] {
    return this.native.map((_, at) => {
      const scene = Scene.begin(program, this.shape);
      for (let call = 0; call < at; call += 1) scene.answer();
      return scene.freeze();
    });
  }

  /** Judges a run, also one that was made elsewhere. */
  judge(way: string, { trace, trouble }: Run): Difference | null {
    if (trouble === null && same(trace, this.native)) return null;
    return { shape: this.shape, way, native: this.native, trace, trouble };
  }
}

/** Goes on with a task that was frozen elsewhere, to its end. */
export const goOn = (program: Program, frozen: Frozen): Run => {
  try {
    return playOut(Scene.revive(program, frozen), () => undefined);
  } catch (error) {
    return { trace: frozen.trace, trouble: error instanceof Error ? (error.stack ?? error.message) : `${error}` };
  }
};

/** A difference, as people read it: the first call that is not alike, with those around it. */
export const tell = ({ shape, way, native, trace, trouble }: Difference): string => {
  let at = 0;
  while (at < native.length && native[at] === trace[at]) at += 1;
  const part = (calls: readonly string[]): string => calls.slice(Math.max(0, at - 2), at + 3).join('\n    ');
  const lines = [
    `${shape}, ${way}: call ${at + 1} of ${native.length} is another`,
    `  native:\n    ${part(native)}`,
    `  this run:\n    ${part(trace)}`,
  ];
  return [...lines, ...(trouble === null ? [] : [`  ${trouble}`])].join('\n');
};
