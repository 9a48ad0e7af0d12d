/** Programs of some length, as people write them. */
import type { Probe, ShapeArgs } from '../probe.ts';

type Token = { readonly kind: 'number' | 'sign'; readonly text: string };

const UNITS = { m: 1, km: 1000 } as const;

function* tokens(text: string): Generator<Token> {
  for (const part of text.matchAll(/\d+|[-+*/()]/g)) {
    yield { kind: /\d/.test(part[0]) ? 'number' : 'sign', text: part[0] };
  }
}

export async function calculator(sys: Probe): Promise<unknown> {
  const list = [...tokens('2*(3+4)-5*(6-2)')];
  let at = 0;
  const factor = async (): Promise<number> => {
    const token = list[at++];
    if (token?.text === '(') {
      const value = await sum();
      at += 1;
      return value;
    }
    return sys.echo(Number(token?.text));
  };
  const product = async (): Promise<number> => {
    let value = await factor();
    while (list[at]?.text === '*') {
      at += 1;
      value *= await factor();
    }
    return value;
  };
  const sum = async (): Promise<number> => {
    let value = await product();
    for (;;) {
      const sign = list[at]?.text;
      if (sign !== '+' && sign !== '-') return value;
      at += 1;
      value = await sys.add(value, (sign === '+' ? 1 : -1) * (await product()));
    }
  };
  return sum();
}

export async function bankWithRollback(sys: Probe): Promise<unknown> {
  const accounts = new Map([
    ['a', 100],
    ['b', 20],
  ]);
  const log: string[] = [];
  const transfer = async (from: string, to: string, amount: number): Promise<void> => {
    const undo: (() => void)[] = [];
    try {
      const source = accounts.get(from) ?? 0;
      if (source < amount) throw new RangeError(`${from} has only ${source}`);
      accounts.set(from, source - amount);
      undo.push(() => accounts.set(from, source));
      if (!accounts.has(to)) await sys.fail(`no account ${to}`);
      accounts.set(to, (accounts.get(to) ?? 0) + (await sys.echo(amount)));
    } catch (error) {
      while (undo.length > 0) undo.pop()?.();
      log.push((error as Error).message);
      throw error;
    } finally {
      log.push(await sys.echo(`${from}>${to}`));
    }
  };
  for (const [from, to, amount] of [
    ['a', 'b', 30],
    ['b', 'a', 500],
    ['a', 'z', 1],
  ] as const) {
    try {
      await transfer(from, to, amount);
    } catch {}
  }
  return [accounts, log];
}

export async function breadthFirst(sys: Probe): Promise<unknown> {
  const edges: Record<string, string[]> = { s: ['a', 'b'], a: ['c'], b: ['c', 'd'], c: ['t'], d: ['t'], t: [] };
  const from = new Map<string, string | null>([['s', null]]);
  const queue = ['s'];
  for (const node of queue) {
    if ((await sys.echo(node)) === 't') break;
    for (const next of edges[node] ?? []) {
      if (from.has(next)) continue;
      from.set(next, node);
      queue.push(next);
    }
  }
  const path: string[] = [];
  for (let at: string | null | undefined = 't'; at != null; at = from.get(at)) path.unshift(at);
  return path;
}

export async function stateMachine(sys: Probe): Promise<unknown> {
  let state: 'idle' | 'busy' | 'failed' | 'done' = 'idle';
  const path: string[] = [];
  let failures = 0;
  run: while (true) {
    path.push(state);
    switch (state) {
      case 'idle':
        state = (await sys.count()) > 100 ? 'done' : 'busy';
        break;
      case 'busy':
        try {
          if (failures < 2) await sys.fail('again');
          state = 'done';
        } catch {
          state = 'failed';
        }
        continue run;
      case 'failed':
        failures += await sys.echo(1);
        state = 'idle';
        break;
      default:
        break run;
    }
  }
  return path;
}

