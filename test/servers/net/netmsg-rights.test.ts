import { describe, expect, it } from 'vitest';
import { MACH_PORT_DEAD, MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { type Actor, copyRight, moveRight, type Node, onceRight, sendRight, World } from '../../support/two-kernels.ts';

/** Three nodes with an actor each; `alice` has a port that the others hold rights to. */
const three = (seed = 0) => {
  const world = new World(seed);
  const [a, b, c] = [world.node('a'), world.node('b'), world.node('c')];
  const [alice, bob, carol] = [a.actor('alice'), b.actor('bob'), c.actor('carol')];
  return { world, a, b, c, alice, bob, carol };
};

/** A port of `owner` with a send right to it at `user`. */
const shared = (owner: Actor, user: Actor, name = 'port'): { port: PortName; right: PortName } => {
  const port = owner.port();
  owner.checkIn(port, name);
  return { port, right: user.lookUp(owner.node, name) };
};

/** Sends rights from one actor to another of another node, and answers their names there. */
const give = (from: Actor, to: Actor, descriptors: Parameters<Actor['send']>[3]): PortName[] => {
  const { port, right } = shared(to, from, 'mailbox');
  expect(from.send(right, 1, null, descriptors)).toBe('MACH_MSG_SUCCESS');
  from.node.world.run();
  const message = to.take(port);
  return (message?.items ?? []).map((_, at) => to.right(message, at));
};

const noSenders = (actor: Actor, name: PortName): number[] => {
  actor.node.world.run();
  return actor.takeIds(name);
};

const askNoSenders = (actor: Actor, port: PortName, sync = 1): void => {
  const notify = { name: port, disposition: 21 };
  expect(actor.call({ op: 'port_request_notification', name: port, kind: 'NO_SENDERS', sync, notify }).kr).toBe(
    'KERN_SUCCESS',
  );
};

const clean = (nodes: readonly Node[]): void => {
  for (const node of nodes)
    expect({ node: node.name, ...node.census() }).toMatchObject({ proxies: 0, exports: 0, callbacks: 0 });
};

describe('a send right to a port of another node', () => {
  it('is the same right again when it comes home', () => {
    const { world, alice, bob } = three();
    const port = alice.port();
    alice.call({ op: 'port_insert_right', name: port, right: { name: port, disposition: 20 } });
    const [far] = give(alice, bob, [sendRight(port)]);
    const [home] = give(bob, alice, [moveRight(far as PortName)]);
    expect(home).toBe(port);
    world.run();
    expect(alice.types(port)).toEqual(['RECEIVE', 'SEND']);
    expect(bob.types(far as PortName)).not.toEqual(['SEND']);
  });

  it('has one name however often it comes', () => {
    const { alice, bob } = three();
    const port = alice.port();
    expect(give(alice, bob, [sendRight(port), sendRight(port)])).toEqual(
      give(alice, bob, [sendRight(port), sendRight(port)]).slice(0, 2),
    );
  });

  it('leads straight to the owner when a third node gets it', () => {
    const { world, b, alice, bob, carol } = three();
    const port = alice.port();
    const [atBob] = give(alice, bob, [sendRight(port)]);
    const [atCarol] = give(bob, carol, [moveRight(atBob as PortName)]);
    world.run();
    expect(carol.send(atCarol as PortName, 7)).toBe('MACH_MSG_SUCCESS');
    world.run();
    expect(alice.takeIds(port)).toEqual([7]);
    expect(b.census().forwarded).toBe(0);
  });

  it('null and dead rights arrive as what they are', () => {
    const { alice, bob } = three();
    const rights = [
      copyRight(MACH_PORT_NULL),
      copyRight(MACH_PORT_DEAD),
      { kind: 'ool_ports', names: [MACH_PORT_NULL], disposition: 19 } as const,
    ];
    expect(give(alice, bob, rights).slice(0, 2)).toEqual([MACH_PORT_NULL, MACH_PORT_DEAD]);
  });

  it('arrives in arrays too', () => {
    const { world, alice, bob } = three();
    const [one, two] = [alice.port(), alice.port()];
    const { port, right } = shared(bob, alice, 'mailbox');
    alice.send(right, 1, null, [
      { kind: 'ool_ports', names: [one, two, MACH_PORT_NULL], disposition: 20 },
      { kind: 'ool_ports', names: [one, two], disposition: 21 },
    ]);
    world.run();
    const items = bob.take(port)?.items ?? [];
    const names = items.flatMap((item) => (item.kind === 'ool_ports' ? item.names : []));
    expect(names.length).toBe(5);
    expect(names[2]).toBe(MACH_PORT_NULL);
    for (const name of names.filter((each) => each !== MACH_PORT_NULL))
      expect(bob.send(name, 5)).toBe('MACH_MSG_SUCCESS');
    world.run();
    expect(alice.takeIds(one)).toEqual([5, 5]);
    expect(alice.takeIds(two)).toEqual([5, 5]);
  });
});

describe('no-senders', () => {
  it('fires when the last holder on any node has given its right up', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { a, b, c, alice, bob, carol } = three(seed);
      const port = alice.port();
      const [atBob] = give(alice, bob, [sendRight(port)]);
      const [atCarol] = give(bob, carol, [copyRight(atBob as PortName)]);
      askNoSenders(alice, port);
      bob.call({ op: 'port_deallocate', name: atBob as PortName });
      expect(noSenders(alice, port)).toEqual([]);
      carol.send(atCarol as PortName, 9);
      carol.call({ op: 'port_deallocate', name: atCarol as PortName });
      expect(noSenders(alice, port)).toEqual([9, 70]);
      // Only the mailboxes are left.
      for (const node of [a, b, c]) expect(node.census().callbacks).toBe(0);
      expect(a.census()).toMatchObject({ exports: 0, proxies: 1 });
    }
  });

  it('does not fire while a copy is on its way', () => {
    const { world, a, b, alice, bob, carol } = three();
    const mailbox = shared(carol, bob, 'mailbox');
    const port = alice.port();
    const [atBob] = give(alice, bob, [sendRight(port)]);
    askNoSenders(alice, port);
    world.hold(b, carol.node);
    bob.send(mailbox.right, 1, null, [moveRight(atBob as PortName)]);
    expect(noSenders(alice, port)).toEqual([]);
    world.release(b, carol.node);
    world.run();
    const message = carol.take(mailbox.port);
    expect(noSenders(alice, port)).toEqual([]);
    carol.call({ op: 'port_deallocate', name: carol.right(message) });
    expect(noSenders(alice, port)).toEqual([70]);
    expect(a.census().exports).toBe(0);
  });

  it('leaves nothing behind on any node', () => {
    const { world, a, b, alice, bob } = three();
    const reply = bob.port();
    const port = alice.port();
    const mail = alice.port();
    alice.checkIn(mail, 'mail');
    const right = bob.lookUp(a, 'mail');
    bob.send(right, 1, null, [sendRight(port === 0 ? port : reply)], reply);
    world.run();
    const message = alice.take(mail);
    alice.send(message!.remote, 2);
    alice.call({ op: 'port_deallocate', name: alice.right(message) });
    bob.call({ op: 'port_deallocate', name: right });
    world.run();
    expect(bob.takeIds(reply)).toEqual([2]);
    clean([a, b]);
  });
});

