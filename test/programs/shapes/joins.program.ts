/** Several things at once: `Promise.all` and its kin, and calls that are stored before they are awaited. */
import type { Probe } from '../probe.ts';

const work = async (sys: Probe, name: string, steps: number): Promise<string> => {
  let text = name;
  for (let i = 0; i < steps; i++) text += await sys.echo(`${name}${i}`);
  return text;
};

const breaks = async (sys: Probe, name: string): Promise<string> => {
  await sys.echo(`${name} begins`);
  await sys.fail(`${name} broke`);
  return name;
};

export async function allOfCalls(sys: Probe): Promise<unknown> {
  return Promise.all([sys.echo(1), sys.add(2, 3), sys.echo('x')]);
}

export async function allOfFunctions(sys: Probe): Promise<unknown> {
  const done = await Promise.all([work(sys, 'a', 3), work(sys, 'b', 1), work(sys, 'c', 2)]);
  return [done, await sys.echo('joined')];
}

export async function allOfMapped(sys: Probe): Promise<unknown> {
  const done = await Promise.all(['p', 'q', 'r'].map((name, index) => work(sys, name, index + 1)));
  return done;
}

export async function allOfAsyncArrows(sys: Probe): Promise<unknown> {
  let finished = 0;
  const done = await Promise.all(
    [3, 2, 1].map(async (n) => {
      const value = await sys.echo(n * 10);
      finished += 1;
      return value + finished;
    }),
  );
  return [done, finished];
}

export async function allWithPlainValues(sys: Probe): Promise<unknown> {
  return Promise.all([1, sys.echo(2), 'three', null]);
}

export async function allOfNothing(sys: Probe): Promise<unknown> {
  const none = await Promise.all([]);
  return [none, await sys.echo('end')];
}

export async function allRejected(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  try {
    await Promise.all([work(sys, 'long', 4), breaks(sys, 'second'), work(sys, 'third', 1)]);
  } catch (error) {
    log.push((error as Error).message);
  }
  log.push(await sys.echo('after'), await sys.echo('more'), await sys.echo('most'));
  return log;
}

export async function raceOfTwo(sys: Probe): Promise<unknown> {
  const first = await Promise.race([work(sys, 'slow', 3), work(sys, 'fast', 1)]);
  return [first, await sys.echo('a'), await sys.echo('b'), await sys.echo('c')];
}

export async function raceRejected(sys: Probe): Promise<unknown> {
  try {
    return await Promise.race([work(sys, 'slow', 4), sys.fail('at once')]);
  } catch (error) {
    return [(error as Error).message, await sys.echo('after'), await sys.echo('later'), await sys.echo('last')];
  }
}

export async function anyOfTwo(sys: Probe): Promise<unknown> {
  const first = await Promise.any([breaks(sys, 'bad'), work(sys, 'good', 3), sys.fail('worse')]);
  return [first, await sys.echo('end')];
}

export async function anyAllRejected(sys: Probe): Promise<unknown> {
  try {
    return await Promise.any([sys.fail('one'), breaks(sys, 'two')]);
  } catch (error) {
    const { name, errors } = error as AggregateError;
    return [name, errors.map((each) => (each as Error).message), await sys.echo('end')];
  }
}

export async function allSettled(sys: Probe): Promise<unknown> {
  const outcomes = await Promise.allSettled([sys.echo(1), sys.fail('two'), breaks(sys, 'three'), 4]);
  return outcomes.map((each) =>
    each.status === 'fulfilled' ? [each.status, each.value] : [each.status, (each.reason as Error).message],
  );
}

export async function nestedJoins(sys: Probe): Promise<unknown> {
  return Promise.all([
    Promise.all([work(sys, 'a', 1), work(sys, 'b', 2)]),
    Promise.race([work(sys, 'c', 2), work(sys, 'd', 3)]),
    sys.echo('e'),
  ]);
}

export async function storedCall(sys: Probe): Promise<unknown> {
  const pending = work(sys, 'stored', 2);
  const other = await sys.echo('meanwhile');
  return [other, await pending, await sys.echo('end')];
}

export async function storedAndAwaitedTwice(sys: Probe): Promise<unknown> {
  const pending = sys.echo({ shared: 1 });
  await sys.echo('meanwhile');
  const [a, b] = [await pending, await pending];
  return [a === b, a];
}

export async function storedRejection(sys: Probe): Promise<unknown> {
  const pending = breaks(sys, 'stored');
  try {
    return await pending;
  } catch (error) {
    return [(error as Error).message, await sys.echo('caught')];
  }
}

export async function storedInList(sys: Probe): Promise<unknown> {
  const pending: Promise<string>[] = [];
  for (const name of ['x', 'y', 'z']) pending.push(work(sys, name, 1));
  const seen: string[] = [];
  for (const each of pending) seen.push(await each);
  return seen;
}

export async function storedThenJoined(sys: Probe): Promise<unknown> {
  const one = work(sys, 'one', 2);
  const two = sys.echo('two');
  const both = Promise.all([one, two, one]);
  const meanwhile = await sys.echo('meanwhile');
  return [meanwhile, await both];
}

export async function passedToFunction(sys: Probe): Promise<unknown> {
  const both = async (a: Promise<string>, b: Promise<number>): Promise<string> => `${await a}${await b}`;
  return both(work(sys, 'w', 1), sys.add(1, 2));
}

export async function queueOfWorkers(sys: Probe): Promise<unknown> {
  const tasks = ['t1', 't2', 't3', 't4', 't5'];
  const done: string[] = [];
  const worker = async (name: string): Promise<number> => {
    let count = 0;
    for (let next = tasks.shift(); next !== undefined; next = tasks.shift()) {
      done.push(await sys.echo(name + next));
      count += 1;
    }
    return count;
  };
  const counts = await Promise.all([worker('A'), worker('B')]);
  return [counts, done];
}

export async function joinInTryFinally(sys: Probe): Promise<unknown> {
  const log: unknown[] = [];
  const guarded = async (name: string): Promise<string> => {
    try {
      return await work(sys, name, 2);
    } finally {
      log.push(await sys.echo(`${name} closes`));
    }
  };
  log.push(await Promise.all([guarded('g'), guarded('h')]));
  return log;
}

export async function joinInLoop(sys: Probe): Promise<unknown> {
  const rounds: unknown[] = [];
  for (let round = 0; round < 3; round++) {
    rounds.push(await Promise.all([sys.echo(round), sys.add(round, round)]));
  }
  return rounds;
}

export async function sharedStateOfFibers(sys: Probe): Promise<unknown> {
  const account = { balance: 10 };
  const spend = async (amount: number): Promise<boolean> => {
    const before = account.balance;
    await sys.echo(amount);
    if (before < amount) return false;
    account.balance -= amount;
    return true;
  };
  return [await Promise.all([spend(7), spend(6)]), account];
}

export async function resolveAndReject(sys: Probe): Promise<unknown> {
  const value = await Promise.resolve(await sys.echo(1));
  try {
    await Promise.reject(new Error('refused'));
  } catch (error) {
    return [value, (error as Error).message, await sys.echo('end')];
  }
  return 'not reached';
}
