import { describe, expect, it } from 'vitest';
import { machine } from '../../../kernel/machine.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { COPY_SEND } from '../../../ports/right.ts';
import { STRATEGIES } from '../../../servers/migration/strategies/table.ts';
import { netService } from '../../../servers/net/protocol.ts';
import { addMigration, migrate, startTask, World } from '../../support/migration-scene.ts';

const LAST = 40;

/** Sends numbers to `box` on node `o`, each as soon as there is room. */
const teller = machine<{ at: string; n: number; port: PortName; box: PortName }>({
  name: 'teller',
  start: () => ({ at: 'begin', n: 0, port: MACH_PORT_NULL, box: MACH_PORT_NULL }),
  handlers: {
    begin(sys, s) {
      const net = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      s.port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.at = 'found';
      sys.rpc(netService.request(net, s.port, 'look_up', { node: 'o', name: 'box' }), s.port);
    },
    found(sys, s, { message }) {
      const item = message?.items?.[0];
      s.box = item?.kind === 'port' ? item.name : MACH_PORT_NULL;
      s.at = 'send';
      sys.yield();
    },
    send(sys, s) {
      if (s.n === LAST) return sys.pause();
      s.n += 1;
      sys.msg({ send: { remote: s.box, remoteDisposition: COPY_SEND, id: s.n } });
    },
  },
});

/** A task that moves along `path`, between each two moves `taken` of its messages are received. */
const journey = (path: string, taken: number, how: { strategy: string; seed: number }) => {
  const world = new World(how.seed);
  const nodes = ['o', 'a', 'b', 'c'].map((name) => world.node(name));
  for (const node of nodes) addMigration(node);
  const at = (name: string) => nodes.find((node) => node.name === name) as (typeof nodes)[0];
  const receiver = at('o').actor('receiver');
  const box = receiver.port();
  receiver.call({ op: 'port_set_qlimit', name: box, qlimit: 1 });
  receiver.checkIn(box, 'box');
  for (const node of nodes) node.kernel.programs.set(teller.name, teller);
  startTask(at(path[0] as string), 'teller', teller, undefined);
  world.run();
  const ids: number[] = [];
  const take = (count: number): void => {
    for (let left = count; left > 0; left -= 1) {
      const message = receiver.take(box);
      if (message === null) return;
      ids.push(message.id);
      world.run();
    }
  };
  for (let leg = 1; leg < path.length; leg += 1) {
    take(taken);
    const from = at(path[leg - 1] as string).actor(`operator-${leg}`);
    const request = { task: 'teller', node: path[leg] as string, strategy: how.strategy, push: 'off', k: 0 } as const;
    expect(migrate(from, request)).toMatchObject({ outcome: 'moved' });
  }
  take(LAST);
  return ids;
};

describe('the order of a sender that moves', () => {
  it.each([
    ['ab', 'to a third node'],
    ['ao', 'to the node of the port'],
    ['oa', 'away from it'],
    ['abc', 'twice'],
    ['aba', 'and back'],
    ['abo', 'twice, to the node of the port'],
    ['aoabco', 'again and again'],
  ])('is that of its sends: %s, %s', (path) => {
    for (const { name: strategy } of STRATEGIES) {
      for (const taken of [0, 1, 3])
        expect(journey(path, taken, { strategy, seed: taken })).toEqual(Array.from({ length: LAST }, (_, n) => n + 1));
    }
  });
});
