/** `local`: messages within one kernel, beside what else one could use: each contender in a process of its own. */
import type { Bench, Run } from './bench.ts';
import type { Child } from './children.ts';
import type { BodyKind } from './contender.ts';
import type { Order, Report, Sample } from './orders.ts';
import { median, short, table } from './statistics.ts';

interface Case {
  readonly what: 'oneWay' | 'rpc';
  readonly body: BodyKind;
  readonly pairs: number;
  readonly contenders: readonly string[];
}

const kernels = ['portolan', 'prototype'];
const everybody = [
  ...kernels,
  'promise-mailbox',
  'await-hop',
  'erlang',
  'xstate',
  'nact',
  'message-channel',
  'comlink',
  'capnweb',
  'captp',
];
/** What is compared with everybody: nothing, a text, a KiB, and what a program would send. */
const COMPARED: readonly BodyKind[] = ['none', 'text', 'bytes', 'record'];

/** Every body with one pair; with many pairs, none and a fresh record. */
const casesOf = (what: Case['what'], { bodies, pairs }: Run['scale']['local']): Case[] => [
  ...bodies
    .filter((body) => body !== 'fresh answer' || what === 'rpc')
    .map((body) => ({ what, body, pairs: 1, contenders: COMPARED.includes(body) ? everybody : kernels })),
  ...pairs
    .filter((count) => count > 1)
    .flatMap((count): Case[] => [
      { what, body: 'none', pairs: count, contenders: kernels },
      { what, body: 'record', pairs: count, contenders: everybody },
    ]),
];

/** One contender in one case. `toPrototype` compares processor time. */
interface Row {
  readonly case: string;
  readonly contender: string;
  readonly ns: number;
  readonly cpuNs: number;
  readonly toPrototype: number;
  readonly collections: number;
}

interface Runner {
  readonly name: string;
  readonly child: Child;
  readonly order: Order;
  readonly samples: Sample[];
}

/** Grows `n` until a run lasts long enough, and runs it a few times: the warm-up. A text: why it cannot be measured. */
const calibrate = async (child: Child, order: Order, ms: number): Promise<number | string> => {
  const enough = ms * 1e6;
  let n = order.pairs * 4;
  for (let tries = 0; tries < 16; tries += 1) {
    const report = await child.ask<Report>({ ...order, n });
    if (!report.ok) return report.why;
    const { ns } = report.value;
    if (ns >= enough / 2 && tries > 9) return n;
    n = Math.ceil(n * Math.min(8, Math.max(1, enough / ns)));
  }
  return n;
};

const titleOf = ({ what, body, pairs }: Case): string => `${what}, ${body}, ${pairs} pair${pairs === 1 ? '' : 's'}`;

/** The contenders of a case, each warm in its own process. */
const warmUp = async (run: Run, each: Case): Promise<Runner[]> => {
  const runners: Runner[] = [];
  for (const name of each.contenders) {
    run.signal.throwIfAborted();
    const child = run.children.start('child');
    const { what, body, pairs } = each;
    const order: Order = { do: 'run', contender: name, what, pairs, body, n: 0 };
    const n = await calibrate(child, order, run.scale.local.ms);
    if (typeof n === 'number') runners.push({ name, child, order: { ...order, n }, samples: [] });
    else {
      run.skip('local', `${name} (${titleOf(each)})`, n.split('\n')[0] ?? n);
      await child.close();
    }
  }
  return runners;
};

/** The contenders take turns, and who begins changes with each round. */
const measure = async (run: Run, each: Case): Promise<Row[]> => {
  const runners = await warmUp(run, each);
  for (let round = 0; round < run.scale.local.rounds; round += 1) {
    for (let at = 0; at < runners.length; at += 1) {
      run.signal.throwIfAborted();
      const runner = runners[(at + round) % runners.length] as Runner;
      const report = await runner.child.ask<Report>(runner.order);
      if (report.ok) runner.samples.push(report.value);
    }
  }
  const cpu = (samples: readonly Sample[]): number => median(samples.map(({ cpuNs, done }) => cpuNs / done));
  const base = cpu(runners.find(({ name }) => name === 'prototype')?.samples ?? []);
  await Promise.all(runners.map(({ child }) => child.close()));
  return runners.map(({ name, samples }) => ({
    case: titleOf(each),
    contender: name,
    ns: median(samples.map((sample) => sample.ns / sample.done)),
    cpuNs: cpu(samples),
    toPrototype: cpu(samples) / base,
    collections: median(samples.map((sample) => sample.collections)),
  }));
};

/** See the head of this file. */
export const local: Bench<Row[]> = {
  name: 'local',
  run: async (run) => {
    const rows: Row[] = [];
    const { local: settings } = run.scale;
    for (const each of [...casesOf('oneWay', settings), ...casesOf('rpc', settings)]) {
      if (!titleOf(each).includes(settings.only)) continue;
      rows.push(...(await measure(run, each)));
      run.say(`local: ${titleOf(each)} done`);
    }
    return rows;
  },
  tell: (rows) =>
    table(
      ['local', 'ns', 'cpu ns', 'to prototype', 'collections'],
      rows.map((row) => [
        `${row.case}, ${row.contender}`,
        short(row.ns),
        short(row.cpuNs),
        short(row.toPrototype),
        String(row.collections),
      ]),
    ),
};
