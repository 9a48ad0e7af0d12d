import { describe, expect, it } from 'vitest';
import type { Body } from '../../../ports/body.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import type { Received } from '../../../ports/port.ts';
import {
  type Actor,
  copyRight,
  type Node,
  onceRight,
  receiveRight,
  sendRight,
  World,
} from '../../support/two-kernels.ts';

const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

const flood = (actor: Actor, to: PortName, from: number, count: number): void => {
  for (let id = from; id < from + count; id += 1) {
    void actor.host.send({ remote: to, remoteDisposition: 19, id }).catch(() => undefined);
  }
};

/** An actor on each node, each with a mailbox that all others can send to. */
const people = (world: World, nodes: readonly Node[]) => {
  const actors = nodes.map((node) => node.actor(`actor-${node.name}`));
  const boxes = actors.map((actor) => {
    const box = actor.port();
    actor.checkIn(box, 'mailbox');
    actor.call({ op: 'port_set_qlimit', name: box, qlimit: 100 });
    return box;
  });
  const rights = actors.map((from) =>
    nodes.map((to) => (from.node === to ? MACH_PORT_NULL : from.lookUp(to, 'mailbox'))),
  );
  /** Moves a receive right from one to another, without waiting for it to arrive. */
  const move = (from: number, to: number, port: PortName): void => {
    const right = rights[from]?.[to] as PortName;
    expect(actors[from]?.send(right, 500, null, [receiveRight(port)])).toBe('MACH_MSG_SUCCESS');
  };
  const landed = (at: number): PortName =>
    (actors[at] as Actor).right((actors[at] as Actor).take(boxes[at] as PortName));
  world.run();
  return { actors, boxes, rights, move, landed };
};

