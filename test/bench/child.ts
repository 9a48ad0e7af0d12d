/**
 * One contender in a process of its own, so that no other's garbage or compiled code touches it. Answers its parent.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import type { Contender, Pairs } from './contender.ts';
import type { Order, Report, Sample } from './orders.ts';
import { erlang } from './peers/erlang.ts';
import { capnweb, captp, comlink, messageChannel, nact, xstate } from './peers/installed.ts';
import { portolan } from './peers/portolan.ts';
import { awaitHop, promiseMailbox } from './peers/promises.ts';
import { prototype } from './peers/prototype.ts';

const contenders: readonly Contender[] = [
  portolan,
  prototype,
  promiseMailbox,
  awaitHop,
  messageChannel,
  xstate,
  nact,
  comlink,
  capnweb,
  captp,
  erlang,
];

let collections = 0;
new PerformanceObserver((list) => {
  collections += list.getEntries().length;
}).observe({ entryTypes: ['gc'] });

const turn = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 2));

let pairs: Pairs | null = null;
let pairsOf = '';

const measure = async (order: Order): Promise<Sample> => {
  const contender = contenders.find(({ name }) => name === order.contender);
  if (contender === undefined) throw new Error(`there is no ${order.contender}`);
  const wanted = `${order.pairs} ${order.body}`;
  if (pairs === null || pairsOf !== wanted) {
    pairs = await contender.setup(order.pairs, order.body);
    pairsOf = wanted;
    global.gc?.();
  }
  await turn();
  collections = 0;
  const fromCpu = process.cpuUsage();
  const from = process.hrtime.bigint();
  const done = await pairs[order.what](order.n);
  const ns = Number(process.hrtime.bigint() - from);
  const cpu = process.cpuUsage(fromCpu);
  await turn();
  if (typeof done === 'object') return { ...done, cpuNs: done.ns, collections: 0 };
  return { done, ns, cpuNs: (cpu.user + cpu.system) * 1000, collections };
};

process.on('message', (order: Order) => {
  measure(order)
    .then((value): Report => ({ ok: true, value }))
    .catch((error: unknown): Report => ({ ok: false, why: error instanceof Error ? error.message : String(error) }))
    .then((report) => process.send?.(report))
    .catch((error: unknown) => console.error(error));
});
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
