/**
 * Runs a module in two ways, as it is and compiled, against the same scripted kernel, and keeps the traces. The
 * driver here is the smallest that can run steps: a stack of frames. At every kernel call it may put each frame into
 * a new one of which only what is said to be live is kept, so a wrong live set shows as a wrong result.
 */
import { parseSync, type types as t, transformFromAstSync } from '@babel/core';
import { transformSync } from 'esbuild';
import { compileTree } from '../../../servers/compile/compile-tree.ts';

interface Meta {
  readonly slots: readonly string[];
  readonly live: readonly (readonly number[])[];
  readonly places: readonly (readonly [number, number])[];
  readonly name: string;
}

class Call {
  readonly op: string;
  readonly values: readonly unknown[];
  constructor(op: string, values: readonly unknown[]) {
    this.op = op;
    this.values = values;
  }
}

type Mode = 0 | 1 | 2;

class Frame {
  declare $meta: Meta;
  [slot: string]: unknown;
  $n = 0;
  declare $step: (mode: Mode, value: unknown) => unknown;
}

/** Asked of the runtime once in 4,096 turns of a loop. */
export const budget: { spent: number; max: number } = { spent: 0, max: Number.POSITIVE_INFINITY };

const generator = (frame: Frame): Iterator<unknown> & Iterable<unknown> => {
  const run = (mode: Mode, value: unknown): IteratorResult<unknown> => {
    if (frame.$n === 0 && mode !== 0) frame.$n = -1;
    if (frame.$n === -1) {
      if (mode === 1) throw value;
      return { done: true, value: mode === 2 ? value : undefined };
    }
    try {
      const made = frame.$step(mode, value);
      return { done: frame.$n === -1, value: made };
    } catch (error) {
      frame.$n = -1;
      throw error;
    }
  };
  return {
    [Symbol.iterator]() {
      return this;
    },
    next: (value) => run(0, value),
    return: (value) => run(2, value),
    throw: (error) => run(1, error),
  };
};

const runtime = {
  Frame,
  generator,
  spend: (): number => {
    budget.spent += 1;
    if (budget.spent > budget.max) throw new Error('E_BUDGET');
    return 0;
  },
  module: (head: { readonly abi: number }) => ({
    head,
    uses: () => {},
    globals: () => {},
    closure: (_number: number, factory: unknown) => factory,
    frame: (_number: number, make: typeof Frame, meta: Meta) => {
      make.prototype.$meta = meta;
    },
  }),
};

/** What is in slots that are not live: any use of it fails. */
const poison: object = new Proxy(
  {},
  {
    get: (_target, key) => {
      throw new Error(`a dead slot was used (${String(key)})`);
    },
    set: () => {
      throw new Error('a dead slot was written');
    },
  },
);

const hop = (frame: Frame): Frame => {
  const { slots, live } = frame.$meta;
  const copy = new (frame.constructor as typeof Frame)();
  copy.$n = frame.$n;
  const kept = new Set(live[frame.$n]);
  for (const [index, slot] of slots.entries()) copy[slot] = kept.has(index) ? frame[slot] : poison;
  return copy;
};

export interface Outcome {
  readonly result?: unknown;
  readonly error?: string;
  readonly trace: readonly string[];
}

type Kernel = (op: string, values: readonly unknown[]) => unknown;

/** A kernel that answers by what it is asked: `fail…` throws, all else gives its first argument back. */
export const echo: Kernel = (op, [value]) => {
  if (op.startsWith('fail')) throw new Error(`${op} ${String(value)}`);
  return value;
};

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

const isFrame = (value: unknown): value is Frame => value instanceof Frame;

/** Runs `frame` to its end. */
const drive = (frame: Frame, kernel: Kernel, trace: string[], hops: boolean): unknown => {
  let stack = [frame];
  let mode: Mode = 0;
  let value: unknown;
  for (;;) {
    const top = stack.at(-1);
    if (top === undefined) {
      if (mode === 1) throw value;
      return value;
    }
    try {
      value = top.$step(mode, value);
      mode = 0;
      if (top.$n === -1) stack.pop();
    } catch (error) {
      stack.pop();
      mode = 1;
      value = error;
      continue;
    }
    if (isFrame(value)) {
      stack.push(value);
      value = undefined;
    } else if (value instanceof Call) {
      trace.push(`${value.op} ${show(value.values)}`);
      if (hops) stack = stack.map(hop);
      try {
        value = kernel(value.op, value.values);
      } catch (error) {
        mode = 1;
        value = error;
      }
    }
  }
};

interface Loaded {
  main: (sys: unknown, args: unknown) => unknown;
}

const load = (code: string): Loaded => {
  const { code: common } = transformSync(code, { format: 'cjs', loader: 'js', target: 'es2022' });
  const module = { exports: {} as Loaded };
  new Function('require', 'module', 'exports', common)(() => runtime, module, module.exports);
  return module.exports;
};

/** The compiled text of a module in normal form. */
export const compileNormal = (source: string): string => {
  const tree = parseSync(source, { sourceType: 'module', configFile: false, babelrc: false }) as t.File;
  compileTree(tree.program, { id: 'test', hash: '0'.repeat(64), file: 'test.ts', runtime: 'rt', programs: [] });
  return transformFromAstSync(tree, source, { configFile: false, babelrc: false })?.code ?? '';
};

const outcome = (trace: string[], run: () => unknown): Outcome => {
  try {
    return { result: run(), trace };
  } catch (error) {
    return { error: String(error), trace };
  }
};

/** As the engine runs it. */
export const runNative = async (source: string, args: unknown = {}, kernel: Kernel = echo): Promise<Outcome> => {
  const trace: string[] = [];
  const call = async (op: string, ...values: unknown[]): Promise<unknown> => {
    trace.push(`${op} ${show(values)}`);
    return kernel(op, values);
  };
  try {
    return { result: await load(source).main({ call }, args), trace };
  } catch (error) {
    return { error: String(error), trace };
  }
};

/** Compiled; `hops` puts each frame into a new one at every kernel call. */
export const runCompiled = (source: string, args: unknown = {}, hops = true, kernel: Kernel = echo): Outcome => {
  const trace: string[] = [];
  const { main } = load(compileNormal(source));
  const call = (op: string, ...values: unknown[]): Call => new Call(op, values);
  return outcome(trace, () => drive(main({ call }, args) as Frame, kernel, trace, hops));
};
