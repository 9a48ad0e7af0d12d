import { describe, expect, it } from 'vitest';
import type { PortName } from '../../../ports/name.ts';
import { type Actor, copyRight, type Node, receiveRight, World } from '../../support/two-kernels.ts';

/** Sends `count` numbered messages, each as soon as there is room. */
const flood = (actor: Actor, to: PortName, from: number, count: number): void => {
  for (let id = from; id < from + count; id += 1)
    void actor.host.send({ remote: to, remoteDisposition: 19, id }).catch(() => undefined);
};

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

/** Takes from a port until nothing comes any more. */
const drain = (world: World, owner: Actor, port: PortName): number[] => {
  const ids: number[] = [];
  for (let more = owner.takeIds(port); more.length > 0; more = owner.takeIds(port)) {
    ids.push(...more);
    world.run();
  }
  return ids;
};

/** A port on `o` whose queue takes one message, and somebody on each node who hands rights to it on. */
const scene = (seed: number) => {
  const world = new World(seed);
  const [o, a, b, c] = [world.node('o'), world.node('a'), world.node('b'), world.node('c')];
  const owner = o.actor('owner');
  const sink = owner.port();
  owner.call({ op: 'port_set_qlimit', name: sink, qlimit: 1 });
  owner.checkIn(sink, 'sink');
  const runners = new Map<Node, { readonly actor: Actor; readonly inbox: PortName }>();
  for (const node of [o, a, b, c]) {
    const actor = node.actor('runner');
    const inbox = actor.port();
    actor.checkIn(inbox, 'runner');
    runners.set(node, { actor, inbox });
  }
  const at = (node: Node) => runners.get(node) as { readonly actor: Actor; readonly inbox: PortName };
  /** Gives a copy of a right to the runner of another node. Answers its name there. */
  const hand = (from: Node, name: PortName, to: Node): PortName => {
    const { actor } = at(from);
    actor.send(actor.lookUp(to, 'runner'), 1, undefined, [copyRight(name)]);
    world.run();
    const { actor: other, inbox } = at(to);
    return other.right(other.take(inbox));
  };
  return { world, o, a, b, c, owner, sink, at, hand };
};

describe('what is sent by a right that was passed on', () => {
  it.each([0, 1, 2, 3, 4])('comes after what was accepted before, however far it went: seed %i', (seed) => {
    const { world, o, a, b, c, owner, sink, at, hand } = scene(seed);
    let right = at(a).actor.lookUp(o, 'sink');
    let n = 0;
    let here = a;
    for (const next of [b, c, a, b]) {
      // Four: one in the queue, what credit allows, one in the proxy.
      for (let tries = 0; tries < 4; tries += 1) {
        if (at(here).actor.send(right, n) === 'MACH_MSG_SUCCESS') n += 1;
        world.run();
      }
      right = hand(here, right, next);
      here = next;
    }
    flood(at(here).actor, right, n, 6);
    world.run();
    expect(drain(world, owner, sink)).toEqual(range(0, n + 6));
    expect(n).toBeGreaterThan(6);
  });

  it.each([0, 1, 2])('waits in front of a port of its own node: seed %i', (seed) => {
    const { world, o, a, owner, sink, at, hand } = scene(seed);
    const right = at(a).actor.lookUp(o, 'sink');
    world.run();
    world.hold(a, o);
    for (let id = 0; id < 4; id += 1) at(a).actor.send(right, id);
    world.release(a, o);
    const local = hand(a, right, o);
    // Taking one makes room, but not for us: what node a has accepted comes first.
    expect(at(o).actor.send(local, 99)).toBe('MACH_SEND_TIMED_OUT');
    flood(at(o).actor, local, 50, 3);
    const got = drain(world, owner, sink);
    const sent = got.filter((id) => id < 50);
    expect(got).toEqual([...range(0, sent.length), 50, 51, 52]);
    expect(sent.length).toBeGreaterThan(1);
    expect(at(o).actor.send(local, 60)).toBe('MACH_MSG_SUCCESS');
    expect(drain(world, owner, sink)).toEqual([60]);
  });

  it.each([0, 1, 2, 3, 4, 5])('keeps its place while the port moves too: seed %i', (seed) => {
    for (const path of ['b', 'c', 'bc', 'ba', 'ac', 'cbo', 'bao']) {
      const { world, o, a, b, c, owner, sink, at, hand } = scene(seed);
      const nodes = new Map([o, a, b, c].map((node) => [node.name, node]));
      let right = at(a).actor.lookUp(o, 'sink');
      for (let id = 0; id < 4; id += 1) {
        at(a).actor.send(right, id);
        world.run();
      }
      right = hand(a, right, b);
      flood(at(b).actor, right, 50, 5);
      world.run();
      let holder = owner;
      let port = sink;
      let home = o;
      const got: number[] = [];
      for (const step of path) {
        const next = nodes.get(step) as Node;
        holder.send(holder.lookUp(next, 'runner'), 2, undefined, [receiveRight(port)]);
        world.run();
        const { actor, inbox } = at(next);
        port = actor.right(actor.take(inbox));
        holder = actor;
        home = next;
        if (seed % 2 === 0) got.push(...holder.takeIds(port));
        world.run();
      }
      got.push(...drain(world, holder, port));
      expect([path, home.name, got]).toEqual([path, home.name, [...range(0, 4), ...range(50, 5)]]);
    }
  });

  it('is let in to a port of its own node when the node that it waited for has died', () => {
    const { world, o, a, owner, sink, at, hand } = scene(0);
    const right = at(a).actor.lookUp(o, 'sink');
    owner.call({ op: 'port_set_qlimit', name: sink, qlimit: 2 });
    for (let id = 0; id < 5; id += 1) {
      at(a).actor.send(right, id);
      world.run();
    }
    const local = hand(a, right, o);
    flood(at(o).actor, local, 50, 2);
    owner.call({ op: 'port_set_qlimit', name: sink, qlimit: 9 }); // a barred port stays barred
    world.run();
    expect(at(o).actor.send(local, 99)).toBe('MACH_SEND_TIMED_OUT');
    world.hold(a, o);
    expect(owner.takeIds(sink)).toEqual([0, 1, 2]);
    world.run();
    expect(owner.takeIds(sink)).toEqual([3]);
    world.lose(a);
    world.kill(a);
    world.run();
    expect(drain(world, owner, sink)).toEqual([50, 51]);
  });

  it('is not kept from coming by a node that has died', () => {
    const { world, o, a, b, owner, sink, at, hand } = scene(0);
    const right = at(a).actor.lookUp(o, 'sink');
    world.hold(a, o);
    for (let id = 0; id < 3; id += 1) {
      at(a).actor.send(right, id);
      world.run();
    }
    const passed = hand(a, right, b);
    at(b).actor.send(passed, 50);
    world.run();
    expect(drain(world, owner, sink)).toEqual([]);
    world.lose(a);
    world.kill(a);
    world.run();
    expect(drain(world, owner, sink)).toEqual([50]);
  });
});
