/** Generators: held across calls, delegated to, closed early; and asynchronous ones. */
import type { Probe } from '../probe.ts';

function* countTo(end: number): Generator<number, string, number | undefined> {
  let given = 0;
  for (let i = 1; i <= end; i++) given += (yield i) ?? 0;
  return `given ${given}`;
}

export async function heldGenerator(sys: Probe): Promise<unknown> {
  const numbers = countTo(3);
  const seen: unknown[] = [numbers.next()];
  await sys.echo('held');
  seen.push(numbers.next(10));
  await sys.echo('held again');
  seen.push(numbers.next(5), numbers.next(1), numbers.next());
  return seen;
}

export async function generatorInForOf(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const number of countTo(4)) {
    seen.push(await sys.echo(number));
    if (number === 3) break;
  }
  return seen;
}

export async function delegates(sys: Probe): Promise<unknown> {
  function* both(): Generator<unknown, string, number | undefined> {
    const end = yield* countTo(2);
    yield end;
    yield* [7, 8];
    yield* 'xy';
    return 'all';
  }
  const walk = both();
  const seen: unknown[] = [];
  for (let step = walk.next(); ; step = walk.next(step.value === 1 ? 100 : undefined)) {
    seen.push(step.done === true ? ['end', step.value] : await sys.echo(step.value));
    if (step.done === true) return seen;
  }
}

export async function throwsInto(sys: Probe): Promise<unknown> {
  function* stubborn(): Generator<string, string, undefined> {
    try {
      yield 'one';
      yield 'two';
    } catch (error) {
      yield `caught ${(error as Error).message}`;
    } finally {
      yield 'finally';
    }
    return 'end';
  }
  const walk = stubborn();
  const seen: unknown[] = [walk.next()];
  await sys.echo(1);
  seen.push(walk.throw(new Error('pushed in')));
  await sys.echo(2);
  seen.push(walk.next());
  await sys.echo(3);
  seen.push(walk.next(), walk.next());
  return seen;
}

export async function returnsEarly(sys: Probe): Promise<unknown> {
  const log: string[] = [];
  function* guarded(): Generator<number, string> {
    try {
      yield 1;
      yield 2;
    } finally {
      log.push('closed');
    }
    return 'not reached';
  }
  const one = guarded();
  one.next();
  await sys.echo('held');
  const ended = one.return('early');
  const never = guarded();
  const unstarted = never.return('before');
  return [ended, unstarted, one.next(), log, await sys.echo('end')];
}

export async function infiniteGenerator(sys: Probe): Promise<unknown> {
  function* fibonacci(): Generator<number> {
    let [a, b] = [0, 1];
    while (true) {
      yield a;
      [a, b] = [b, a + b];
    }
  }
  const walk = fibonacci();
  const seen: unknown[] = [];
  for (const number of walk) {
    if (number > 20) break;
    seen.push(number > 4 ? await sys.echo(number) : number);
  }
  return [seen, walk.next()];
}

export async function generatorsOfClosures(sys: Probe): Promise<unknown> {
  function* closures(): Generator<() => number> {
    for (let i = 0; i < 3; i++) yield () => i * 10;
  }
  const made: (() => number)[] = [];
  for (const closure of closures()) {
    made.push(closure);
    await sys.echo(closure());
  }
  return made.map((closure) => closure());
}

export async function recursiveGenerator(sys: Probe): Promise<unknown> {
  type Tree = readonly [Tree | null, string, Tree | null];
  function* walk(tree: Tree | null): Generator<string> {
    if (tree === null) return;
    yield* walk(tree[0]);
    yield tree[1];
    yield* walk(tree[2]);
  }
  const seen: string[] = [];
  for (const letter of walk([[null, 'a', null], 'b', [[null, 'c', null], 'd', null]]))
    seen.push(await sys.echo(letter));
  return seen.join('');
}

export async function twoInStep(sys: Probe): Promise<unknown> {
  const left = countTo(3);
  const right = countTo(5);
  const seen: unknown[] = [];
  for (;;) {
    const [a, b] = [left.next(), right.next()];
    if (a.done === true || b.done === true) return [seen, a, b];
    seen.push(await sys.add(a.value, b.value));
  }
}

