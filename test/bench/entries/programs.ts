/** Measures programs: the same source compiled on a kernel, as it is with promises, and as generators. */
import { readFileSync } from 'node:fs';
import { compileFunction } from 'node:vm';
import { transformSync } from 'esbuild';
import { loadCompiler } from '../../../servers/compile/load-compiler.ts';
import { runtime } from '../../../servers/node/program-loader.ts';
import type { ProgramsOrder, ProgramsReport } from '../orders.ts';
import { CompiledWorld, machineWorld } from '../peers/worlds.ts';
import type { ShapeArguments } from '../programs/shapes.program.ts';

const source = (): string => readFileSync('test/bench/programs/shapes.program.ts', 'utf8');

const OPTIONS = { file: 'shapes.program.ts', sourceMap: false, resolveHash: () => null };

type Main = (sys: unknown, args: ShapeArguments) => unknown;

/** Evaluates a module as the node's loader does. */
const evaluate = (text: string): Main => {
  const { code } = transformSync(text, { loader: 'ts', format: 'cjs', target: 'node20' });
  const module = { exports: {} as { main?: Main } };
  const require = (): unknown => runtime;
  compileFunction(code, ['module', 'exports', 'require'])(module, module.exports, require);
  if (module.exports.main === undefined) throw new Error('the shapes have no main');
  return module.exports.main;
};

const compiled = async (): Promise<Main> => {
  const { compile } = await loadCompiler();
  return evaluate(compile(source(), OPTIONS).code);
};

/** The same text with each `async` function a generator and each `await` a `yield`. */
const asGenerators = (text: string): string =>
  text.replaceAll('async function', 'function*').replaceAll(/\bawait\b/g, 'yield');

const PENDING: Promise<null> = Promise.resolve(null);
/** A kernel that answers at once, for promises. */
const immediate = { poll: () => PENDING, yield: () => PENDING };
/** The same for generators: what is yielded is the answer. */
const instant = { poll: () => null, yield: () => null };

/** Runs a generator and those that it yields, answering each call with what it yielded. */
const drive = (first: Generator<unknown, unknown>): unknown => {
  const stack = [first];
  let value: unknown;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { done, value: out } = top.next(value);
    if (done === true) stack.pop();
    if (done !== true && typeof out === 'object' && out !== null) {
      stack.push(out as Generator<unknown, unknown>);
      value = undefined;
    } else value = out;
  }
  return value;
};

type Runner = (shape: string, n: number) => Promise<void> | void;

const runners = async (): Promise<Readonly<Record<string, Runner>>> => {
  const native = evaluate(source());
  const generator = evaluate(asGenerators(source()));
  const world = new CompiledWorld(await compiled());
  const args = (shape: string, n: number): ShapeArguments => ({ shape, n, port: 0, server: 0 });
  return {
    compiled: (shape, n) => world.run(shape, n),
    machine: (shape, n) => machineWorld(shape, n),
    async: async (shape, n) => void (await native(immediate, args(shape, n))),
    generators: (shape, n) => void drive(generator(instant, args(shape, n)) as Generator<unknown, unknown>),
  };
};

let ready: Promise<Readonly<Record<string, Runner>>> | null = null;

const time = async (runner: string, shape: string, n: number): Promise<number> => {
  ready ??= runners();
  const run = (await ready)[runner];
  if (run === undefined) throw new Error(`there is no ${runner}`);
  const from = process.hrtime.bigint();
  await run(shape, n);
  return Number(process.hrtime.bigint() - from) / n;
};

/** The first time includes loading Babel; the last is what a program costs a compiler that runs already. */
const compileTimes = async (rounds: number) => {
  const text = source();
  const from = performance.now();
  const { compile } = await loadCompiler();
  const loadMs = performance.now() - from;
  const times = Array.from({ length: rounds + 1 }, () => {
    const began = performance.now();
    compile(text, OPTIONS);
    return performance.now() - began;
  });
  const { code } = compile(text, OPTIONS);
  const minified = (each: string): number => transformSync(each, { loader: 'ts', minify: true }).code.length;
  const sizes = { source: text.length, code: code.length, sourceMin: minified(text), codeMin: minified(code) };
  return { loadMs, firstMs: times[0] ?? Number.NaN, warmMs: times.slice(1), ...sizes };
};

const obey = async (order: ProgramsOrder): Promise<unknown> => {
  switch (order.do) {
    case 'time':
      return time(order.runner, order.shape, order.n);
    case 'compile':
      return compileTimes(order.rounds);
    case 'image':
      return new CompiledWorld(await compiled()).image(order.shape, order.n, order.rounds);
  }
};

process.on('message', (order: ProgramsOrder) => {
  obey(order)
    .then((value): ProgramsReport<unknown> => ({ ok: true, value }))
    .catch((error: unknown): ProgramsReport<unknown> => ({ ok: false, why: String(error) }))
    .then((report) => process.send?.(report))
    .catch((error: unknown) => console.error(error));
});

process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
