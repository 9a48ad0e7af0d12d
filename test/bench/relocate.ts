/**
 * `relocate`: what a client notices of a move. An asker on a third node keeps questions open without pause, each of
 * which reads another page of a holder; the holder is moved to and fro. Times are the client's own: from the question
 * to its answer, before the move, from the request to move until the task runs there, while its pages follow, after.
 */
import type { Bench, Run } from './bench.ts';
import { Cluster, type RunningTask } from './cluster.ts';
import { merge, newHistogram, quantileOf } from './histogram.ts';
import { type Asked, askerService } from './programs/service.ts';
import { median, short, table } from './statistics.ts';

const PAGES_PER_MIB = 256;
const OUTSTANDING = 8;
const STRATEGIES = ['copy-on-reference', 'eager-all'] as const;
const PHASES = ['before', 'moving', 'pages follow', 'after'] as const;

interface Row {
  readonly strategy: string;
  readonly phase: (typeof PHASES)[number];
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Throughput against `before`. */
  readonly toBefore: number;
  readonly medianMicros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
}

interface Relocate {
  readonly rows: readonly Row[];
  readonly freezes: readonly { readonly strategy: string; readonly moves: number; readonly freezeMs: number }[];
}

type Phases = Record<Row['phase'], Asked[]>;

/** The client, the server, and the way to ask how the client fares. */
class Scene {
  readonly #cluster: Cluster;
  readonly #asker: RunningTask;
  readonly #holder: RunningTask;

  private constructor(cluster: Cluster, asker: RunningTask, holder: RunningTask) {
    this.#cluster = cluster;
    this.#asker = asker;
    this.#holder = holder;
  }

  static async open(cluster: Cluster, mebibytes: number): Promise<Scene> {
    const args = { name: 'holder', pages: mebibytes * PAGES_PER_MIB };
    const holder = await cluster.run('a', 'holder', args);
    const asker = await cluster.run('c', 'asker', { name: 'asker' });
    const service = askerService;
    await cluster.ask({ service, server: asker.port, routine: 'aim', args: null }, holder.port);
    return new Scene(cluster, asker, holder);
  }

  begin(): Promise<Asked> {
    const args = { n: 0, outstanding: OUTSTANDING, size: 0 };
    return this.#cluster.ask({ service: askerService, server: this.#asker.port, routine: 'ask', args });
  }

  mark(): Promise<Asked> {
    return this.#cluster.ask({ service: askerService, server: this.#asker.port, routine: 'mark', args: null });
  }

  stop(): Promise<Asked> {
    return this.#cluster.ask({ service: askerService, server: this.#asker.port, routine: 'stop', args: null });
  }

  /** Looks again and again until so many calls have been answered. */
  async gather(calls: number, signal: AbortSignal): Promise<Asked> {
    const times = newHistogram();
    let [done, ms, disorder] = [0, 0, 0];
    while (done < calls) {
      signal.throwIfAborted();
      const asked = await this.mark();
      merge(times, asked.times);
      done += asked.done;
      ms += asked.ms;
      disorder = asked.disorder;
    }
    return { done, ms, disorder, times };
  }

  /** Moves the server while the client asks. Answers what the client saw, and how long the server stood still. */
  async move(strategy: string): Promise<{ moving: Asked; following: Asked; freezeMs: number }> {
    const from = this.#holder.node;
    const to = from === 'a' ? 'b' : 'a';
    await this.#cluster.move(this.#holder, to, { strategy });
    const moving = await this.mark();
    await this.#cluster.drain(from);
    const following = await this.mark();
    return { moving, following, freezeMs: await this.#cluster.standstill(this.#holder, from, to) };
  }
}

const measure = async (run: Run): Promise<Relocate> => {
  const { moves, mebibytes, calls } = run.scale.relocate;
  await using cluster = await Cluster.start(run, { nodes: ['a', 'b', 'c'], journal: 'off' });
  run.say(`relocate: three nodes run (${run.children.pids().join(', ')})`);
  const scene = await Scene.open(cluster, mebibytes);
  await scene.begin();
  await scene.gather(calls, run.signal);
  const seen = new Map(STRATEGIES.map((strategy) => [strategy, { phases: newPhases(), freezes: [] as number[] }]));
  for (let move = 0; move < moves; move += 1) {
    // In every other round the other way about, so that each strategy goes both ways.
    for (const strategy of move % 2 === 0 ? STRATEGIES : [...STRATEGIES].reverse()) {
      const { phases, freezes } = seen.get(strategy) ?? { phases: newPhases(), freezes: [] };
      await scene.mark();
      phases.before.push(await scene.gather(calls, run.signal));
      const { moving, following, freezeMs } = await scene.move(strategy);
      phases.moving.push(moving);
      phases['pages follow'].push(following);
      phases.after.push(await scene.gather(calls, run.signal));
      freezes.push(freezeMs);
    }
    run.say(`relocate: ${move + 1} of ${moves} moves of each kind`);
  }
  const { disorder } = await scene.stop();
  if (disorder > 0) run.fail('relocate', `${disorder} answers were not the one that was due`);
  return {
    rows: [...seen].flatMap(([strategy, { phases }]) => rowsOf(strategy, phases)),
    freezes: [...seen].map(([strategy, { freezes }]) => ({ strategy, moves, freezeMs: median(freezes) })),
  };
};

const newPhases = (): Phases => ({ before: [], moving: [], 'pages follow': [], after: [] });

const rowsOf = (strategy: string, phases: Phases): Row[] => {
  const rate = (asked: readonly Asked[]): number => median(asked.map(({ done, ms }) => (done / ms) * 1000));
  return PHASES.map((phase) => {
    const times = newHistogram();
    for (const asked of phases[phase]) merge(times, asked.times);
    return {
      strategy,
      phase,
      calls: times.total,
      callsPerSecond: rate(phases[phase]),
      toBefore: rate(phases[phase]) / rate(phases.before),
      medianMicros: quantileOf(times, 0.5) * 1000,
      p99Micros: quantileOf(times, 0.99) * 1000,
      maxMicros: times.maxMs * 1000,
    };
  });
};

const tell = ({ rows, freezes }: Relocate): string[] => [
  ...table(
    ['a client of a task that moves', 'calls', 'calls/s', 'to before', 'median us', 'p99 us', 'max us'],
    rows.map((row) => [
      `${row.strategy}, ${row.phase}`,
      String(row.calls),
      short(row.callsPerSecond),
      short(row.toBefore),
      short(row.medianMicros),
      short(row.p99Micros),
      short(row.maxMicros),
    ]),
  ),
  ...freezes.map(({ strategy, moves, freezeMs }) => `${strategy}: freeze ${short(freezeMs)} ms, median of ${moves}`),
];

/** What a client notices of a move. */
export const relocate: Bench<Relocate> = { name: 'relocate', run: measure, tell };