describe('a receive right that moves to another node', () => {
  it('brings its queue, and its senders do not notice', () => {
    const world = new World();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    const { actors, move, landed } = people(world, [a, b, c]);
    const [alice, bob, carol] = actors as [Actor, Actor, Actor];
    const port = alice.port();
    alice.checkIn(port, 'port');
    const fromHere = alice.lookUp(a, 'port');
    const fromThird = carol.lookUp(a, 'port');
    const fromDestination = bob.lookUp(a, 'port');
    expect(fromHere).toBe(port);
    alice.call({ op: 'port_set_qlimit', name: port, qlimit: 6 });
    for (const [actor, right, id] of [
      [alice, port, 1],
      [carol, fromThird, 2],
      [bob, fromDestination, 3],
    ] as const) {
      actor.send(right, id);
      world.run();
    }
    move(0, 1, port);
    world.run();
    const arrived = landed(1);
    expect(arrived).toBe(fromDestination);
    expect(bob.types(arrived)).toEqual(['RECEIVE', 'SEND']);
    expect(alice.types(port)).toEqual(['SEND']);
    for (const [actor, right, id] of [
      [alice, port, 11],
      [carol, fromThird, 12],
      [bob, fromDestination, 13],
    ] as const) {
      actor.send(right, id);
      world.run();
    }
    expect(bob.takeIds(arrived)).toEqual([1, 2, 3, 11, 12, 13]);
    expect(c.census().retargeted).toBe(1);
  });

  it('forwards what was on its way, and tells the sender', () => {
    const world = new World();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    const { actors, move, landed } = people(world, [a, b, c]);
    const [alice, bob, carol] = actors as [Actor, Actor, Actor];
    const port = alice.port();
    alice.checkIn(port, 'port');
    const right = carol.lookUp(a, 'port');
    world.hold(c, a);
    world.hold(a, c);
    flood(carol, right, 1, 10);
    world.run();
    move(0, 1, port);
    world.run();
    world.release(c, a);
    world.release(a, c);
    world.run();
    const ids: number[] = [];
    const arrived = landed(1);
    for (let more = bob.takeIds(arrived); more.length > 0; more = bob.takeIds(arrived)) {
      ids.push(...more);
      world.run();
    }
    expect(ids).toEqual(range(1, 10));
    expect(a.census().forwarded).toBeGreaterThan(0);
    expect(c.census().retargeted).toBe(1);
  });

  it('takes back exactly what its owner had not taken', () => {
    for (let seed = 0; seed < 40; seed += 1) {
      const world = new World(seed);
      const nodes = [world.node('a'), world.node('b')] as const;
      const { actors, move, landed } = people(world, nodes);
      const [alice, bob] = actors as [Actor, Actor];
      const port = bob.port();
      bob.call({ op: 'port_set_qlimit', name: port, qlimit: 2 });
      bob.checkIn(port, 'port');
      const right = alice.lookUp(nodes[1], 'port');
      // What alice says and the port's leaving meet in the same turn of bob's netmsg, or nearly.
      world.hold(nodes[0], nodes[1]);
      flood(alice, right, 1, 5);
      world.run();
      world.release(nodes[0], nodes[1]);
      world.steps(seed % 5);
      move(1, 0, port);
      world.run();
      const home = landed(0);
      const ids: number[] = [];
      for (let more = alice.takeIds(home); more.length > 0; more = alice.takeIds(home)) {
        ids.push(...more);
        world.run();
      }
      expect(ids, `seed ${seed}`).toEqual(range(1, 5));
    }
  });

  it('loses, doubles and reorders nothing, however often it moves', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const world = new World(seed);
      const nodes = ['a', 'b', 'c'].map((name) => world.node(name));
      const { actors, move, landed } = people(world, nodes);
      const first = actors[0] as Actor;
      const port = first.port();
      first.checkIn(port, 'port');
      actors.forEach((actor, at) => {
        flood(actor, actor.lookUp(nodes[0] as Node, 'port'), 1000 * (at + 1), 30);
      });
      const ids: number[] = [];
      let [at, name] = [0, port];
      for (let step = 0; step < 12; step += 1) {
        for (let n = 0; n < 1 + ((seed + step) % 4); n += 1) {
          const message = (actors[at] as Actor).take(name);
          if (message !== null) ids.push(message.id);
        }
        const to = (at + 1 + ((seed >> (step % 4)) & 1)) % 3;
        move(at, to, name);
        world.steps(3 + ((seed * 7 + step) % 60));
        let arrived = landed(to);
        for (let tries = 0; arrived === MACH_PORT_NULL && tries < 100; tries += 1) {
          world.steps(20);
          arrived = landed(to);
        }
        expect(arrived, `seed ${seed}, step ${step}`).not.toBe(MACH_PORT_NULL);
        [at, name] = [to, arrived];
      }
      world.run();
      const owner = actors[at] as Actor;
      for (let more = owner.takeIds(name); more.length > 0; more = owner.takeIds(name)) {
        ids.push(...more);
        world.run();
      }
      actors.forEach((_, which) => {
        const from = 1000 * (which + 1);
        expect(
          ids.filter((id) => id >= from && id < from + 1000),
          `seed ${seed}`,
        ).toEqual(range(from, 30));
      });
      expect(ids.length).toBe(90);
    }
  });

  it('still gets the answers to what it has asked', () => {
    const world = new World();
    const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
    const { actors, move, landed } = people(world, [a, b, c]);
    const [alice, bob, carol] = actors as [Actor, Actor, Actor];
    const server = carol.port();
    carol.checkIn(server, 'server');
    const reply = alice.port();
    alice.send(alice.lookUp(c, 'server'), 1, null, [], reply);
    const here = a.actor('here');
    const near = here.port();
    here.checkIn(near, 'near');
    alice.send(alice.lookUp(a, 'near'), 1, null, [], reply);
    world.run();
    move(0, 1, reply);
    world.run();
    const arrived = landed(1);
    carol.send(carol.take(server)!.remote, 2);
    here.send(here.take(near)!.remote, 3);
    world.run();
    const answers = [bob.take(arrived), bob.take(arrived)] as Received[];
    expect(answers.map(({ id, localType }) => [id, localType])).toEqual([
      [3, 18],
      [2, 18],
    ]);
    expect(a.census().callbacks).toBe(0);
  });

  it('hears no-senders at its new place', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const world = new World(seed);
      const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
      const { actors, move, landed } = people(world, [a, b, c]);
      const [alice, bob, carol] = actors as [Actor, Actor, Actor];
      const port = alice.port();
      alice.call({ op: 'port_insert_right', name: port, right: { name: port, disposition: 20 } });
      carol.checkIn(carol.port(), 'unused');
      alice.checkIn(port, 'port');
      const far = carol.lookUp(a, 'port');
      alice.checkIn(alice.port(), 'port'); // netmsg's name for it goes
      const notify = { name: port, disposition: 21 };
      alice.call({ op: 'port_request_notification', name: port, kind: 'NO_SENDERS', sync: 0, notify });
      move(0, 1, port);
      world.run();
      const arrived = landed(1);
      alice.call({ op: 'port_deallocate', name: port });
      world.run();
      expect(bob.takeIds(arrived)).toEqual([]);
      carol.call({ op: 'port_deallocate', name: far });
      world.run();
      expect(bob.takeIds(arrived)).toEqual([70]);
    }
  });

  it('keeps a no-senders request waiting that still waits for the first sender', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const { actors, move, landed } = people(world, [a, b]);
    const [alice, bob] = actors as [Actor, Actor];
    const [port, told] = [alice.port(), alice.port()];
    const notify = { name: told, disposition: 21 };
    alice.call({ op: 'port_request_notification', name: port, kind: 'NO_SENDERS', sync: 1, notify });
    move(0, 1, port);
    world.run();
    const arrived = landed(1);
    expect(alice.takeIds(told)).toEqual([]);
    expect(bob.call({ op: 'port_get_status', name: arrived })).toMatchObject({ srights: false, nsrequest: true });
    bob.call({ op: 'port_insert_right', name: arrived, right: { name: arrived, disposition: 20 } });
    bob.call({ op: 'port_mod_refs', name: arrived, right: 'SEND', delta: -1 });
    world.run();
    expect(alice.takeIds(told)).toEqual([70]);
  });

  it('takes its own send-once rights along', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const { actors, rights, boxes } = people(world, [a, b]);
    const [alice, bob] = actors as [Actor, Actor];
    const port = alice.port();
    alice.send(rights[0]?.[1] as PortName, 500, null, [onceRight(port), receiveRight(port)]);
    world.run();
    const message = bob.take(boxes[1] as PortName);
    expect(bob.call({ op: 'port_get_status', name: bob.right(message, 1) })).toMatchObject({ sorights: 1 });
    expect(a.census()).toMatchObject({ callbacks: 0 });
  });

  it('lands after rights to a port that lies in a queue of its queue', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const { actors, rights, boxes } = people(world, [a, b]);
    const [alice, bob] = actors as [Actor, Actor];
    const [outer, middle, inner] = [alice.port(), alice.port(), alice.port()];
    for (const name of [outer, middle, inner]) {
      alice.call({ op: 'port_insert_right', name, right: { name, disposition: 20 } });
    }
    alice.checkIn(inner, 'inner');
    const known = bob.lookUp(a, 'inner');
    alice.send(middle, 1, null, [receiveRight(inner)]);
    alice.send(outer, 2, null, [receiveRight(middle)]);
    alice.send(rights[0]?.[1] as PortName, 3, null, [copyRight(inner), receiveRight(outer)]);
    world.run();
    const message = bob.take(boxes[1] as PortName);
    expect(bob.right(message, 0)).toBe(known);
    const second = bob.take(bob.right(message, 1));
    const first = bob.take(bob.right(second, 0));
    expect(bob.right(first, 0)).toBe(known);
    alice.send(inner, 4);
    world.run();
    expect(bob.takeIds(known)).toEqual([4]);
  });

  it('carries ports in its queue, and rights to itself', () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    const { actors, move, landed } = people(world, [a, b]);
    const [alice, bob] = actors as [Actor, Actor];
    const [outer, inner] = [alice.port(), alice.port()];
    alice.call({ op: 'port_insert_right', name: outer, right: { name: outer, disposition: 20 } });
    alice.call({ op: 'port_insert_right', name: inner, right: { name: inner, disposition: 20 } });
    alice.send(inner, 1, 'inside');
    alice.send(outer, 2, 'with port', [receiveRight(inner), sendRight(outer), onceRight(outer)]);
    move(0, 1, outer);
    world.run();
    const arrived = landed(1);
    const message = bob.take(arrived);
    expect(message?.body).toBe('with port');
    expect(bob.take(bob.right(message, 0))?.body).toBe('inside');
    expect(bob.right(message, 1)).toBe(arrived);
    alice.send(inner, 3);
    world.run();
    expect(bob.takeIds(bob.right(message, 0))).toEqual([3]);
    bob.send(bob.right(message, 2), 4);
    world.run();
    expect(bob.takeIds(arrived)).toEqual([4]);
  });
});