export async function spreadGenerator(sys: Probe): Promise<unknown> {
  const rest = countTo(4);
  rest.next();
  await sys.echo('held');
  return [[...rest], Math.max(...countTo(3)), Array.from(countTo(2)), new Set(countTo(2))];
}

export async function generatorMethod(sys: Probe): Promise<unknown> {
  const range = {
    from: 2,
    to: 4,
    *[Symbol.iterator](): Generator<number> {
      for (let i = this.from; i <= this.to; i++) yield i;
    },
  };
  const seen: unknown[] = [];
  for (const number of range) seen.push(await sys.echo(number));
  return [seen, [...range]];
}

export async function asyncGenerator(sys: Probe): Promise<unknown> {
  async function* ticks(end: number): AsyncGenerator<number, string> {
    for (let i = 0; i < end; i++) yield await sys.echo(i);
    return 'over';
  }
  const seen: unknown[] = [];
  for await (const tick of ticks(3)) seen.push(tick, await sys.echo('body'));
  const walk = ticks(1);
  seen.push(await walk.next(), await walk.next(), await walk.next());
  return seen;
}

export async function asyncGeneratorClosedEarly(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  async function* source(): AsyncGenerator<string> {
    try {
      yield await sys.echo('a');
      yield await sys.echo('b');
      yield 'c';
    } finally {
      log.push(await sys.echo('closing'));
    }
  }
  for await (const letter of source()) {
    log.push(letter);
    if (letter === 'b') break;
  }
  return [log, await sys.echo('end')];
}

export async function asyncGeneratorThrows(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  async function* source(): AsyncGenerator<number> {
    yield 1;
    try {
      yield await sys.fail('inside');
    } finally {
      await sys.echo('cleaned');
    }
  }
  try {
    for await (const number of source()) log.push(await sys.echo(number));
  } catch (error) {
    log.push((error as Error).message);
  }
  return log;
}

export async function asyncDelegates(sys: Probe): Promise<unknown> {
  async function* inner(): AsyncGenerator<string, string> {
    yield await sys.echo('i1');
    yield 'i2';
    return 'inner done';
  }
  async function* outer(): AsyncGenerator<string> {
    yield 'o1';
    yield await sys.echo(yield* inner());
    yield* ['o2', 'o3'];
  }
  const seen: string[] = [];
  for await (const word of outer()) seen.push(word);
  return seen;
}

export async function asyncGeneratorIsGiven(sys: Probe): Promise<unknown> {
  async function* talk(): AsyncGenerator<string, string, number> {
    const first = yield await sys.echo('first?');
    const second = yield `got ${first}`;
    return `sum ${await sys.add(first, second)}`;
  }
  const walk = talk();
  const seen = [await walk.next(0), await walk.next(3)];
  await sys.echo('held');
  seen.push(await walk.next(4), await walk.return('late'));
  return seen;
}

export async function forAwaitOverPlain(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for await (const item of [1, sys.echo(2), 3]) seen.push(await sys.echo(item));
  return seen;
}

export async function ownIterator(sys: Probe): Promise<unknown> {
  const log: string[] = [];
  const countdown = {
    [Symbol.iterator](): Iterator<number> {
      let left = 3;
      return {
        next: (): IteratorResult<number> => (left > 0 ? { done: false, value: left-- } : { done: true, value: 0 }),
        return: (): IteratorResult<number> => {
          log.push('returned');
          return { done: true, value: 0 };
        },
      };
    },
  };
  const seen: number[] = [];
  for (const number of countdown) seen.push(await sys.echo(number));
  for (const number of countdown) {
    seen.push(await sys.echo(number));
    break;
  }
  return [seen, log];
}

export async function ownAsyncIterator(sys: Probe): Promise<unknown> {
  const source = {
    [Symbol.asyncIterator]() {
      let left = 2;
      return {
        next: async (): Promise<IteratorResult<number>> => {
          const value = await sys.echo(left);
          left -= 1;
          return { done: value === 0, value };
        },
      };
    },
  };
  const seen: number[] = [];
  for await (const number of source) seen.push(number);
  return seen;
}
