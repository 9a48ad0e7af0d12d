/**
 * `fault`: what a page costs that is still where its task came from. A task is moved and nothing is pushed; then it
 * touches page after page, each of which its kernel has to ask the other process for. Beside it the bare carrier, asked
 * for as many bytes. Then the push: how fast the pages of a task follow that touches none of them.
 */
import type { Bench, Run } from './bench.ts';
import type { Child } from './children.ts';
import { Cluster, type RunningTask } from './cluster.ts';
import { type Histogram, merge, newHistogram, quantileOf } from './histogram.ts';
import type { RemoteOrder, RemoteReport } from './orders.ts';
import { holderService } from './programs/service.ts';
import { median, short, table } from './statistics.ts';

const PAGE = 4096;
/** Pages in one message of a push: what the carrier is given at once as well. */
const CHUNK = 16 * PAGE;

interface FaultRow {
  readonly what: string;
  readonly count: number;
  readonly meanMicros: number;
  readonly medianMicros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
  /** Mean against the carrier's: ahead of most faults the median touch is none. */
  readonly toCarrier: number;
}

interface PushRow {
  readonly what: string;
  readonly mebibytesPerSecond: number;
  readonly toCarrier: number;
}

interface Fault {
  readonly faults: readonly FaultRow[];
  readonly push: readonly PushRow[];
}

const askRemote = async <Value>(child: Child, order: RemoteOrder): Promise<Value> => {
  const report = await child.ask<RemoteReport<Value>>(order);
  if (!report.ok) throw new Error(report.why);
  return report.value;
};

/** Runs a holder on `a`, moves it to `b`, and does something with it there. */
class Scene {
  readonly #run: Run;
  readonly cluster: Cluster;
  #tasks = 0;

  constructor(run: Run, cluster: Cluster) {
    this.#run = run;
    this.cluster = cluster;
  }

  async start(pages: number): Promise<RunningTask> {
    this.#run.signal.throwIfAborted();
    this.#tasks += 1;
    const args = { name: `holder-${this.#tasks}`, pages };
    const task = await this.cluster.run('a', 'holder', args);
    await this.cluster.rest();
    return task;
  }

  /** Times the touches of a task whose pages are all absent. The first fifth is not counted. */
  async touch(pages: number, k: number): Promise<Histogram> {
    const warmUps = Math.ceil(pages / 5);
    const task = await this.start(pages + warmUps);
    await this.cluster.move(task, 'b', { strategy: 'copy-on-reference', k, push: 'off' });
    await this.#touch(task, 0, warmUps);
    const times = await this.#touch(task, warmUps, pages);
    await this.cluster.end(task);
    const record = (await this.cluster.drain('a')).at(-1);
    const asked = record?.demandFaults ?? 0;
    const expected = Math.ceil((pages + warmUps) / (k + 1));
    if (asked < expected) this.#run.fail('fault', `${asked} pages were asked for, ${expected} should have been`);
    return times;
  }

  async #touch(task: RunningTask, first: number, count: number): Promise<Histogram> {
    const question = { service: holderService, server: task.port, routine: 'touch', args: { first, count } } as const;
    const { times, wrong } = await this.cluster.ask(question);
    if (wrong > 0) this.#run.fail('fault', `${wrong} pages came with something else in them`);
    return times;
  }

  /** MiB per second at which the pages follow that nobody asks for. */
  async push(mebibytes: number): Promise<number> {
    const task = await this.start((mebibytes << 20) / PAGE);
    const began = performance.now();
    const { record } = await this.cluster.move(task, 'b', { strategy: 'copy-on-reference' });
    const records = await this.cluster.drain('a');
    const ms = performance.now() - began - record.freezeMs;
    await this.cluster.end(task);
    const pushed = records.find(({ mid }) => mid === record.mid)?.pagesPushed ?? 0;
    if (pushed < record.pagesAtFreeze)
      this.#run.fail('fault', `${pushed} of ${record.pagesAtFreeze} pages were pushed`);
    return (mebibytes / ms) * 1000;
  }
}

const meanOf = ({ sumMs, total }: Histogram): number => sumMs / total;

const faultRow = (what: string, times: Histogram, carrier: Histogram): FaultRow => ({
  what,
  count: times.total,
  meanMicros: meanOf(times) * 1000,
  medianMicros: quantileOf(times, 0.5) * 1000,
  p99Micros: quantileOf(times, 0.99) * 1000,
  maxMicros: times.maxMs * 1000,
  toCarrier: meanOf(times) / meanOf(carrier),
});

const measureFaults = async (run: Run, scene: Scene, child: Child): Promise<FaultRow[]> => {
  const { pages, rounds } = run.scale.fault;
  const [carrier, single, ahead] = [newHistogram(), newHistogram(), newHistogram()];
  for (let round = 0; round < rounds; round += 1) {
    const order = { do: 'round-trips', n: pages, size: PAGE } as const;
    merge(carrier, (await askRemote<{ times: Histogram }>(child, order)).times);
    merge(single, await scene.touch(pages, 0));
    merge(ahead, await scene.touch(pages, 3));
    run.say(`fault: touches, round ${round + 1} of ${rounds}`);
  }
  return [
    faultRow('unix socket, bare, answer of 4 KiB', carrier, carrier),
    faultRow('page fault, one page for each (k = 0)', single, carrier),
    faultRow('touch, three pages ahead (k = 3, default)', ahead, carrier),
  ];
};

const measurePush = async (run: Run, scene: Scene, child: Child): Promise<PushRow[]> => {
  const { pushMebibytes, rounds } = run.scale.fault;
  const carrier: number[] = [];
  const pushed: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const order = { do: 'stream', bytes: pushMebibytes << 20, chunk: CHUNK } as const;
    carrier.push((pushMebibytes / (await askRemote<{ ms: number }>(child, order)).ms) * 1000);
    pushed.push(await scene.push(pushMebibytes));
    run.say(`fault: push, round ${round + 1} of ${rounds}`);
  }
  const best = median(carrier);
  return [
    { what: 'unix socket, bare, 64 KiB at once', mebibytesPerSecond: best, toCarrier: 1 },
    { what: 'background push', mebibytesPerSecond: median(pushed), toCarrier: median(pushed) / best },
  ];
};

const measure = async (run: Run): Promise<Fault> => {
  await using cluster = await Cluster.start(run, { nodes: ['a', 'b'], journal: 'off' });
  const child = run.children.start('entries/remote');
  run.say(`fault: two nodes and a carrier run (${run.children.pids().join(', ')})`);
  const scene = new Scene(run, cluster);
  const faults = await measureFaults(run, scene, child);
  const push = await measurePush(run, scene, child);
  await child.close();
  return { faults, push };
};

const tell = ({ faults, push }: Fault): string[] => [
  ...table(
    ['touch of a page', 'count', 'mean us', 'median us', 'p99 us', 'max us', 'to carrier'],
    faults.map((row) => [
      row.what,
      String(row.count),
      short(row.meanMicros),
      short(row.medianMicros),
      short(row.p99Micros),
      short(row.maxMicros),
      short(row.toCarrier),
    ]),
  ),
  ...table(
    ['pages unasked', 'MiB/s', 'to carrier'],
    push.map((row) => [row.what, short(row.mebibytesPerSecond), short(row.toCarrier)]),
  ),
];

/** Page faults over the socket, and the push. */
export const fault: Bench<Fault> = { name: 'fault', run: measure, tell };
