/** Closures kept across calls: what they share, and what each of them has for itself. */
import type { Probe, ShapeArgs } from '../probe.ts';

export async function sharedCounter(sys: Probe): Promise<unknown> {
  let count = 0;
  const up = (): number => ++count;
  const read = (): number => count;
  up();
  await sys.echo(count);
  up();
  count += await sys.echo(10);
  return [read(), up(), count];
}

export async function onePerIteration(sys: Probe): Promise<unknown> {
  const reads: (() => number)[] = [];
  for (let i = 0; i < 3; i++) {
    reads.push(() => i);
    await sys.echo(i);
  }
  return reads.map((read) => read());
}

export async function closureChangesLoopVariable(sys: Probe): Promise<unknown> {
  const seen: number[] = [];
  const changes: (() => void)[] = [];
  for (let i = 0; i < 6; i++) {
    changes.push(() => {
      i += 2;
    });
    seen.push(await sys.echo(i));
    changes.at(-1)?.();
    await sys.echo(i);
  }
  return seen;
}

export async function headClosures(sys: Probe): Promise<unknown> {
  const reads: (() => number)[] = [];
  for (let i = 0, read = (): number => i; i < 3; i++) {
    reads.push(read, () => i);
    await sys.echo(i);
  }
  return reads.map((read) => read());
}

export async function onePerForOf(sys: Probe): Promise<unknown> {
  const reads: (() => string)[] = [];
  for (const word of ['a', 'b']) {
    let own = word;
    reads.push(
      () => own,
      () => {
        own += '!';
        return own;
      },
    );
    own += await sys.echo('?');
  }
  return reads.map((read) => read());
}

export async function whileBodyScopes(sys: Probe): Promise<unknown> {
  const reads: (() => number)[] = [];
  let i = 0;
  while (i < 3) {
    const own = i * 10;
    reads.push(() => own + i);
    i = await sys.add(i, 1);
  }
  return reads.map((read) => read());
}

export async function shadowing(sys: Probe): Promise<unknown> {
  const x = 'outer';
  const reads: (() => string)[] = [() => x];
  {
    let x = 'middle';
    reads.push(() => x);
    {
      const x = await sys.echo('inner');
      reads.push(() => x);
    }
    x += await sys.echo('+');
  }
  return [x, reads.map((read) => read())];
}

export async function closureOfClosure(sys: Probe): Promise<unknown> {
  const adder = (a: number) => (b: number) => (c: number) => a + b + c;
  const half = adder(1)(2);
  await sys.echo('held');
  return [half(3), adder(4)(5)(await sys.echo(6))];
}

export async function asyncClosures(sys: Probe): Promise<unknown> {
  let total = 0;
  const add = async (value: number): Promise<number> => {
    total += await sys.echo(value);
    return total;
  };
  const twice = async (run: (value: number) => Promise<number>, value: number): Promise<number[]> => [
    await run(value),
    await run(value),
  ];
  return [await twice(add, 3), await twice(async (value) => (await add(value)) * 10, 1), total];
}

export async function mutualRecursion(sys: Probe): Promise<unknown> {
  const even = async (n: number): Promise<boolean> => (n === 0 ? sys.echo(true) : odd(await sys.add(n, -1)));
  const odd = async (n: number): Promise<boolean> => (n === 0 ? sys.echo(false) : even(n - 1));
  return [await even(4), await even(3)];
}

export async function hoistedFunctions(sys: Probe): Promise<unknown> {
  const early = later(2);
  function later(n: number): number {
    return n * factor();
  }
  function factor(): number {
    return 21;
  }
  async function call(n: number): Promise<number> {
    return sys.echo(later(n));
  }
  return [early, await call(3)];
}

export async function functionsInBlocks(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const n of [1, 2]) {
    const scaled = multiply(10);
    function multiply(by: number): number {
      return n * by;
    }
    seen.push(scaled, await sys.echo(n), multiply(2));
  }
  return seen;
}

export async function namedFunctionExpression(sys: Probe): Promise<unknown> {
  const factorial = async function self(n: number): Promise<number> {
    return n < 2 ? sys.echo(1) : n * (await self(n - 1));
  };
  return [await factorial(4), await factorial(1)];
}

export async function closuresInData(sys: Probe): Promise<unknown> {
  let calls = 0;
  const table = new Map<string, (x: number) => number>([
    ['double', (x) => (calls++, x * 2)],
    ['square', (x) => x * x],
  ]);
  const list = [...table.values()];
  await sys.echo('held');
  return [table.get('double')?.(4), list[0] === table.get('double'), list[1]?.(await sys.echo(5)), calls];
}

export async function capturedParameters(sys: Probe): Promise<unknown> {
  const counter = (start: number, { step } = { step: 1 }) => ({
    next: (): number => (start += step),
    reset: (to: number): void => {
      start = to;
    },
  });
  const one = counter(0);
  const two = counter(10, { step: 5 });
  const seen = [one.next(), two.next(), await sys.echo(0), one.next()];
  two.reset(100);
  await sys.echo('held');
  return [...seen, two.next(), one.next()];
}

export async function capturedCatchVariable(sys: Probe): Promise<unknown> {
  const reads: (() => string)[] = [];
  for (const word of ['a', 'b']) {
    try {
      await sys.fail(word);
    } catch (error) {
      reads.push(() => (error as Error).message);
    }
  }
  await sys.echo('held');
  return reads.map((read) => read());
}

export async function capturedLater(sys: Probe): Promise<unknown> {
  const read = (): string => `${word} ${late}`;
  const word = await sys.echo('now');
  let late = 'then';
  const first = read();
  late = await sys.echo('later');
  return [first, read()];
}

export async function declaredLater(sys: Probe): Promise<unknown> {
  const reads = [(): string => word];
  await sys.echo('held');
  const word = await sys.echo('there');
  return reads.map((read) => read());
}

export async function callbacksOfArrays(sys: Probe): Promise<unknown> {
  const factor = await sys.echo(3);
  let visited = 0;
  const doubled = [1, 2, 3].map((x) => x * factor).filter((x) => (visited++, x > 3));
  const sorted = [3, 1, 2].sort((a, b) => (a - b) * factor);
  const sum = doubled.reduce((a, b) => a + b, await sys.echo(100));
  return [doubled, sorted, sum, visited];
}

export async function immediatelyCalled(sys: Probe): Promise<unknown> {
  const value = await (async () => {
    const inner = await sys.echo(5);
    return inner * 2;
  })();
  const plain = ((x: number) => x + 1)(value);
  return [value, plain, await (async (x) => sys.echo(x))(plain)];
}

let inBlock: (sys: Probe, value: number) => Promise<number>;
{
  const factor = 3;
  const add = async (sys: Probe, value: number): Promise<number> => (await sys.echo(value)) + factor;
  inBlock = async (sys, value) => factor * (await add(sys, value));
}

/** A class of the module whose methods use what a block of the module keeps to itself, by a function. */
class Scaled {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  async scaled(sys: Probe): Promise<number> {
    const before = await sys.echo(this.value);
    return before + (await inBlock(sys, this.value));
  }
}

export async function blockOfModule(sys: Probe, { n }: ShapeArgs): Promise<unknown> {
  const scaled = new Scaled(n);
  const calls = [inBlock(sys, 1), scaled.scaled(sys)];
  return [await sys.count(), await Promise.all(calls)];
}
