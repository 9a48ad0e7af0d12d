/** Switch statements: calls in the value, in the tests, between the cases. */
import type { Probe } from '../probe.ts';

export async function plainCases(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  for (const item of [1, 2, 3, 4]) {
    switch (await sys.echo(item)) {
      case 1:
        seen.push(await sys.echo('one'));
        break;
      case 2:
      case 3:
        seen.push(await sys.echo('few'));
        break;
      default:
        seen.push('many');
    }
  }
  return seen;
}

export async function fallsThrough(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  for (const item of ['a', 'b', 'c', 'd']) {
    switch (item) {
      // @ts-expect-error on to the next case
      case 'a':
        seen.push(await sys.echo('a'));
      // @ts-expect-error on to the next case
      case 'b':
        seen.push(await sys.echo('b'));
      // @ts-expect-error on to the next case
      default:
        seen.push(await sys.echo('default'));
      case 'c':
        seen.push(await sys.echo('c'));
        break;
    }
    seen.push('|');
  }
  return seen;
}

export async function callsInTests(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const item of [1, 2, 3, 9]) {
    switch (item) {
      case await sys.echo(1):
        seen.push('first');
        break;
      case await sys.add(1, 1):
        seen.push(await sys.echo('second'));
        break;
      case await sys.echo(3):
        seen.push('third');
        break;
    }
  }
  return seen;
}

export async function defaultInTheMiddle(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const item of [1, 5, 2]) {
    switch (item) {
      case await sys.echo(1):
        seen.push('one');
        break;
      // @ts-expect-error on to the next case
      default:
        seen.push(await sys.echo('other'));
      case await sys.echo(2):
        seen.push('two');
    }
  }
  return seen;
}

export async function scopeOfCases(sys: Probe): Promise<unknown> {
  const reads: (() => string)[] = [];
  for (const item of [0, 1]) {
    switch (item) {
      case 0: {
        const word = await sys.echo('zero');
        reads.push(() => word);
        break;
      }
      case 1: {
        let word = 'one';
        reads.push(() => word);
        word = await sys.echo('uno');
      }
    }
  }
  return reads.map((read) => read());
}

export async function sharedLetOfCases(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const item of [0, 1]) {
    switch (item) {
      case 0:
        let word = await sys.echo('from zero');
        seen.push(() => word);
        word += '!';
        break;
      default:
        seen.push(await sys.echo('from one'));
    }
  }
  return seen.map((each) => (typeof each === 'function' ? each() : each));
}

export async function returnsFromCase(sys: Probe): Promise<unknown> {
  const pick = async (item: number): Promise<string> => {
    switch (item) {
      case 0:
        return sys.echo('zero');
      case 1:
        return await sys.echo('one');
      default:
        throw new Error(await sys.echo(`none for ${item}`));
    }
  };
  const seen = [await pick(0), await pick(1)];
  try {
    seen.push(await pick(2));
  } catch (error) {
    seen.push((error as Error).message);
  }
  return seen;
}

export async function strictEquality(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const item of ['1', 1, Number.NaN, null, undefined, -0]) {
    switch (item) {
      case await sys.echo(1):
        seen.push('number');
        break;
      case Number.NaN:
        seen.push('never');
        break;
      case null:
        seen.push('null');
        break;
      case await sys.echo(0):
        seen.push('zero');
        break;
      default:
        seen.push(typeof item);
    }
  }
  return seen;
}

export async function switchInSwitch(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  for (const [left, right] of [
    [1, 1],
    [1, 2],
    [2, 1],
  ] as const) {
    switch (left) {
      case 1:
        switch (await sys.echo(right)) {
          case 1:
            seen.push('11');
            break;
          default:
            seen.push('1x');
        }
        seen.push(await sys.echo('after'));
        break;
      default:
        seen.push('x');
    }
  }
  return seen;
}

export async function testThrows(sys: Probe): Promise<unknown> {
  try {
    switch (3) {
      case await sys.fail('no such case'):
        return 'matched';
      default:
        return 'default';
    }
  } catch (error) {
    return ['caught', (error as Error).message];
  } finally {
    await sys.echo('finally');
  }
}
