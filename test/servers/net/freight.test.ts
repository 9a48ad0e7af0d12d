import { describe, expect, it } from 'vitest';
import { figures } from '../../../kernel/vm/describe.ts';
import type { PortName } from '../../../ports/name.ts';
import type { Received } from '../../../ports/port.ts';
import { type Actor, type Node, receiveRight, sendRight, World } from '../../support/two-kernels.ts';

const MIB = 1 << 20;

/** Memory of an actor in which every 4 KiB begin with another number. */
const memoryOf = (actor: Actor, size: number, mark = 1): number => {
  const address = actor.call({ op: 'vm_allocate', size, anywhere: true })['address'] as number;
  const { vm } = actor.host.sys;
  for (let at = 0; at < size; at += 4096) vm.setU32(address + at, mark + at);
  return address;
};

/** True if what has arrived is what `memoryOf` made. */
const isWhole = (actor: Actor, message: Received | null, size: number, mark = 1): boolean => {
  const item = message?.items?.find(({ kind }) => kind === 'ool');
  if (item?.kind !== 'ool' || item.size !== size) return false;
  const { vm } = actor.host.sys;
  for (let at = 0; at < size; at += 4096) if (vm.getU32(item.address + at) !== mark + at) return false;
  return true;
};

/** An owner on `b` with two ports, and a sender on `a` with rights to them. */
const scene = (a: Node, b: Node) => {
  const [sender, owner] = [a.actor('sender'), b.actor('owner')];
  const ports = [owner.port(), owner.port()] as const;
  owner.checkIn(ports[0], 'one');
  owner.checkIn(ports[1], 'other');
  return { sender, owner, ports, ways: [sender.lookUp(b, 'one'), sender.lookUp(b, 'other')] as const };
};

const ool = (address: number, size: number) => ({ kind: 'ool', address, size, deallocate: true }) as const;

/** Nothing is left of any freight. */
const isClear = (...nodes: Node[]): boolean =>
  nodes.every((node) => {
    const { loaded, charged } = node.census();
    return loaded === 0 && charged === 0 && figures(node.netTask.memory).regions === 0;
  });

describe('a message of the largest size there is', () => {
  it('arrives, over sessions whose payloads are smaller', () => {
    const { a, b, settle } = new World().linked('a', 'b');
    const { sender, owner, ports, ways } = scene(a, b);
    const size = 64 * MIB;
    expect(sender.send(ways[0], 1, 'x'.repeat(200_000), [ool(memoryOf(sender, size), size)])).toBe('MACH_MSG_SUCCESS');
    settle();
    const message = owner.take(ports[0]);
    expect(message?.body).toBe('x'.repeat(200_000));
    expect(isWhole(owner, message, size)).toBe(true);
    settle();
    expect(isClear(a, b)).toBe(true);
  });

  it('does not hold up another channel, and is not overtaken on its own', () => {
    const world = new World();
    const [a, b] = [world.node('a', { piecesMax: 1 }), world.node('b', { piecesMax: 1 })];
    const { sender, owner, ports, ways } = scene(a, b);
    const size = 32 * MIB;
    sender.send(ways[0], 1, null, [ool(memoryOf(sender, size), size)]);
    sender.send(ways[0], 2);
    sender.send(ways[1], 3);
    let rounds = 0;
    for (; owner.take(ports[1])?.id !== 3; rounds += 1) world.steps(1);
    // A few turns of both kernels, where 32 MiB are more than 500 pieces.
    expect(rounds).toBeLessThan(30);
    expect(owner.take(ports[0])).toBeNull();
    world.run();
    const first = owner.take(ports[0]);
    expect([first?.id, isWhole(owner, first, size), owner.take(ports[0])?.id]).toEqual([1, true, 2]);
    expect(isClear(a, b)).toBe(true);
  });

  it('is as fast as its neighbour: pieces go by turns', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const { sender, owner, ports, ways } = scene(a, b);
    sender.send(ways[0], 1, null, [ool(memoryOf(sender, 32 * MIB), 32 * MIB)]);
    sender.send(ways[1], 2, null, [ool(memoryOf(sender, MIB), MIB)]);
    while (owner.take(ports[1])?.id !== 2) world.steps(1);
    expect(b.charged).toBe(32 * MIB);
    expect(owner.take(ports[0])).toBeNull();
    world.run();
    expect(owner.take(ports[0])?.id).toBe(1);
  });
});

