/** How much is measured: enough to see that it works, enough to see a trend, enough to say a number. */
import type { BodyKind } from './contender.ts';

/** Moves of each kind at one size. */
export interface FreezeSize {
  readonly mebibytes: number;
  readonly lazy: number;
  readonly eager: number;
}

/** Every count that a bench depends on. */
export interface Scale {
  readonly name: 'smoke' | 'middle' | 'full';
  /** `local`: rounds, and milliseconds that one run of a contender lasts. */
  readonly local: {
    readonly rounds: number;
    readonly ms: number;
    readonly pairs: readonly number[];
    readonly bodies: readonly BodyKind[];
    /** Only the cases whose title contains it. */
    readonly only: string;
  };
  readonly freeze: { readonly warmUps: number; readonly sizes: readonly FreezeSize[] };
  readonly processes: { readonly rounds: number; readonly ms: number };
  readonly fault: { readonly pages: number; readonly pushMebibytes: number; readonly rounds: number };
  /** Kernel calls of one measurement, and how often each is measured. */
  readonly programs: { readonly calls: number; readonly rounds: number };
  readonly relocate: { readonly moves: number; readonly mebibytes: number; readonly calls: number };
}

const sizes = (...rows: readonly (readonly [number, number, number])[]): readonly FreezeSize[] =>
  rows.map(([mebibytes, lazy, eager]) => ({ mebibytes, lazy, eager }));

const BODIES: readonly BodyKind[] = [
  'none',
  'text',
  'bytes',
  'reused',
  'record',
  'record+bytes',
  'array',
  'fresh answer',
];

/** The scales by name. `full` is what the README's figures are made with. */
export const SCALES: Readonly<Record<Scale['name'], Scale>> = {
  smoke: {
    name: 'smoke',
    local: { rounds: 1, ms: 1, pairs: [1], bodies: ['record'], only: '' },
    freeze: { warmUps: 0, sizes: sizes([1, 1, 1]) },
    processes: { rounds: 1, ms: 2 },
    fault: { pages: 32, pushMebibytes: 1, rounds: 1 },
    programs: { calls: 1000, rounds: 1 },
    relocate: { moves: 1, mebibytes: 1, calls: 50 },
  },
  middle: {
    name: 'middle',
    local: { rounds: 5, ms: 40, pairs: [1, 1000], bodies: BODIES, only: '' },
    freeze: { warmUps: 6, sizes: sizes([1, 9, 5], [16, 7, 5], [64, 5, 3], [256, 3, 1]) },
    processes: { rounds: 3, ms: 80 },
    fault: { pages: 2000, pushMebibytes: 64, rounds: 3 },
    programs: { calls: 100_000, rounds: 5 },
    relocate: { moves: 2, mebibytes: 16, calls: 2000 },
  },
  full: {
    name: 'full',
    local: { rounds: 7, ms: 60, pairs: [1, 1000], bodies: BODIES, only: '' },
    freeze: { warmUps: 12, sizes: sizes([1, 21, 15], [16, 21, 9], [64, 9, 5], [256, 5, 3], [1024, 3, 1]) },
    processes: { rounds: 5, ms: 150 },
    fault: { pages: 4000, pushMebibytes: 128, rounds: 5 },
    programs: { calls: 200_000, rounds: 9 },
    relocate: { moves: 4, mebibytes: 32, calls: 5000 },
  },
};

/** A scale with other sizes for `freeze`: the moves of a size that it does not know are those of the next larger. */
export const withSizes = (scale: Scale, mebibytes: readonly number[]): Scale => {
  const known = scale.freeze.sizes;
  const rowFor = (size: number): FreezeSize => {
    const row = known.find((each) => each.mebibytes >= size) ?? known[known.length - 1];
    return { mebibytes: size, lazy: row?.lazy ?? 1, eager: row?.eager ?? 1 };
  };
  return { ...scale, freeze: { ...scale.freeze, sizes: mebibytes.map(rowFor) } };
};