describe('a staged message', () => {
  const staged = (seed = 0) => {
    const world = new World(seed);
    const [a, b] = [world.node('a'), world.node('b')];
    const { actors } = people(world, [a, b]);
    const [alice, bob] = actors as [Actor, Actor];
    const events = bob.port();
    bob.ask('listen_stages', null, [sendRight(events)]);
    const port = alice.port();
    alice.checkIn(port, 'port');
    const right = bob.lookUp(a, 'port');
    const reply = alice.port();
    alice.send(alice.lookUp(a, 'port'), 1, 'queued', [], reply);
    const rights = [receiveRight(port), sendRight(reply), onceRight(reply)];
    const stage = () => alice.ask('stage', { mid: 'm', peer: 'b', body: 'image' }, rights);
    return { world, a, b, alice, bob, events, port, right, reply, stage };
  };
  const retcode = (message: Received | null): Body => (message?.body as { retcode: string }).retcode;

  it('is shown to the listener without rights, and lands with them when it is committed', () => {
    const { world, alice, bob, events, right, stage } = staged();
    expect(retcode(stage())).toBe('KERN_SUCCESS');
    const shown = bob.take(events);
    expect(shown?.id).toBe(5050);
    expect(shown?.body).toEqual({ mid: 'm', from: 'a', body: 'image' });
    expect(shown?.items).toBeNull();
    bob.send(right, 2);
    world.run();
    expect(retcode(alice.ask('commit', { mid: 'm' }))).toBe('KERN_SUCCESS');
    const landed = bob.take(events);
    expect(landed?.id).toBe(5051);
    expect(landed?.body).toMatchObject({ mid: 'm', from: 'a', counts: [{ qlimit: 5 }] });
    const arrived = bob.right(landed);
    expect(arrived).toBe(right);
    const queued = bob.take(arrived);
    expect(queued?.body).toBe('queued');
    expect(bob.takeIds(arrived)).toEqual([2]);
    expect(bob.send(queued!.remote, 3)).toBe('MACH_MSG_SUCCESS');
    expect(bob.types(bob.right(landed, 1))).toEqual(['SEND']);
    expect(bob.types(bob.right(landed, 2))).toEqual(['SEND_ONCE']);
  });

  it('comes back whole when it is aborted', () => {
    for (const cut of ['abort', 'peer dies'] as const) {
      const { world, a, b, alice, bob, events, right, reply, stage } = staged();
      stage();
      bob.take(events);
      bob.send(right, 2);
      world.run();
      if (cut === 'peer dies') world.kill(b);
      const back = alice.ask('abort', { mid: 'm' });
      expect(retcode(back)).toBe('KERN_SUCCESS');
      const port = alice.right(back);
      expect(alice.types(port)).toContain('RECEIVE');
      expect(alice.right(back, 1)).toBe(reply);
      const queued = alice.take(port);
      expect(queued?.body).toBe('queued');
      world.run();
      expect(alice.takeIds(port)).toEqual([2]);
      alice.send(queued!.remote, 3);
      alice.send(alice.right(back, 2), 4);
      expect(alice.takeIds(reply)).toEqual([3, 4]);
      if (cut === 'abort') expect(bob.takeIds(events)).toEqual([5052]);
      expect(a.census()).toMatchObject({ callbacks: 0 });
      expect(retcode(alice.ask('commit', { mid: 'm' }))).toBe('KERN_INVALID_ARGUMENT');
    }
  });

  it('is refused where nobody listens', () => {
    const world = new World();
    const [a] = [world.node('a'), world.node('b')];
    const alice = a.actor('alice');
    const port = alice.port();
    expect(retcode(alice.ask('stage', { mid: 'm', peer: 'b', body: null }, [receiveRight(port)]))).toBe('KERN_FAILURE');
    expect(alice.types(alice.right(alice.ask('abort', { mid: 'm' })))).toEqual(['RECEIVE']);
  });
});
