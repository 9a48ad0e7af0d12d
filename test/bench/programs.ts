/** What programs cost: a kernel call in each shape, an answer, a loop, a thread as data, and the compiler. */
import type { Bench, Run } from './bench.ts';
import type { Child } from './children.ts';
import type { ProgramsOrder, ProgramsReport } from './orders.ts';
import type { ImageFigures } from './peers/worlds.ts';
import { median, short, table } from './statistics.ts';

interface ShapeRow {
  readonly shape: string;
  /** Nanoseconds for each call, or turn of a loop, by runner: medians. */
  readonly ns: Readonly<Record<string, number>>;
}

interface ImageRow {
  readonly thread: string;
  readonly bytes: number;
  readonly encodeMs: number;
  readonly decodeMs: number;
}

interface CompileRow {
  readonly loadMs: number;
  readonly firstMs: number;
  readonly warmMs: number;
  readonly source: number;
  readonly code: number;
  readonly sourceMin: number;
  readonly codeMin: number;
}

interface ProgramFigures {
  readonly shapes: readonly ShapeRow[];
  readonly images: readonly ImageRow[];
  readonly compile: CompileRow;
}

/**
 * Which runners do which shape: a machine has one way to write the first five, and nobody else has a kernel to wait in.
 */
const NATIVE = ['compiled', 'async', 'generators'] as const;
const SHAPES: readonly (readonly [string, readonly string[]])[] = [
  ['plain', ['compiled', 'machine', 'async', 'generators']],
  ['nested', NATIVE],
  ['guarded', NATIVE],
  ['listed', NATIVE],
  ['mapped', NATIVE],
  ['parked', ['compiled', 'machine', 'async', 'generators']],
  ['hot', NATIVE],
  ['client', ['compiled', 'machine']],
];
const THREADS: readonly (readonly [string, string, number])[] = [
  ['1 frame', 'deep', 1],
  ['10 frames', 'deep', 10],
  ['1,000 frames', 'deep', 1000],
  ['1,000 rows and an index', 'large', 1000],
];

const asked = async <Value>(child: Child, order: ProgramsOrder): Promise<Value> => {
  const report = await child.ask<ProgramsReport<Value>>(order);
  if (!report.ok) throw new Error(report.why);
  return report.value;
};

/** Runners take turns, so that a slow second of the machine is everybody's. */
const shapeRow = async (child: Child, { scale }: Run, [shape, runners]: (typeof SHAPES)[number]): Promise<ShapeRow> => {
  const { calls, rounds } = scale.programs;
  const n = shape === 'hot' ? calls * 40 : calls;
  const times = new Map<string, number[]>(runners.map((runner) => [runner, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const runner of runners) {
      const ns = await asked<number>(child, { do: 'time', runner, shape, n });
      if (round > 0) times.get(runner)?.push(ns);
    }
  }
  return { shape, ns: Object.fromEntries([...times].map(([runner, all]) => [runner, median(all)])) };
};

const run = async (given: Run): Promise<ProgramFigures> => {
  const { children, scale, say } = given;
  const compiler = children.start('entries/programs');
  const { warmMs, ...compile } = await asked<Omit<CompileRow, 'warmMs'> & { readonly warmMs: readonly number[] }>(
    compiler,
    { do: 'compile', rounds: scale.programs.rounds },
  );
  await compiler.close();
  const child = children.start('entries/programs');
  const shapes: ShapeRow[] = [];
  for (const each of SHAPES) {
    say(`programs: ${each[0]}`);
    shapes.push(await shapeRow(child, given, each));
  }
  const images: ImageRow[] = [];
  for (const [thread, shape, n] of THREADS) {
    const order = { do: 'image', shape, n, rounds: scale.programs.rounds * 3 } as const;
    const { bytes, encodeMs, decodeMs } = await asked<ImageFigures>(child, order);
    images.push({ thread, bytes, encodeMs: median(encodeMs), decodeMs: median(decodeMs) });
  }
  await child.close();
  return { shapes, images, compile: { ...compile, warmMs: median(warmMs) } };
};

const tell = ({ shapes, images, compile }: ProgramFigures): string[] => {
  const ratio = (one: number | undefined, other: number | undefined): string =>
    one === undefined || other === undefined ? '' : short(one / other);
  const cell = (value: number | undefined): string => (value === undefined ? '' : short(value));
  const rows = shapes.map(({ shape, ns }) => [
    shape,
    ...['compiled', 'machine', 'async', 'generators'].map((runner) => cell(ns[runner])),
    ratio(ns['compiled'], ns['machine']),
    ratio(ns['compiled'], ns['async']),
  ]);
  const { loadMs, firstMs, warmMs, source, code, sourceMin, codeMin } = compile;
  return [
    'ns for each kernel call (hot: each turn of the loop; client: each answer)',
    ...table(['shape', 'compiled', 'machine', 'async', 'generators', 'to machine', 'to async'], rows),
    '',
    ...table(
      ['thread as data', 'bytes', 'encode ms', 'decode ms'],
      images.map(({ thread, bytes, encodeMs, decodeMs }) => [thread, String(bytes), short(encodeMs), short(decodeMs)]),
    ),
    '',
    `compiling ${source} characters: loading the compiler ${short(loadMs)} ms, ` +
      `first ${short(firstMs)} ms, then ${short(warmMs)} ms`,
    `code: ${code} characters, ${short(code / source)} times the source; ` +
      `minified ${codeMin}, ${short(codeMin / sourceMin)} times`,
  ];
};

/** Programs, compiled and not. */
export const programs: Bench<ProgramFigures> = { name: 'programs', run, tell };
