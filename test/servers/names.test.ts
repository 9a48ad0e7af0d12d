import { describe, expect, it } from 'vitest';
import type { PortName } from '../../ports/name.ts';
import { nameServer } from '../../servers/names/names.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { type Actor, type Node, World } from '../support/two-kernels.ts';
import { addServer, ask, grant, sendTo } from './server-scene.ts';

const nodeOf = (host: string): string | null => (['a', 'b', 'c'].includes(host) ? host : null);

/** The name server of a node, registered as `names`, and a user with a send right to it. */
const withNames = (node: Node): { user: Actor; names: PortName } => {
  const served = addServer(node, nameServer, (service, task) => ({
    service,
    net: node.serviceFor(task),
    nodeOf: (host: string) => (host === node.name ? 'here' : nodeOf(host)),
  }));
  const user = node.actor('user');
  const names = grant(served, user);
  user.ask('check_in', { name: 'names' }, [{ kind: 'port', name: names, disposition: 19 }]);
  return { user, names };
};

const scene = () => {
  const world = new World();
  const node = world.node('a');
  return { world, node, ...withNames(node) };
};

describe('a name', () => {
  it('stands for the port that was checked in', () => {
    const { user, names } = scene();
    const port = user.port();
    expect(ask(user, names, [nameService, 'check_in', { name: 'clock' }], [sendTo(port)]).code).toBe('KERN_SUCCESS');
    const { code, right } = ask(user, names, [nameService, 'look_up', { name: 'clock' }]);
    expect([code, right]).toEqual(['KERN_SUCCESS', port]);
  });

  it('is given up when its port dies', () => {
    const { user, names } = scene();
    const port = user.port();
    ask(user, names, [nameService, 'check_in', { name: 'clock' }], [sendTo(port)]);
    user.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
    expect(ask(user, names, [nameService, 'look_up', { name: 'clock' }]).code).toBe('NETNAME_NOT_CHECKED_IN');
    expect(ask(user, names, [nameService, 'list', null]).value).toEqual([]);
  });

  it('is given up when the port that signed for it dies', () => {
    const { user, names } = scene();
    const [port, signature] = [user.port(), user.port()];
    ask(user, names, [nameService, 'check_in', { name: 'clock' }], [sendTo(port), sendTo(signature)]);
    user.call({ op: 'port_mod_refs', name: signature, right: 'RECEIVE', delta: -1 });
    expect(ask(user, names, [nameService, 'look_up', { name: 'clock' }]).code).toBe('NETNAME_NOT_CHECKED_IN');
  });

  it('is taken from nobody who signed for it', () => {
    const { user, names } = scene();
    const [port, signature, other] = [user.port(), user.port(), user.port()];
    const checkIn = [nameService, 'check_in', { name: 'clock' }] as const;
    ask(user, names, checkIn, [sendTo(port), sendTo(signature)]);
    expect(ask(user, names, checkIn, [sendTo(other), sendTo(other)]).code).toBe('NETNAME_NOT_YOURS');
    expect(ask(user, names, checkIn, [sendTo(other)]).code).toBe('NETNAME_NOT_YOURS');
    expect(ask(user, names, [nameService, 'check_out', { name: 'clock' }]).code).toBe('NETNAME_NOT_YOURS');
    expect(ask(user, names, checkIn, [sendTo(other), sendTo(signature)]).code).toBe('KERN_SUCCESS');
    expect(ask(user, names, [nameService, 'look_up', { name: 'clock' }]).right).toBe(other);
    const out = ask(user, names, [nameService, 'check_out', { name: 'clock' }], [sendTo(signature)]);
    expect(out.code).toBe('KERN_SUCCESS');
    expect(ask(user, names, [nameService, 'check_out', { name: 'clock' }]).code).toBe('NETNAME_NOT_CHECKED_IN');
  });

  it.each([
    ['', 'KERN_INVALID_ARGUMENT'],
    ['x'.repeat(80), 'KERN_SUCCESS'],
    ['x'.repeat(81), 'KERN_INVALID_ARGUMENT'],
    ['ö'.repeat(41), 'KERN_INVALID_ARGUMENT'],
  ])('has 1 to 80 bytes: %j', (name, code) => {
    const { user, names } = scene();
    expect(ask(user, names, [nameService, 'check_in', { name }], [sendTo(user.port())]).code).toBe(code);
  });

  it('needs a port', () => {
    const { user, names } = scene();
    expect(ask(user, names, [nameService, 'check_in', { name: 'clock' }]).code).toBe('KERN_INVALID_ARGUMENT');
  });
});

describe('a look-up on another node', () => {
  const two = () => {
    const world = new World();
    const [a, b] = [world.node('a'), world.node('b')];
    return { world, here: withNames(a), there: withNames(b) };
  };

  it('answers a right to what its name service knows', () => {
    const { world, here, there } = two();
    const port = there.user.port();
    ask(there.user, there.names, [nameService, 'check_in', { name: 'clock' }], [sendTo(port)]);
    const { code, right } = ask(here.user, here.names, [nameService, 'look_up', { name: 'clock', host: 'b' }]);
    expect(code).toBe('KERN_SUCCESS');
    here.user.send(right, 77);
    world.run();
    expect(there.user.takeIds(port)).toEqual([77]);
  });

  it('tells an unknown name, an unknown node and a node without names apart', () => {
    const { world, here } = two();
    world.node('c');
    const lookUp = (host: string) => ask(here.user, here.names, [nameService, 'look_up', { name: 'clock', host }]).code;
    expect(lookUp('b')).toBe('NETNAME_NOT_CHECKED_IN');
    expect(lookUp('c')).toBe('NETNAME_HOST_NOT_FOUND');
    expect(lookUp('z')).toBe('NETNAME_NO_SUCH_HOST');
    expect(lookUp('a')).toBe('NETNAME_NOT_CHECKED_IN');
  });

  it('keeps nothing when it is over', () => {
    const { here } = two();
    const before = here.user.node.kernel.ipc.ports;
    for (let i = 0; i < 5; i += 1) ask(here.user, here.names, [nameService, 'look_up', { name: 'clock', host: 'b' }]);
    const repliesOfTheUser = 5;
    expect(here.user.node.kernel.ipc.ports - before - repliesOfTheUser).toBeLessThanOrEqual(2);
  });
});
