/** Ports in transit: rights that overtake them, nodes that die with them, and what waited at them. */
import { describe, expect, it } from 'vitest';
import type { PortName } from '../../../ports/name.ts';
import { MAKE_SEND, MAKE_SEND_ONCE } from '../../../ports/right.ts';
import { type Actor, copyRight, type Node, receiveRight, sendRight, World } from '../../support/two-kernels.ts';

/** Notifications: a send-once right was given up, the last sender has gone. */
const GIVEN_UP = 71;
const NO_SENDERS = 70;

interface Person {
  readonly actor: Actor;
  readonly home: PortName;
}

/** Three nodes with one task each; `to[x]` is the first's right to the home port of the task on node x. */
const scene = () => {
  const world = new World();
  const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
  const person = (node: Node, name: string): Person => {
    const actor = node.actor(name);
    const home = actor.port();
    actor.checkIn(home, name);
    return { actor, home };
  };
  const [alice, bob, carol] = [person(a, 'alice'), person(b, 'bob'), person(c, 'carol')];
  const bobAtA = alice.actor.lookUp(b, 'bob');
  const carolAtA = alice.actor.lookUp(c, 'carol');
  const bobAtC = carol.actor.lookUp(b, 'bob');
  return { world, a, b, c, alice: alice.actor, bob, carol, bobAtA, carolAtA, bobAtC };
};

/** A port of alice's that she has given to carol, and keeps a send right to. */
const giveToCarol = ({ world, alice, carol, carolAtA }: ReturnType<typeof scene>) => {
  const port = alice.port();
  alice.call({ op: 'port_insert_right', name: port, right: { name: port, disposition: MAKE_SEND } });
  expect(alice.send(carolAtA, 1, null, [receiveRight(port)])).toBe('MACH_MSG_SUCCESS');
  world.run();
  return { port, atCarol: carol.actor.right(carol.actor.take(carol.home)) };
};

describe('a send right that overtakes its port', () => {
  it('is no dead name: what is sent by it waits for the port', () => {
    const all = scene();
    const { world, b, c, alice, bob, carol, bobAtA, bobAtC } = all;
    const { port, atCarol } = giveToCarol(all);
    world.hold(c, b);
    carol.actor.send(bobAtC, 2, null, [receiveRight(atCarol)]);
    world.run();
    alice.send(bobAtA, 3, null, [copyRight(port)]);
    world.run();
    const right = bob.actor.right(bob.actor.take(bob.home));
    expect(bob.actor.types(right)).toEqual(['SEND']);
    expect([bob.actor.send(right, 4), bob.actor.send(right, 5)]).toEqual(['MACH_MSG_SUCCESS', 'MACH_MSG_SUCCESS']);
    world.run();
    world.release(c, b);
    world.run();
    const arrived = bob.actor.right(bob.actor.take(bob.home));
    expect(arrived).toBe(right);
    expect(bob.actor.takeIds(arrived)).toEqual([4, 5]);
    alice.send(port, 6);
    world.run();
    expect(bob.actor.takeIds(arrived)).toEqual([6]);
  });
});

describe('a port that goes down with the node that was sending it', () => {
  it('is dead for all, and what waited for it is given up', () => {
    const all = scene();
    const { world, a, b, c, alice, bob, carol, bobAtA, bobAtC } = all;
    const { port, atCarol } = giveToCarol(all);
    world.hold(c, b);
    carol.actor.send(bobAtC, 2, null, [receiveRight(atCarol)]);
    world.run();
    alice.send(bobAtA, 3, null, [copyRight(port)]);
    const replies = alice.port();
    alice.send(port, 4, 'where are you', [], replies);
    world.run();
    const right = bob.actor.right(bob.actor.take(bob.home));
    expect([alice.takeIds(replies), bob.actor.types(right)]).toEqual([[], ['SEND']]);
    world.lose(c);
    world.kill(c);
    world.run();
    expect(alice.takeIds(replies)).toEqual([GIVEN_UP]);
    expect([alice.types(port), bob.actor.types(right)]).toEqual([['DEAD_NAME'], ['DEAD_NAME']]);
    expect([a.census().callbacks, b.census().callbacks]).toEqual([0, 0]);
  });

  it('lives if it comes by another way after all', () => {
    const all = scene();
    const { world, a, b, c, alice, bob, carol, bobAtA, carolAtA } = all;
    const port = alice.port();
    alice.call({ op: 'port_insert_right', name: port, right: { name: port, disposition: MAKE_SEND } });
    alice.send(carolAtA, 1, null, [copyRight(port)]);
    world.run();
    const atCarol = carol.actor.right(carol.actor.take(carol.home));
    world.hold(a, b);
    alice.send(bobAtA, 2, null, [receiveRight(port)]);
    world.run();
    carol.actor.send(atCarol, 3); // goes by a, which tells carol's node where the port has gone
    world.run();
    carol.actor.send(atCarol, 4); // waits at b for the port
    world.run();
    world.kill(c); // which has nothing to do with it
    world.run();
    alice.send(port, 5);
    world.release(a, b);
    world.run();
    expect(bob.actor.takeIds(bob.actor.right(bob.actor.take(bob.home)))).toContain(5);
    expect(alice.types(port)).toEqual(['SEND']);
  });
});

describe('what waits its turn behind a large message', () => {
  it('is given up with its rights when the port dies', () => {
    const { world, a, b, alice, bob, bobAtA } = scene();
    const size = 300_000;
    const address = alice.call({ op: 'vm_allocate', size, anywhere: true })['address'] as number;
    const replies = alice.port();
    world.hold(b, a); // so that the freight is never asked for
    alice.send(bobAtA, 1, null, [{ kind: 'ool', address, size }]);
    alice.send(bobAtA, 2, null, [], replies);
    world.run();
    bob.actor.call({ op: 'port_mod_refs', name: bob.home, right: 'RECEIVE', delta: -1 });
    world.run();
    world.release(b, a);
    world.run();
    expect(alice.takeIds(replies)).toEqual([GIVEN_UP]);
    expect(a.census()).toMatchObject({ callbacks: 0, loaded: 0 });
    expect(b.census()).toMatchObject({ charged: 0 });
  });
});

describe('what a node that dies had not acknowledged', () => {
  it('is given up whatever way it went, and its rights count no more', () => {
    const { world, a, b, c, alice, bob, bobAtA } = scene();
    const carolAtB = bob.actor.lookUp(c, 'carol');
    const [mine, replies, watch] = [alice.port(), alice.port(), alice.port()];
    world.hold(b, a); // alice does not hear that the port moves on
    bob.actor.send(carolAtB, 1, null, [receiveRight(bob.home)]);
    world.run();
    world.hold(b, c);
    alice.send(bobAtA, 2, null, [sendRight(mine)], replies);
    world.run();
    const notify = { name: watch, disposition: MAKE_SEND_ONCE };
    alice.call({ op: 'port_request_notification', name: mine, kind: 'NO_SENDERS', sync: 1, notify });
    world.kill(c);
    world.release(b, a);
    world.run();
    expect([alice.takeIds(replies), alice.takeIds(watch)]).toEqual([[GIVEN_UP], [NO_SENDERS]]);
    expect(alice.types(bobAtA)).toEqual(['DEAD_NAME']);
    expect(a.census().callbacks).toBe(0);
  });
});
