/** Loops of every kind, with calls in each part of their heads and bodies. */
import type { Probe, ShapeArgs } from '../probe.ts';

export async function countsUp(sys: Probe, args: ShapeArgs): Promise<unknown> {
  let total = 0;
  for (let i = 0; i < args.n; i++) total += await sys.echo(i);
  return total;
}

export async function callsInHead(sys: Probe, args: ShapeArgs): Promise<unknown> {
  const seen: number[] = [];
  for (let i = await sys.echo(1); (await sys.echo(i)) < args.n + 1; i += await sys.echo(1)) seen.push(i);
  return seen;
}

export async function twoVariablesInHead(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  for (let i = 0, j = 5; i < j; i += await sys.echo(1), j -= 1) seen.push(`${i}:${j}`);
  return seen;
}

export async function whileWithCallInTest(sys: Probe): Promise<unknown> {
  let left = 3;
  const seen: number[] = [];
  while ((left = await sys.add(left, -1)) >= 0) seen.push(left);
  return [left, seen];
}

export async function doWhile(sys: Probe): Promise<unknown> {
  let i = 0;
  do {
    i += await sys.echo(2);
    if (i === 4) continue;
    await sys.echo(`body ${i}`);
  } while ((await sys.echo(i)) < 7);
  return i;
}

export async function nestedLoops(sys: Probe): Promise<unknown> {
  const table: number[][] = [];
  for (let row = 0; row < 3; row++) {
    const cells: number[] = [];
    for (let column = 0; column < 3; column++) cells.push(await sys.echo(row * column));
    table.push(cells);
  }
  return table;
}

export async function breaksAndContinues(sys: Probe): Promise<unknown> {
  const seen: number[] = [];
  for (let i = 0; ; i++) {
    if (i === 2) continue;
    if (i > 4) break;
    seen.push(await sys.echo(i));
  }
  return seen;
}

export async function forOfArray(sys: Probe, args: ShapeArgs): Promise<unknown> {
  const seen: unknown[] = [];
  for (const item of args.list) seen.push(await sys.echo(item), item);
  return seen;
}

export async function forOfGrowingArray(sys: Probe): Promise<unknown> {
  const queue = [1, 2];
  const seen: number[] = [];
  for (const item of queue) {
    seen.push(await sys.echo(item));
    if (item < 4) queue.push(item + 2);
  }
  return [seen, queue];
}

export async function forOfShrinkingArray(sys: Probe): Promise<unknown> {
  const list = [1, 2, 3, 4, 5, 6];
  const seen: number[] = [];
  for (const item of list) {
    seen.push(await sys.echo(item));
    list.pop();
  }
  return [seen, list];
}

export async function forOfString(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  for (const letter of 'aé𝒳z') seen.push(await sys.echo(letter));
  return seen;
}

export async function forOfHoles(sys: Probe): Promise<unknown> {
  const list: (number | undefined)[] = [1];
  list[3] = 4;
  const seen: unknown[] = [];
  for (const item of list) seen.push(await sys.echo(item === undefined ? 'none' : item));
  return [seen, 1 in list, list];
}

export async function forOfEntries(sys: Probe): Promise<unknown> {
  const seen: unknown[] = [];
  for (const [index, word] of ['a', 'b', 'c'].entries()) seen.push(await sys.echo(`${index}${word}`));
  return seen;
}

export async function forOfTypedArray(sys: Probe): Promise<unknown> {
  let sum = 0;
  for (const byte of Uint8Array.of(250, 251, 252)) sum = await sys.add(sum, byte);
  return sum;
}

export async function forInObject(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  const record: Record<string, number> = { b: 1, a: 2, 7: 3 };
  for (const key in record) seen.push(await sys.echo(key + record[key]));
  return seen;
}

export async function forInGrowing(sys: Probe): Promise<unknown> {
  const seen: string[] = [];
  const record: Record<string, number> = { x: 1, y: 2, z: 3 };
  for (const key in record) {
    seen.push(await sys.echo(key));
    if (key === 'x') delete record.y;
  }
  return [seen, record];
}

export async function innerLoopWithoutCalls(sys: Probe): Promise<unknown> {
  const sieve: boolean[] = [];
  const primes: number[] = [];
  for (let i = 2; i < 30; i++) {
    if (sieve[i] === true) continue;
    primes.push(i);
    for (let k = i * i; k < 30; k += i) sieve[k] = true;
    if (i % 7 === 0) await sys.echo(primes.length);
  }
  return primes;
}

export async function loopVariableAssignedInBody(sys: Probe): Promise<unknown> {
  const seen: number[] = [];
  for (let i = 0; i < 10; i++) {
    seen.push(i);
    i = await sys.add(i, i);
  }
  return seen;
}

export async function headWithoutParts(sys: Probe): Promise<unknown> {
  let i = 0;
  for (;;) {
    i++;
    if ((await sys.echo(i)) > 2) return i;
  }
}

export async function assignsOuterVariableInForOf(sys: Probe): Promise<unknown> {
  let last = 0;
  const box: { at?: number } = {};
  for (last of [4, 5, 6]) await sys.echo(last);
  for (box.at of [7, 8]) await sys.echo(box.at);
  return [last, box];
}
