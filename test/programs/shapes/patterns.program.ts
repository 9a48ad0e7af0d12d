/** Destructuring, default values and rest parameters, with calls wherever an expression may stand. */
import type { Probe, ShapeArgs } from '../probe.ts';

export async function declaresPattern(sys: Probe): Promise<unknown> {
  const { a, b: renamed, ...others } = await sys.echo({ a: 1, b: 2, c: 3, d: 4 });
  const [first, , third, ...tail] = await sys.echo([1, 2, 3, 4, 5]);
  await sys.echo('held');
  return [a, renamed, others, first, third, tail];
}

export async function defaultsCall(sys: Probe): Promise<unknown> {
  const { a = await sys.echo('default a'), b = await sys.echo('default b') } = (await sys.echo({ a: 'given' })) as {
    a?: string;
    b?: string;
  };
  const [x = await sys.echo(10), y = await sys.echo(20)] = [undefined, 2];
  return [a, b, x, y];
}

export async function defaultsInOrder(sys: Probe): Promise<unknown> {
  const { a = 1, b = a + (await sys.echo(1)), c = a + b } = {} as { a?: number; b?: number; c?: number };
  return [a, b, c];
}

export async function computedKeys(sys: Probe): Promise<unknown> {
  const record: Record<string, number> = { one: 1, two: 2, three: 3 };
  const { [await sys.echo('two')]: picked, ...left } = record;
  return [picked, left];
}

export async function nestedPattern(sys: Probe): Promise<unknown> {
  const {
    head: { name, tags: [firstTag = 'none', secondTag = await sys.echo('filled')] = [] },
    body: { lines = await sys.echo(['x']) } = {},
  } = (await sys.echo({ head: { name: 'n', tags: ['t'] } })) as {
    head: { name: string; tags?: string[] };
    body?: { lines?: string[] };
  };
  return [name, firstTag, secondTag, lines];
}

export async function assignsPattern(sys: Probe): Promise<unknown> {
  const box: { x?: number | undefined; list: number[] } = { list: [] };
  let a: number | undefined = 0;
  let rest: unknown;
  [a, box.x = await sys.echo(5), ...box.list] = [await sys.echo(1), undefined, 3, 4] as number[];
  ({ a, ...rest } = (await sys.echo({ a: 9, z: 8 })) as { a: number; z: number });
  return [a, box, rest];
}

export async function swaps(sys: Probe): Promise<unknown> {
  let a = 1;
  let b = 2;
  [a, b] = [await sys.echo(b), await sys.echo(a)];
  return [a, b];
}

const greet = async (sys: Probe, name: string, greeting = 'hello', ...marks: string[]): Promise<string> =>
  `${await sys.echo(greeting)} ${name}${marks.join('')}`;

export async function parametersWithDefaults(sys: Probe): Promise<unknown> {
  return [
    await greet(sys, 'ann'),
    await greet(sys, 'bob', undefined, '!', '?'),
    await greet(sys, 'eve', 'bye', '.'),
    greet.name,
  ];
}

const describe = async (
  sys: Probe,
  { width, height = width }: { width: number; height?: number },
  [unit, ...flags]: string[] = ['cm'],
): Promise<unknown> => [await sys.add(width, height), unit, flags];

export async function patternParameters(sys: Probe): Promise<unknown> {
  return [await describe(sys, { width: 2 }), await describe(sys, { width: 1, height: 5 }, ['m', 'x', 'y'])];
}

export async function restOfArguments(sys: Probe, args: ShapeArgs): Promise<unknown> {
  const sum = async (...numbers: number[]): Promise<number> => {
    let total = 0;
    while (numbers.length > 0) total = await sys.add(total, numbers.shift() as number);
    return total;
  };
  return [await sum(), await sum(1), await sum(...args.list, 4)];
}

export async function patternOfForOf(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  const rows = [{ id: 1, tag: ['a', 'b'] }, { id: 2 }] as { id: number; tag?: string[] }[];
  for (const { id, tag: [one, two = await sys.echo('none')] = ['empty'] } of rows) {
    seen.push(await sys.echo(id), one, two);
  }
  return seen;
}

export async function patternOfMapEntries(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const [key, { size = 1 }] of new Map<string, { size?: number }>([
    ['a', { size: 5 }],
    ['b', {}],
  ])) {
    seen.push(await sys.echo(key), size);
  }
  return seen;
}

export async function patternTakesFromIterator(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  function* numbers(): Generator<number> {
    try {
      yield 1;
      seen.push('after one');
      yield 2;
      yield 3;
    } finally {
      seen.push('closed');
    }
  }
  const [one, two] = numbers();
  await sys.echo(seen.length);
  const [...all] = numbers();
  return [one, two, all, seen];
}

export async function patternOfNullThrows(sys: Probe): Promise<unknown> {
  try {
    const { a } = (await sys.echo(null)) as unknown as { a: number };
    return a;
  } catch (error) {
    return [(error as Error).name, await sys.echo('caught')];
  }
}
