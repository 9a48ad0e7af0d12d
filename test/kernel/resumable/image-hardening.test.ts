import { describe, expect, it } from 'vitest';
import { Fiber, Future, Group, Join, JoinSlot } from '../../../kernel/resumable/fiber.ts';
import { Gen } from '../../../kernel/resumable/generator.ts';
import { decodeGraph } from '../../../kernel/resumable/image/decode.ts';
import { encodeGraph } from '../../../kernel/resumable/image/encode.ts';
import { ImageError, ImageRefusal } from '../../../kernel/resumable/image/error.ts';
import { thaw } from '../../../kernel/resumable/image/heap.ts';
import * as tag from '../../../kernel/resumable/image/tags.ts';
import { CollectionIter, KeysIter, ListIter, TextIter } from '../../../kernel/resumable/iterators.ts';
import { sys } from '../../../kernel/resumable/sys/sys.ts';
import type { Body } from '../../../ports/body.ts';
import { Bytes } from '../../../ports/bytes.ts';
import { counter, frozen, names, Point, Problem, pair, type Scope, Secret, serving, TABLE } from './image-scene.ts';

/** A thread with one of everything; or with part `part` of `parts` of it. */
const everything = (part = 0, parts = 1): Fiber => {
  const fiber = new Fiber(new Group(), null);
  const scope: Scope = { count: 1 };
  scope.next = counter(scope);
  const buffer = new ArrayBuffer(16);
  const map = new Map<unknown, unknown>([
    ['a', 1],
    [scope, [1, 2]],
  ]);
  const join = new Join('all');
  join.left = 1;
  join.outcomes.push(undefined);
  const future = new Future();
  future.waiting?.push(fiber, new JoinSlot(join, 0));
  const list = [
    new Point(1, 2),
    new Problem('bad', { deep: true }),
    new Secret([1, scope]),
    Object.freeze([1, 2, 3]),
    Object.freeze({ f: scope.next, p: pair(scope, map) }),
    new Uint16Array(buffer, 2, 3),
    new DataView(buffer),
    Bytes.from([1, 2, 3]),
    new Date(5),
    /x+/gi,
    new Set(['s', -0, 7n]),
    map,
    Object.assign(Object.create(null) as object, { text: 'na\u00efve \ud83d', none: undefined }),
    Object.defineProperty({}, 'get', { get: scope.next }),
    Symbol.for('shared'),
    Symbol.iterator,
    Math.max,
    TABLE,
    Point,
    Point.prototype.sum,
    sys,
    new CollectionIter(map, 'entries'),
    new ListIter([1, 2], 'values'),
    new TextIter('abc'),
    new KeysIter({ a: 1 }, ['a']),
    new Gen(serving('inner')),
    future,
    join,
  ];
  const sparse: unknown[] = [];
  sparse[1000] = 1;
  const share = list.filter((_, i) => i % parts === part);
  fiber.stack.push(serving(share, scope), serving(sparse));
  return fiber;
};

