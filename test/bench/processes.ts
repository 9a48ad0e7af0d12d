/**
 * `processes`: round trips between two processes, through both kernels and netmsg, beside the bare carrier with the
 * same number of bytes, and beside what else there is. Everybody has processes of their own; rounds are interleaved
 * and begin with another each time.
 */
import type { Bench, Run } from './bench.ts';
import type { Child } from './children.ts';
import { Cluster } from './cluster.ts';
import type { RemoteOrder, RemoteReport } from './orders.ts';
import { askerService } from './programs/service.ts';
import { median, short, table } from './statistics.ts';

const PORTOLAN = 'portolan, netmsg';
const CARRIER = 'unix socket, bare';
const OTHERS = [
  'tcp, bare',
  'worker MessagePort',
  'child_process send',
  'comlink, worker',
  'capnweb, ws',
  'nats request',
  'grpc unary',
] as const;

interface Case {
  readonly size: number;
  readonly outstanding: number;
}

const CASES: readonly Case[] = [
  { size: 0, outstanding: 1 },
  { size: 1024, outstanding: 1 },
  { size: 0, outstanding: 32 },
  { size: 1024, outstanding: 32 },
];

/** One contender in one case. */
interface Row extends Case {
  readonly contender: string;
  /** Microseconds for each round trip. */
  readonly micros: number;
  readonly minMicros: number;
  readonly maxMicros: number;
  /** How many times as long as the bare carrier. */
  readonly toCarrier: number;
  readonly rounds: number;
}

/** Milliseconds for `n` round trips. */
type Measure = (each: Case, n: number) => Promise<number>;

interface Contender {
  readonly name: string;
  readonly measure: Measure;
}

/** An asker on one node, a holder on another. */
const openPortolan = async (run: Run, cluster: Cluster): Promise<Contender> => {
  const asker = await cluster.run('a', 'asker', { name: 'asker' });
  const holder = await cluster.run('b', 'holder', { name: 'holder', pages: 1 } as { name: string });
  const service = askerService;
  await cluster.ask({ service, server: asker.port, routine: 'aim', args: null }, holder.port);
  const measure: Measure = async ({ size, outstanding }, n) => {
    const args = { n, outstanding, size };
    const asked = await cluster.ask({ service, server: asker.port, routine: 'ask', args });
    if (asked.done !== n || asked.disorder > 0) {
      run.fail('processes', `${asked.done} of ${n} answers, ${asked.disorder} of them not the one that was due`);
    }
    return asked.ms;
  };
  return { name: PORTOLAN, measure };
};

const overRemote = (child: Child, remote: string): Contender => ({
  name: remote,
  async measure(each, n) {
    const order: RemoteOrder = { do: 'ask', remote, ...each, n };
    const report = await child.ask<RemoteReport<{ readonly ns: number }>>(order);
    if (!report.ok) throw new Error(report.why);
    return report.value.ns / 1e6;
  },
});

/** Grows `n` until a run lasts long enough: the warm-up. */
const calibrate = async (measure: Measure, each: Case, enoughMs: number): Promise<number> => {
  let n = each.outstanding;
  for (let tries = 0; tries < 12; tries += 1) {
    const ms = await measure(each, n);
    if (ms >= enoughMs / 2) return Math.ceil((n * enoughMs) / ms);
    n = Math.ceil(n * Math.min(8, Math.max(2, enoughMs / ms)));
  }
  return n;
};

interface Runner {
  readonly contender: Contender;
  readonly n: number;
  readonly micros: number[];
}

const measureCase = async (run: Run, contenders: Contender[], each: Case): Promise<Row[]> => {
  const { rounds, ms } = run.scale.processes;
  const runners: Runner[] = [];
  for (const contender of [...contenders]) {
    run.signal.throwIfAborted();
    try {
      runners.push({ contender, n: await calibrate(contender.measure, each, ms), micros: [] });
    } catch (error) {
      if (contender.name === PORTOLAN) throw error;
      contenders.splice(contenders.indexOf(contender), 1); // what is missing now is missing in the next case too
      run.skip('processes', contender.name, error instanceof Error ? error.message : String(error));
    }
  }
  for (let round = 0; round < rounds; round += 1) {
    for (let at = 0; at < runners.length; at += 1) {
      run.signal.throwIfAborted();
      const { contender, n, micros } = runners[(at + round) % runners.length] as Runner;
      micros.push(((await contender.measure(each, n)) * 1000) / n);
    }
  }
  const carrier = median(runners.find(({ contender }) => contender.name === CARRIER)?.micros ?? []);
  return runners.map(({ contender, micros }) => ({
    ...each,
    contender: contender.name,
    micros: median(micros),
    minMicros: Math.min(...micros),
    maxMicros: Math.max(...micros),
    toCarrier: median(micros) / carrier,
    rounds,
  }));
};

const measure = async (run: Run): Promise<Row[]> => {
  await using cluster = await Cluster.start(run, { nodes: ['a', 'b'], journal: 'off' });
  const contenders = [await openPortolan(run, cluster)];
  const children = [CARRIER, ...OTHERS].map((name) => ({ name, child: run.children.start('entries/remote') }));
  contenders.push(...children.map(({ name, child }) => overRemote(child, name)));
  run.say(`processes: ${contenders.length} contenders (${run.children.pids().join(', ')})`);
  const rows: Row[] = [];
  for (const each of CASES) {
    rows.push(...(await measureCase(run, contenders, each)));
    run.say(`processes: ${titleOf(each)} done`);
  }
  await Promise.all(children.map(({ child }) => child.close()));
  return rows;
};

const titleOf = ({ size, outstanding }: Case): string =>
  `${size === 0 ? 'no data' : `${size} B`}, ${outstanding} at once`;

const tell = (rows: readonly Row[]): string[] =>
  CASES.flatMap((each) => {
    const own = rows.filter(({ size, outstanding }) => size === each.size && outstanding === each.outstanding);
    const cells = own.map((row) => [
      row.contender,
      short(row.micros),
      `${short(row.minMicros)}..${short(row.maxMicros)}`,
      short(row.toCarrier),
    ]);
    return table([`round trip, ${titleOf(each)}`, 'us', 'min..max', 'to carrier'], cells);
  });

/** Round trips between processes. */
export const processes: Bench<readonly Row[]> = { name: 'processes', run: measure, tell };