describe('the death of a port', () => {
  it('makes dead names on all nodes, after what was sent before', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { world, a, b, c, alice, bob, carol } = three(seed);
      const { port, right } = shared(alice, bob);
      const [atCarol] = give(bob, carol, [copyRight(right)]);
      const reply = bob.port();
      bob.send(right, 1, null, [], reply);
      world.run();
      alice.send(alice.take(port)!.remote, 2);
      bob.call({
        op: 'port_request_notification',
        name: right,
        kind: 'DEAD_NAME',
        sync: 0,
        notify: { name: reply, disposition: 21 },
      });
      alice.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
      world.run();
      expect(bob.takeIds(reply)).toEqual([2, 72]);
      expect(carol.types(atCarol as PortName)).toEqual(['DEAD_NAME']);
      expect(bob.send(right, 3)).toBe('MACH_SEND_INVALID_DEST');
      expect(a.census().exports + b.census().callbacks + c.census().proxies).toBe(0);
    }
  });

  it('gives up what was on its way there', () => {
    const { world, a, b, alice, bob } = three();
    const { port, right } = shared(alice, bob);
    const reply = bob.port();
    world.hold(b, a);
    bob.send(right, 1, null, [], reply);
    alice.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
    world.run();
    world.release(b, a);
    world.run();
    expect(bob.takeIds(reply)).toEqual([71]);
  });
});

describe('a send-once right', () => {
  it('tells its port when it is given up unused', () => {
    const { alice, bob } = three();
    const port = alice.port();
    const [once] = give(alice, bob, [onceRight(port)]);
    expect(bob.types(once as PortName)).toEqual(['SEND_ONCE']);
    bob.call({ op: 'port_deallocate', name: once as PortName });
    expect(noSenders(alice, port)).toEqual([71]);
  });

  it('becomes a dead name when its port dies', () => {
    const { world, alice, bob } = three();
    const port = alice.port();
    const [once] = give(alice, bob, [onceRight(port)]);
    alice.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
    world.run();
    expect(bob.types(once as PortName)).toEqual(['DEAD_NAME']);
  });

  it('goes on to a third node, which then answers directly', () => {
    const { world, a, b, c, alice, bob, carol } = three();
    const port = alice.port();
    const [atBob] = give(alice, bob, [onceRight(port)]);
    const [atCarol] = give(bob, carol, [{ kind: 'port', name: atBob as PortName, disposition: 18 }]);
    world.hold(c, b);
    carol.send(atCarol as PortName, 8);
    world.run();
    const message = alice.take(port);
    expect(message?.id).toBe(8);
    expect(message?.localType).toBe(18);
    world.release(c, b);
    world.run();
    expect(a.census().callbacks + b.census().callbacks).toBe(0);
  });

  it('is the same right again when it comes home', () => {
    const { world, a, alice, bob } = three();
    const port = alice.port();
    const [far] = give(alice, bob, [onceRight(port)]);
    const [home] = give(bob, alice, [{ kind: 'port', name: far as PortName, disposition: 18 }]);
    alice.send(home as PortName, 4);
    world.run();
    expect(alice.takeIds(port)).toEqual([4]);
    expect(a.census().callbacks).toBe(0);
  });
});

describe('the death of a node', () => {
  it('makes dead names of its ports, and gives up its rights', () => {
    const { world, a, b, alice, bob } = three();
    const { right } = shared(alice, bob);
    const port = bob.port();
    const once = bob.port();
    give(bob, alice, [sendRight(port), onceRight(once)]);
    askNoSenders(bob, port);
    world.run();
    world.kill(a);
    world.run();
    expect(bob.types(right)).toEqual(['DEAD_NAME']);
    expect(bob.takeIds(port)).toEqual([70]);
    expect(bob.takeIds(once)).toEqual([71]);
    expect(b.census()).toMatchObject({ proxies: 0, exports: 0, callbacks: 0 });
  });
});