describe('room for freight', () => {
  it('is charged before it is taken, and waited for in turn', () => {
    const world = new World();
    const [a, b] = [world.node('a', { freightMax: MIB }), world.node('b', { freightMax: MIB })];
    const { sender, owner, ports, ways } = scene(a, b);
    const size = 700 * 1024;
    for (const [way, id] of [
      [ways[0], 1],
      [ways[1], 2],
    ] as const)
      sender.send(way, id, null, [ool(memoryOf(sender, size, id), size)]);
    let most = 0;
    for (let isOver = false; !isOver; most = Math.max(most, b.charged)) isOver = world.steps(1);
    expect(most).toBe(size);
    expect(isWhole(owner, owner.take(ports[0]), size, 1)).toBe(true);
    expect(isWhole(owner, owner.take(ports[1]), size, 2)).toBe(true);
  });

  it('is never given to what is larger: the message is given up, its channel goes on', () => {
    const world = new World();
    const [a, b] = [world.node('a', { freightMax: MIB }), world.node('b')];
    const { sender, owner, ports, ways } = scene(a, b);
    const right = sender.port();
    sender.send(ways[0], 1, null, [ool(memoryOf(sender, 2 * MIB), 2 * MIB), receiveRight(right)]);
    sender.send(ways[0], 2);
    world.run();
    expect(owner.takeIds(ports[0])).toEqual([2]);
    expect(a.census().refused).toBe(1);
    expect(isClear(a, b)).toBe(true);
  });
});

describe('freight', () => {
  it('follows a reply', () => {
    const { a, b, settle } = new World().linked('a', 'b');
    const { sender, owner, ports, ways } = scene(a, b);
    const reply = sender.port();
    sender.send(ways[0], 1, null, [], reply);
    settle();
    const request = owner.take(ports[0]);
    owner.send(request?.remote as PortName, 101, null, [ool(memoryOf(owner, MIB), MIB)]);
    settle();
    expect(isWhole(sender, sender.take(reply), MIB)).toBe(true);
    settle();
    expect(isClear(a, b)).toBe(true);
  });

  it('goes straight to where the port is, also when the port has moved on', () => {
    for (let seed = 1; seed <= 12; seed += 1) {
      const world = new World(seed);
      const nodes = ['a', 'b', 'c'].map((name) => world.node(name)) as [Node, Node, Node];
      const [a, b, c] = nodes;
      const { sender, owner, ports, ways } = scene(a, b);
      const other = c.actor('other');
      const box = other.port();
      other.checkIn(box, 'box');
      const toBox = owner.lookUp(c, 'box');
      for (let id = 1; id <= 3; id += 1) {
        sender.send(ways[0], id, null, [ool(memoryOf(sender, MIB, id), MIB)]);
        world.steps(10 * seed);
      }
      owner.send(toBox, 9, null, [receiveRight(ports[0])]);
      world.run();
      const port = other.right(other.take(box));
      for (let id = 1; id <= 3; id += 1) expect(isWhole(other, other.take(port), MIB, id), `seed ${seed}`).toBe(true);
      world.run();
      expect(isClear(...nodes), `seed ${seed}`).toBe(true);
    }
  });

  it('comes home with a port that comes to its sender', () => {
    const world = new World();
    const limits = { credit: 8, proxyQlimit: 8 };
    const [a, b] = [world.node('a', limits), world.node('b', limits)];
    const { sender, owner, ports, ways } = scene(a, b);
    const box = sender.port();
    sender.checkIn(box, 'box');
    const toBox = owner.lookUp(a, 'box');
    for (let id = 1; id <= 8; id += 1) {
      sender.send(ways[0], id, null, [ool(memoryOf(sender, MIB, id), MIB)]);
      world.steps(30);
    }
    owner.send(toBox, 9, null, [receiveRight(ports[0])]);
    world.run();
    const port = sender.right(sender.take(box));
    for (let id = 1; id <= 8; id += 1) {
      expect(isWhole(sender, sender.take(port), MIB, id), `${id}`).toBe(true);
      world.run();
    }
    expect(isClear(a, b)).toBe(true);
  });

  it('is forgotten with the node that had it, or was to have it', () => {
    for (const victim of ['a', 'b'] as const) {
      const world = new World();
      const [a, b] = [world.node('a'), world.node('b')];
      const { sender, owner, ports, ways } = scene(a, b);
      sender.send(ways[0], 1, null, [ool(memoryOf(sender, 8 * MIB), 8 * MIB), sendRight(sender.port())]);
      world.steps(40);
      const [dead, left] = victim === 'a' ? [a, b] : [b, a];
      world.kill(dead);
      world.run();
      expect(isClear(left), victim).toBe(true);
      if (left === b) expect(owner.take(ports[0])).toBeNull();
    }
  });
});
