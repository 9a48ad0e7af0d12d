/** What a random program finds around it: functions of every kind, and an object to spoil. */
import type { Probe } from '../probe.ts';

/** Values that a program may note before it is taken for endless. */
const STEPS_MAX = 400;

type Value = unknown;

/** The things of one run. They share what they note. */
export function around(sys: Probe): Readonly<Record<string, unknown>> {
  const log: Value[] = [];
  const step = (value: Value): Value => {
    if (log.length >= STEPS_MAX) throw new Error('out of breath');
    log.push(value);
    return value;
  };
  const h = async (x: number): Promise<number> => {
    try {
      const y = await sys.echo(x);
      if (y === 3) throw new Error('h3');
      return y + 1;
    } finally {
      await sys.echo('hf');
    }
  };
  const w = async (x: number, n: number): Promise<number> => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      sum += await sys.echo(x);
      x++;
    }
    return sum;
  };
  const dig = async (depth: number): Promise<number> =>
    depth <= 0 ? 0 : 1 + (await sys.echo(depth)) * 0 + (await dig(depth - 1));
  function* g(end: number): Generator<number, string, Value> {
    try {
      for (let i = 0; i < end; i++) {
        const got = yield i;
        if (got !== undefined) step(got);
      }
    } finally {
      step('gf');
    }
    return 'ge';
  }
  async function* ag(end: number): AsyncGenerator<number, string, Value> {
    try {
      for (let i = 0; i < end; i++) {
        const got = yield await sys.echo(i);
        if (got !== undefined) step(got);
      }
    } finally {
      step(await sys.echo('agf'));
    }
    return 'age';
  }
  const all = (...values: Value[]): number => values.length;
  const o = { x0: 1, x1: 2, x2: 3, n: null, f: (q: number) => q * 2 };
  return { log, step, h, w, dig, g, ag, all, o };
}
