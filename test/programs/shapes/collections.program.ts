/** Maps, sets, typed arrays and graphs: iterated while they change, shared, aliased, kept across calls. */
import type { Probe } from '../probe.ts';

export async function mapGrowsWhileIterated(sys: Probe): Promise<unknown> {
  const map = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  const seen: string[] = [];
  for (const [key, value] of map) {
    seen.push(await sys.echo(key + value));
    if (value < 4) map.set(`${key}+`, value + 2);
  }
  return [seen, map];
}

export async function mapShrinksWhileIterated(sys: Probe): Promise<unknown> {
  const map = new Map([1, 2, 3, 4, 5].map((n) => [n, n * n]));
  const seen: number[] = [];
  for (const [key] of map) {
    seen.push(await sys.echo(key));
    map.delete(key);
    map.delete(key + 1);
  }
  return [seen, map.size];
}

export async function setReordersWhileIterated(sys: Probe): Promise<unknown> {
  const set = new Set([1, 2, 3]);
  const seen: number[] = [];
  for (const item of set) {
    seen.push(await sys.echo(item));
    if (seen.length > 5) break;
    set.delete(item);
    set.add(item);
  }
  return [seen, set];
}

export async function setClearedWhileIterated(sys: Probe): Promise<unknown> {
  const set = new Set(['a', 'b', 'c']);
  const seen: string[] = [];
  for (const item of set) {
    seen.push(await sys.echo(item));
    if (item === 'b') {
      set.clear();
      set.add('d');
    }
  }
  return seen;
}

export async function keysAndValues(sys: Probe): Promise<unknown> {
  const map = new Map([
    ['x', 1],
    ['y', 2],
  ]);
  const seen: unknown[] = [];
  for (const key of map.keys()) seen.push(await sys.echo(key));
  for (const value of map.values()) seen.push(await sys.echo(value));
  for (const index of ['p', 'q'].keys()) seen.push(await sys.echo(index));
  for (const [a, b] of new Set([5]).entries()) seen.push(await sys.echo(a + b));
  return seen;
}

export async function iteratorsBetweenCalls(sys: Probe): Promise<unknown> {
  const list = [1, 2, 3];
  const seen: unknown[] = [list[Symbol.iterator]().next(), 'h\u00e9'[Symbol.iterator]().next()];
  await sys.echo('between');
  list.push(4);
  seen.push([...list.entries()], [...new Map([['k', 'v']]).keys()]);
  await sys.echo('between again');
  return [...seen, Array.from(list.keys())];
}

export async function typedArraysShareABuffer(sys: Probe): Promise<unknown> {
  const buffer = new ArrayBuffer(16);
  const bytes = new Uint8Array(buffer);
  const words = new Uint32Array(buffer, 4, 2);
  const part = bytes.subarray(6, 10);
  words[0] = 0x01020304;
  await sys.echo('held');
  part[0] = 255;
  words[1] = 7;
  await sys.echo('held again');
  return [[...bytes], words[0], part.length, words.buffer === bytes.buffer, part.buffer === buffer];
}

export async function numericEdges(sys: Probe): Promise<unknown> {
  const values = [-0, Number.NaN, Number.POSITIVE_INFINITY, -1 / 3, 2 ** 53, 5e-324, 123456789012345678901234567890n];
  await sys.echo('held');
  const [negative] = values as number[];
  return [Object.is(negative, -0), Number.isNaN(values[1]), values[2], values[3], values[4], values[5], `${values[6]}`];
}

export async function stringEdges(sys: Probe): Promise<unknown> {
  const lone = 'a\ud800b';
  const texts = ['', lone, '\u0000', 'é😀', 'x'.repeat(100)];
  await sys.echo('held');
  return [texts.map((text) => text.length), texts[1] === lone, texts[1]?.charCodeAt(1), texts[3]];
}

export async function cyclicGraph(sys: Probe): Promise<unknown> {
  interface Person {
    name: string;
    friends: Person[];
    index?: Map<string, Person>;
  }
  const ann: Person = { name: 'ann', friends: [] };
  const bob: Person = { name: 'bob', friends: [ann] };
  ann.friends.push(bob, ann);
  ann.index = new Map([['bob', bob]]);
  const all = new Set([ann, bob]);
  await sys.echo('held');
  return [ann.friends[0] === bob, ann.friends[1] === ann, ann.index.get('bob') === bob, all.has(bob.friends[0]!)];
}

