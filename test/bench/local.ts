/** Messages within one kernel, beside what else one could use: each contender in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { ask, median, type Skipped, start } from './children.ts';
import type { BodyKind } from './contender.ts';
import type { Order, Sample } from './orders.ts';

type Run = Extract<Order, { do: 'run' }>;

interface Case {
  readonly what: 'oneWay' | 'rpc';
  readonly body: BodyKind;
  readonly pairs: number;
  readonly contenders: readonly string[];
}

const kernels = ['portolan', 'prototype'];
const everybody = [...kernels, 'promise-mailbox', 'await-hop', 'comlink'];
const bodies: readonly BodyKind[] = ['none', 'text', 'bytes', 'reused', 'record', 'record+bytes', 'array'];

const casesOf = (what: Case['what']): Case[] => [
  ...bodies.map((body) => ({ what, body, pairs: 1, contenders: body === 'record' ? everybody : kernels })),
  ...(what === 'rpc' ? [{ what, body: 'fresh answer', pairs: 1, contenders: kernels } as const] : []),
  { what, body: 'none', pairs: 1000, contenders: kernels },
  { what, body: 'record', pairs: 1000, contenders: everybody },
];

/** What to measure, and for how long. */
export interface LocalOptions {
  readonly rounds: number;
  readonly ms: number;
  /** Only the cases whose title contains it. */
  readonly only: string;
}

/** One contender in one case. `toPrototype` compares processor time. */
export interface Row {
  readonly case: string;
  readonly contender: string;
  readonly ns: number;
  readonly cpuNs: number;
  readonly toPrototype: number;
  readonly collections: number;
}

interface Runner {
  readonly name: string;
  readonly child: ChildProcess;
  readonly order: Run;
  readonly samples: Sample[];
}

/** Grows `n` until a run lasts long enough, and runs it a few times: the warm-up. A text: why it cannot be measured. */
const calibrate = async (child: ChildProcess, order: Run, ms: number): Promise<number | string> => {
  const enough = ms * 1e6;
  let n = order.pairs * 4;
  for (let tries = 0; tries < 16; tries += 1) {
    const report = await ask(child, { ...order, n });
    if (!report.ok) return report.why;
    const { ns } = report.value as Sample;
    if (ns >= enough / 2 && tries > 9) return n;
    n = Math.ceil(n * Math.min(8, Math.max(1, enough / ns)));
  }
  return n;
};

/** Measures every case: the contenders take turns, and who begins changes with each round. */
export const measureLocal = async (options: LocalOptions, rows: Row[], skipped: Skipped[]): Promise<void> => {
  for (const { what, body, pairs, contenders } of [...casesOf('oneWay'), ...casesOf('rpc')]) {
    const title = `${what}, ${body}, ${pairs} pair${pairs === 1 ? '' : 's'}`;
    if (!title.includes(options.only)) continue;
    const runners: Runner[] = [];
    for (const name of contenders) {
      const child = start();
      const order: Run = { do: 'run', contender: name, what, pairs, body, n: 0 };
      const n = await calibrate(child, order, options.ms);
      if (typeof n === 'number') runners.push({ name, child, order: { ...order, n }, samples: [] });
      else {
        skipped.push({ case: title, contender: name, why: n.split('\n')[0] ?? n });
        child.disconnect();
      }
    }
    for (let round = 0; round < options.rounds; round += 1) {
      for (let at = 0; at < runners.length; at += 1) {
        const runner = runners[(at + round) % runners.length] as Runner;
        const report = await ask(runner.child, runner.order);
        if (report.ok) runner.samples.push(report.value as Sample);
      }
    }
    const cpu = (samples: readonly Sample[]): number => median(samples.map(({ cpuNs, done }) => cpuNs / done));
    const base = cpu(runners.find(({ name }) => name === 'prototype')?.samples ?? []);
    for (const { name, child, samples } of runners) {
      const cpuNs = cpu(samples);
      const ns = median(samples.map((sample) => sample.ns / sample.done));
      const collections = median(samples.map((sample) => sample.collections));
      rows.push({ case: title, contender: name, ns, cpuNs, toPrototype: cpuNs / base, collections });
      child.disconnect();
    }
  }
};