/** A small generator of numbers (mulberry32). */
const seeded = (seed: number): ((below: number) => number) => {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

const prototypes = [Object, Array, Map, Set, Error, Function, Date, RegExp, Uint8Array, Point, Problem, Secret, Fiber];
const keysOfPrototypes = (): string =>
  prototypes.map(({ prototype }) => Reflect.ownKeys(prototype).map(String).join()).join('|');

/** Lets a decoding happen; it may only fail by an ImageError, which says where. */
const outcomeOf = (decode: () => unknown[]): 'read' | 'refused' => {
  try {
    const [fiber] = decode();
    if (fiber instanceof Fiber && fiber.stack.some((frame) => frame.$n > 1)) throw new Error('a state of no code');
    return 'read';
  } catch (thrown) {
    if (!(thrown instanceof ImageError)) throw thrown;
    expect(thrown.place).toMatch(/^(byte|node|image|table|roots)/);
    return 'refused';
  }
};

describe('an image of a stranger', () => {
  const PARTS = 8;
  const images = Array.from({ length: PARTS }, (_, part) => frozen(everything(part, PARTS)).bytes.toUint8Array());

  it('is read, or refused by code and place, with any bytes in it changed: 80,000 times', () => {
    const before = keysOfPrototypes();
    const random = seeded(20_251);
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 80_000; i += 1) {
      const image = images[i % PARTS] as Uint8Array;
      const mutant = image.slice(0, random(20) === 0 ? random(image.length) : image.length);
      for (let n = 1 + random(3); n > 0; n -= 1) mutant[random(mutant.length)] = random(256);
      counts[outcomeOf(() => thaw(Bytes.adopt(mutant), names))] += 1;
    }
    expect(keysOfPrototypes()).toBe(before);
    expect(counts.read).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(10_000);
  }, 120_000);

  it('is read, or refused, with its nodes changed: 20,000 times', () => {
    const before = keysOfPrototypes();
    const encoded = encodeGraph([everything()], names, 'state');
    if (encoded instanceof ImageRefusal) throw new Error(encoded.toString());
    const { nodes, roots } = encoded;
    const random = seeded(77);
    const values: readonly ((n: number) => Body)[] = [
      (n) => [random(nodes.length + (n % 2))],
      () => [],
      () => random(30),
      () => -1,
      () => 2 ** 40,
      () => '__proto__',
      () => 'constructor',
      () => null,
      () => undefined,
      () => ({ a: 1 }),
      () => [random(nodes.length), 1],
      () => 0.5,
      () => Bytes.from([1]),
    ];
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 20_000; i += 1) {
      const mutant = [...nodes];
      for (let n = 1 + random(2); n > 0; n -= 1) {
        const at = random(mutant.length);
        const node = [...(mutant[at] ?? [])];
        const place = random(node.length + 1);
        if (random(8) === 0) mutant[at] = [...(nodes[random(nodes.length)] ?? [])];
        else {
          node.splice(place, random(4) === 0 ? 0 : 1, values[random(values.length)]?.(i));
          mutant[at] = node;
        }
      }
      counts[outcomeOf(() => decodeGraph([tag.IMAGE_VERSION, roots, mutant], names))] += 1;
    }
    expect(keysOfPrototypes()).toBe(before);
    expect(counts.read).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(1000);
  }, 120_000);

  const table = (...nodes: Body[]): unknown => [tag.IMAGE_VERSION, [[0]], nodes];
  const shape = (...keys: Body[]): Body => [tag.SHAPE, 0, 1, ...keys];

  it.each<readonly [string, unknown, string]>([
    ['nothing', null, 'V02 at table'],
    ['another version', [2, [], []], 'V02 at table'],
    ['no nodes', [1, [], 5], 'V03 at table'],
    ['a root of no node', [1, [[7]], []], 'V03 at roots'],
    ['a node that is none', table([tag.ARRAY], 5), 'V03 at node 1'],
    ['an unknown kind', table([99]), 'V03 at node 0'],
    ['a reference beyond the end', table([tag.ARRAY, [1]]), 'V03 at node 0'],
    ['a reference to a shape', table([tag.ARRAY, [1]], shape()), 'V03 at node 0'],
    ['fewer values than keys', table([tag.OBJECT, 1], shape('a', 7)), 'V03 at node 0'],
    ['a key twice', table([tag.OBJECT, 1, 1, 2], shape('a', 7, 'a', 7)), 'V03 at node 1: a key twice'],
    ['a prototype that is no class', table([tag.OBJECT, 1], [tag.SHAPE, [2], 1], [tag.INTRINSIC, 'Map']), 'V03'],
    ['an intrinsic off the list', table([tag.INTRINSIC, 'Function']), 'V03 at node 0: a name that is not on the list'],
    ['another intrinsic', table([tag.INTRINSIC, 'eval']), 'V03 at node 0'],
    ['setPrototypeOf', table([tag.INTRINSIC, 'Object.setPrototypeOf']), 'V03 at node 0'],
    ['a module that is not here', table([tag.GLOBAL, 1, 'f'], [tag.MODULE, 'x', 'ff']), 'V01 at node 1'],
    ['a count that is not there', table([tag.MAP, 1, 5], shape()), 'V03 at node 0'],
    [
      'a view beyond its buffer',
      table([tag.VIEW, 2, 2, [1], 1, 8], [tag.BUFFER, 2, Bytes.from([1])], shape()),
      'V03 at node 0',
    ],
    ['an unknown object of the runtime', table([tag.RECORD, 'thread', 1]), 'V03 at node 0'],
    ['a fiber of nothing', table([tag.RECORD, 'fiber', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 'V03 at node 0: does not fit'],
    ['a function', [1, [() => 0], []], 'V03 at roots'],
  ])('is refused: %s', (_, data, says) => {
    expect(() => decodeGraph(data, names)).toThrow(says);
    expect(() => decodeGraph(data, names)).toThrow(ImageError);
  });

  const hash = 'a1'.repeat(32);
  const code = (...node: Body[]): unknown => [1, [[0]], [node, [tag.MODULE, 'hand.program.ts', hash]]];

  it.each<readonly [string, unknown, string]>([
    ['a frame of no function', code(tag.FRAME, 1, 9, 0), 'node 0'],
    ['a state that the function does not have', code(tag.FRAME, 1, 1, 2, 1), 'serve has no such state'],
    ['a fractional state', code(tag.FRAME, 1, 1, 0.5, 1), 'serve has no such state'],
    ['locals that are not live there', code(tag.FRAME, 1, 1, 0, 1, 2), 'serve has other locals'],
    ['a closure of no function', code(tag.CLOSURE, 1, 9), 'node 0'],
    ['a closure with too little around it', code(tag.CLOSURE, 1, 1), 'node 0'],
    ['a closure inside itself', code(tag.CLOSURE, 1, 1, [0]), 'part of what it is made of'],
    ['a binding that is not there', code(tag.GLOBAL, 1, 'nothing'), 'V01 at node 0'],
    ['a binding that is none of the table', code(tag.GLOBAL, 1, '__proto__'), 'V01 at node 0'],
    ['a binding before its time', code(tag.GLOBAL, 1, 'later'), 'V01 at node 0'],
  ])('is refused: %s', (_, data, says) => {
    expect(() => decodeGraph(data, names)).toThrow(says);
  });

  it('may be large, and takes no longer than that', () => {
    const nodes: Body[][] = [[tag.ARRAY]];
    for (let i = 0; i < 100_000; i += 1) nodes.push([tag.CLOSURE, 100_001, 1, [i]]);
    nodes.push([tag.MODULE, 'hand.program.ts', hash]);
    expect(decodeGraph([1, [[100_000]], nodes], names)).toHaveLength(1);
  });
});