export async function bigGraph(sys: Probe): Promise<unknown> {
  interface Link {
    value: number;
    next: Link | null;
  }
  let list: Link | null = null;
  for (let value = 0; value < 5000; value++) list = { value, next: list };
  const rows = Array.from({ length: 200 }, (_, id) => ({ id, name: `row ${id}`, tags: [id % 3, id % 5] }));
  const byTag = new Map<number, (typeof rows)[number][]>();
  for (const row of rows) byTag.set(row.tags[0]!, [...(byTag.get(row.tags[0]!) ?? []), row]);
  await sys.echo('held');
  let sum = 0;
  for (let at = list; at !== null; at = at.next) sum += at.value;
  return [sum, byTag.get(1)?.[0] === rows[1], byTag.size];
}

export async function deepRecursion(sys: Probe): Promise<unknown> {
  const down = async (depth: number): Promise<number> => {
    if (depth === 0) return sys.echo(0);
    const below = await down(depth - 1);
    return below + 1;
  };
  return down(300);
}

export async function datesAndExpressions(sys: Probe): Promise<unknown> {
  const date = new Date(1_000_000_000_000);
  const pattern = /b(\d)/g;
  pattern.test('a b1 b2');
  await sys.echo('held');
  date.setUTCFullYear(2020);
  return [date.toISOString(), pattern.exec('a b1 b2')?.[1], pattern.source, pattern.flags];
}

export async function frozenAndOddObjects(sys: Probe): Promise<unknown> {
  const frozen = Object.freeze({ a: 1 });
  const bare = Object.assign(Object.create(null) as Record<string, unknown>, { b: 2 });
  await sys.echo('held');
  return [Object.isFrozen(frozen), Object.getPrototypeOf(bare) === null, bare.b, '__proto__' in bare];
}

export async function oddKeys(sys: Probe): Promise<unknown> {
  const record: Record<string, unknown> = JSON.parse('{"__proto__": 1, "constructor": 2, "": 3}');
  await sys.echo('held');
  return [Object.keys(record), Object.getPrototypeOf(record) === Object.prototype, record.constructor];
}

export async function dataViews(sys: Probe): Promise<unknown> {
  const view = new DataView(new ArrayBuffer(12), 2, 8);
  view.setFloat32(0, 1.5);
  await sys.echo('held');
  view.setInt16(4, -2, true);
  await sys.echo('held again');
  return [view.getFloat32(0), view.getInt16(4, true), view.byteOffset, view.byteLength];
}

export async function mapKeysByIdentity(sys: Probe): Promise<unknown> {
  const key = { id: 1 };
  const twin = { id: 1 };
  const map = new Map<unknown, string>([
    [key, 'key'],
    [twin, 'twin'],
    [Number.NaN, 'nan'],
    [0, 'zero'],
  ]);
  await sys.echo('held');
  return [map.get(key), map.get(twin), map.get({ id: 1 }), map.get(Number.NaN), map.get(-0)];
}

export async function intrinsicsHeld(sys: Probe): Promise<unknown> {
  const max = Math.max;
  const table = { parse: JSON.parse, kind: Array, check: Number.isInteger };
  await sys.echo('held');
  return [max(1, 3), table.parse('[2]'), new table.kind(2).length, table.check(2.5)];
}

export async function mutatesArrayWithMethods(sys: Probe): Promise<unknown> {
  const stack: number[] = [];
  for (const item of [3, 1, 2]) stack.unshift(await sys.echo(item));
  stack.splice(1, 1, await sys.echo(9), await sys.echo(8));
  stack.sort((a, b) => a - b);
  return [stack, stack.indexOf(await sys.echo(8)), stack.at(await sys.echo(-1))];
}

export async function memoTable(sys: Probe): Promise<unknown> {
  const memo: Record<number, number> = {};
  const fibonacci = async (n: number): Promise<number> => {
    if (n in memo) return memo[n]!;
    const value = n < 2 ? await sys.echo(n) : (await fibonacci(n - 1)) + (await fibonacci(n - 2));
    memo[n] = value;
    return value;
  };
  return [await fibonacci(10), memo];
}
