/**
 * A task with so much resident memory is moved once between two kernels of one process, over sessions and links in
 * memory.
 */
import { performance } from 'node:perf_hooks';
import { machine } from '../../kernel/machine.ts';
import type { PortName } from '../../ports/name.ts';
import { migrationService } from '../../servers/migration/protocol.ts';
import { addMigration, startTask } from '../support/migration-scene.ts';
import { World } from '../support/two-kernels.ts';
import type { Moved, Order } from './orders.ts';

const PAGE = 4096;

interface Hoard {
  at: string;
  readonly bytes: number;
  base: number;
  done: number;
}

/** Fills its memory, so that every page is resident, and waits. */
const hoard = machine<Hoard, number>({
  name: 'hoard',
  start: (bytes) => ({ at: 'begin', bytes, base: 0, done: 0 }),
  handlers: {
    begin(sys, s) {
      s.base = sys.call({ op: 'vm_allocate', size: s.bytes, anywhere: true })['address'] as number;
      s.at = 'fill';
      sys.yield();
    },
    fill(sys, s) {
      for (let i = 0; i < 256 && s.done < s.bytes; i += 1) {
        sys.memory.setU32(s.base + s.done, i + 1);
        s.done += PAGE;
      }
      if (s.done < s.bytes) return sys.yield();
      s.at = 'fill';
      sys.receive(sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName);
    },
  },
});

/** Moves it, and answers how long it stood still and how long the whole took. */
export const measureMove = ({ strategy, mebibytes }: Extract<Order, { do: 'move' }>): Moved => {
  const world = new World(0, { now: () => performance.now() });
  const { a, b, settle } = world.linked('a', 'b');
  settle();
  for (const node of [a, b]) addMigration(node);
  b.kernel.programs.set(hoard.name, hoard);
  startTask(a, hoard.name, hoard, mebibytes << 20);
  const rest = (): void => {
    while (!world.steps(1 << 20));
    settle();
  };
  rest();
  const operator = a.actor('operator');
  const service = operator.lookUp(a, 'migration');
  const reply = operator.port();
  const from = performance.now();
  const request = { task: hoard.name, node: 'b', strategy };
  operator.host.sys.send(migrationService.request(service, reply, 'migrate', request));
  let message = null;
  for (let tries = 0; message === null && tries < 1000; tries += 1) {
    rest();
    message = operator.take(reply);
  }
  const answer = migrationService.reply('migrate', message);
  const record = 'value' in answer ? answer.value.record : null;
  if (record?.outcome !== 'moved') throw new Error(record?.why ?? answer.retcode);
  const { freezeMs, pagesInFreeze } = record;
  return { freezeMs, pagesInFreeze, wholeMs: performance.now() - from };
};