export async function pipeline(sys: Probe, args: ShapeArgs): Promise<unknown> {
  type Stage = (value: number) => Promise<number>;
  const compose =
    (...stages: Stage[]): Stage =>
    async (value) => {
      for (const stage of stages) value = await stage(value);
      return value;
    };
  const times =
    (factor: number): Stage =>
    async (value) =>
      (await sys.echo(value)) * factor;
  const run = compose(
    times(2),
    async (value) => sys.add(value, 1),
    compose(times(3), async (value) => value - 1),
  );
  const results: number[] = [];
  for (const item of args.list) results.push(await run(item));
  return results;
}

export async function events(sys: Probe): Promise<unknown> {
  const handlers = new Map<string, ((value: number) => void)[]>();
  const on = (name: string, handler: (value: number) => void): (() => void) => {
    const list = handlers.get(name) ?? [];
    handlers.set(name, list);
    list.push(handler);
    return () => list.splice(list.indexOf(handler), 1);
  };
  const emit = (name: string, value: number): void =>
    handlers
      .get(name)
      ?.slice()
      .forEach((handler) => handler(value));
  let sum = 0;
  const seen: number[] = [];
  const off = on('tick', (value) => {
    sum += value;
  });
  on('tick', (value) => seen.push(value));
  for (const value of [1, 2, 3]) {
    emit('tick', await sys.echo(value));
    if (value === 2) off();
  }
  return [sum, seen];
}

export async function hanoi(sys: Probe): Promise<unknown> {
  const pegs: Record<'a' | 'b' | 'c', number[]> = { a: [3, 2, 1], b: [], c: [] };
  type Peg = keyof typeof pegs;
  const move = async (count: number, from: Peg, to: Peg, by: Peg): Promise<void> => {
    if (count === 0) return;
    await move(count - 1, from, by, to);
    pegs[to].push(await sys.echo(pegs[from].pop() as number));
    await move(count - 1, by, to, from);
  };
  await move(3, 'a', 'c', 'b');
  return pegs;
}

export async function permutations(sys: Probe): Promise<unknown> {
  function* permute<T>(items: readonly T[]): Generator<T[]> {
    if (items.length === 0) yield [];
    for (const [index, item] of items.entries()) {
      for (const rest of permute([...items.slice(0, index), ...items.slice(index + 1)])) yield [item, ...rest];
    }
  }
  const seen: string[] = [];
  for (const order of permute(['a', 'b', 'c'])) seen.push(await sys.echo(order.join('')));
  return seen;
}

export async function moduleConstants(sys: Probe): Promise<unknown> {
  const units = UNITS;
  let metres = 0;
  for (const unit of Object.keys(units) as (keyof typeof UNITS)[]) metres += units[unit] * (await sys.echo(2));
  return [metres, units === UNITS];
}

export async function wordCount(sys: Probe, { text, list: [first = 0, ...others] }: ShapeArgs): Promise<unknown> {
  const counts: Record<string, { count: number; at: number[] }> = {};
  let position = 0;
  for (const word of `the cat ${text} the end ${text} the`.split(' ')) {
    const entry = (counts[word] ??= { count: 0, at: [] });
    entry.count += await sys.echo(1);
    entry.at.push(position++);
  }
  return [counts, first, others];
}

export async function longStraightLine(sys: Probe): Promise<unknown> {
  const a = await sys.echo(1);
  const b = await sys.add(a, 1);
  const c = await sys.add(a, b);
  const [d, e] = [await sys.add(b, c), await sys.add(c, c)];
  const { f, g } = { f: await sys.add(d, e), g: a };
  const h = f > g ? await sys.add(f, g) : 0;
  const i = `${a}${b}${c}` + (await sys.echo(`${d}${e}`));
  return [a, b, c, d, e, f, g, h, i, await sys.count()];
}

export async function quicksort(sys: Probe): Promise<unknown> {
  const compare = async (a: number, b: number): Promise<boolean> => (await sys.add(a, -b)) < 0;
  const sort = async (list: number[]): Promise<number[]> => {
    const [pivot, ...rest] = list;
    if (pivot === undefined) return [];
    const [below, above]: [number[], number[]] = [[], []];
    for (const item of rest) ((await compare(item, pivot)) ? below : above).push(item);
    return [...(await sort(below)), pivot, ...(await sort(above))];
  };
  return sort([3, 1, 4, 1, 5, 9, 2, 6]);
}
