/**
 * `freeze`: how long a task stands still for a move, against the memory that it has resident. Nodes are processes,
 * links are Unix sockets. Both presets move the same task, in turn, there and back; a second pair of nodes keeps a
 * journal. Before each move every page is resident where the task is, and after the last each is looked at.
 */
import { freemem } from 'node:os';
import type { MoveRecord } from '../../servers/migration/protocol.ts';
import type { Bench, Run } from './bench.ts';
import { Cluster, type RunningTask } from './cluster.ts';
import { type HolderArguments, holderService } from './programs/service.ts';
import type { FreezeSize } from './scales.ts';
import { lineThrough, median, short, table } from './statistics.ts';

const PAGES_PER_MIB = 256;

/** MiB beyond which most copy-on-reference moves are not followed to their end. */
const WAITED_FOR_MAX = 16;

type Kind = 'lazy' | 'lazy-journal' | 'eager';

/** One kind of move at one size. */
interface Row {
  readonly mebibytes: number;
  readonly strategy: string;
  readonly journal: 'on' | 'off';
  readonly moves: number;
  readonly freezeMs: number;
  readonly freezeMinMs: number;
  readonly freezeMaxMs: number;
  /** What was sent between the stop and the decision. */
  readonly bytesInFreeze: number;
  readonly pagesInFreeze: number;
  readonly pagesResident: number;
  /** From the stop until the source is not needed any more. */
  readonly wholeMs: number;
}

interface Freeze {
  readonly rows: readonly Row[];
  /** Milliseconds of freeze for each MiB, by least squares over the medians. */
  readonly slopeLazy: number;
  readonly slopeEager: number;
  readonly slopeRatio: number;
  /** Median of all copy-on-reference moves with the journal off. */
  readonly lazyMs: number;
}

interface Moved {
  readonly kind: Kind;
  readonly record: MoveRecord;
  /** From the freeze to the moment it ran, by the clock of both nodes. */
  readonly freezeMs: number;
  readonly wholeMs: number;
}

/** A pair of nodes, and the task that goes to and fro between them. */
class Shuttle {
  readonly #cluster: Cluster;
  readonly #mebibytes: number;
  #task: RunningTask;
  #tasks = 1;

  private constructor(cluster: Cluster, mebibytes: number, task: RunningTask) {
    this.#cluster = cluster;
    this.#mebibytes = mebibytes;
    this.#task = task;
  }

  static async of(cluster: Cluster, mebibytes: number): Promise<Shuttle> {
    const task = await cluster.run('a', 'holder', argumentsFor(mebibytes, 0));
    await cluster.rest();
    return new Shuttle(cluster, mebibytes, task);
  }

  /** Moves the task to the other node, and waits until all of it is there. */
  async move(kind: Kind): Promise<Moved> {
    const began = performance.now();
    const from = this.#task.node;
    const record = await this.#go(kind);
    await this.#cluster.drain(from);
    const wholeMs = performance.now() - began;
    return { kind, record, freezeMs: await this.#standstill(from), wholeMs };
  }

  /**
   * Moves the task, and begins anew with another one where it was: filling is quicker than waiting for many pages.
   */
  async moveAway(kind: Kind): Promise<Moved> {
    const from = this.#task.node;
    const record = await this.#go(kind);
    const freezeMs = await this.#standstill(from);
    await this.#cluster.end(this.#task);
    await this.#cluster.drain(from);
    await this.#cluster.rest();
    this.#task = await this.#cluster.run(from, 'holder', argumentsFor(this.#mebibytes, this.#tasks));
    this.#tasks += 1;
    return { kind, record, freezeMs, wholeMs: Number.NaN };
  }

  #standstill(from: string): Promise<number> {
    return this.#cluster.standstill(this.#task, from, this.#task.node);
  }

  async #go(kind: Kind): Promise<MoveRecord> {
    const to = this.#task.node === 'a' ? 'b' : 'a';
    const strategy = kind === 'eager' ? 'eager-all' : 'copy-on-reference';
    const { record } = await this.#cluster.move(this.#task, to, { strategy });
    return record;
  }

  /** Looks at every page, and ends the task. Answers how many pages are not what they have to be. */
  async end(): Promise<number> {
    const { port } = this.#task;
    const question = { service: holderService, server: port, routine: 'look', args: null } as const;
    const { wrong } = await this.#cluster.ask(question);
    await this.#cluster.end(this.#task);
    await this.#cluster.rest();
    return wrong;
  }
}

const argumentsFor = (mebibytes: number, serial: number): HolderArguments => ({
  name: `holder-${mebibytes}-${serial}`,
  pages: mebibytes * PAGES_PER_MIB,
});

/** Which kind of move comes when: each kind as often as it is to be, evenly over the whole. */
const schedule = ({ lazy, eager }: FreezeSize): Kind[] => {
  const moves: { at: number; kind: Kind }[] = [];
  const add = (kind: Kind, count: number, offset: number): void => {
    for (let i = 0; i < count; i += 1) moves.push({ at: (i + offset) / count, kind });
  };
  add('lazy', lazy, 0.2);
  add('eager', eager, 0.5);
  add('lazy-journal', lazy, 0.8);
  return moves.sort((one, other) => one.at - other.at).map(({ kind }) => kind);
};

const rowOf = (mebibytes: number, kind: Kind, moves: readonly Moved[]): Row => {
  const of = (field: (moved: Moved) => number): number => median(moves.map(field));
  const freezes = moves.map((moved) => moved.freezeMs);
  return {
    mebibytes,
    strategy: kind === 'eager' ? 'eager-all' : 'copy-on-reference',
    journal: kind === 'lazy-journal' ? 'on' : 'off',
    moves: moves.length,
    freezeMs: median(freezes),
    freezeMinMs: Math.min(...freezes),
    freezeMaxMs: Math.max(...freezes),
    bytesInFreeze: of(({ record }) => record.bytesInFreeze),
    pagesInFreeze: of(({ record }) => record.pagesInFreeze),
    pagesResident: Math.min(...moves.map(({ record }) => record.pagesAtFreeze)),
    wholeMs: median(moves.map(({ wholeMs }) => wholeMs).filter((ms) => !Number.isNaN(ms))),
  };
};

/** The task twice, an eager move's pages in flight and again at the destination: what one size may need at once. */
const isTooLarge = (mebibytes: number): boolean => freemem() < mebibytes * 6 * 2 ** 20;

const measureSize = async (
  run: Run,
  pairs: { readonly plain: Cluster; readonly journalled: Cluster },
  size: FreezeSize,
): Promise<Moved[]> => {
  const { mebibytes } = size;
  const plain = await Shuttle.of(pairs.plain, mebibytes);
  const journalled = await Shuttle.of(pairs.journalled, mebibytes);
  const moved: Moved[] = [];
  const order = schedule(size);
  for (const [at, kind] of order.entries()) {
    run.signal.throwIfAborted();
    const shuttle = kind === 'lazy-journal' ? journalled : plain;
    // The last is followed to its end, so that every page is looked at where it has arrived.
    const isLast = kind === 'lazy' && !order.includes('lazy', at + 1);
    const isWaitedFor = kind === 'eager' || isLast || mebibytes <= WAITED_FOR_MAX;
    moved.push(await (isWaitedFor ? shuttle.move(kind) : shuttle.moveAway(kind)));
    if (moved.length % 10 === 0 || mebibytes >= 256)
      run.say(`freeze ${mebibytes} MiB: ${moved.length}/${order.length}`);
  }
  for (const { record } of moved) {
    if (record.pagesAtFreeze < mebibytes * PAGES_PER_MIB) {
      run.fail('freeze', `${record.pagesAtFreeze} of ${mebibytes * PAGES_PER_MIB} pages were resident before a move`);
    }
  }
  const wrong = (await plain.end()) + (await journalled.end());
  if (wrong > 0) run.fail('freeze', `${wrong} pages of ${mebibytes} MiB are not what they were`);
  return moved;
};

const measure = async (run: Run): Promise<Freeze> => {
  const { sizes, warmUps } = run.scale.freeze;
  const largest = Math.max(...sizes.map(({ mebibytes }) => mebibytes));
  // Twice the task, for source and destination may be one kernel in an unlucky moment; never less than by default.
  const pagesMax = Math.max(2 ** 20, largest * PAGES_PER_MIB * 2);
  const nodes = ['a', 'b'];
  await using plain = await Cluster.start(run, { nodes, journal: 'off', pagesMax });
  await using journalled = await Cluster.start(run, { nodes, journal: 'on', pagesMax });
  const pairs = { plain, journalled };
  run.say(`freeze: four nodes run (${run.children.pids().join(', ')})`);
  if (warmUps > 0) await measureSize(run, pairs, { mebibytes: 4, lazy: warmUps, eager: warmUps });
  const rows: Row[] = [];
  const lazy: number[] = [];
  for (const size of sizes) {
    const { mebibytes } = size;
    if (isTooLarge(mebibytes)) {
      run.skip(
        'freeze',
        `${mebibytes} MiB`,
        `${Math.round(freemem() / 2 ** 20)} MiB of memory are free, 6 times as much is needed`,
      );
      continue;
    }
    const moved = await measureSize(run, pairs, size);
    for (const kind of ['lazy', 'lazy-journal', 'eager'] as const) {
      const of = moved.filter((each) => each.kind === kind);
      if (kind === 'lazy') lazy.push(...of.map(({ freezeMs }) => freezeMs));
      if (of.length > 0) rows.push(rowOf(mebibytes, kind, of));
    }
    run.say(`freeze: ${mebibytes} MiB done`);
  }
  return { rows, ...slopes(rows), lazyMs: median(lazy) };
};

const slopes = (rows: readonly Row[]): Pick<Freeze, 'slopeLazy' | 'slopeEager' | 'slopeRatio'> => {
  const slopeOf = (strategy: string): number =>
    lineThrough(
      rows
        .filter((row) => row.strategy === strategy && row.journal === 'off')
        .map(({ mebibytes, freezeMs }) => [mebibytes, freezeMs] as const),
    ).slope;
  const slopeLazy = slopeOf('copy-on-reference');
  const slopeEager = slopeOf('eager-all');
  return { slopeLazy, slopeEager, slopeRatio: slopeLazy / slopeEager };
};

const tell = ({ rows, slopeLazy, slopeEager, slopeRatio, lazyMs }: Freeze): string[] => {
  const eagerOf = (mebibytes: number): number =>
    rows.find((row) => row.mebibytes === mebibytes && row.strategy === 'eager-all')?.freezeMs ?? Number.NaN;
  const cells = rows.map((row) => [
    `${row.mebibytes} MiB ${row.strategy}${row.journal === 'on' ? ', journal' : ''}`,
    String(row.moves),
    short(row.freezeMs),
    `${short(row.freezeMinMs)}..${short(row.freezeMaxMs)}`,
    `${short((row.freezeMs / eagerOf(row.mebibytes)) * 100)} %`,
    String(row.bytesInFreeze),
    String(row.pagesInFreeze),
    String(row.pagesResident),
    short(row.wholeMs),
  ]);
  const head = [
    'resident, strategy',
    'moves',
    'freeze ms',
    'min..max',
    'of eager',
    'bytes in it',
    'pages in it',
    'resident',
    'all moved ms',
  ];
  const verdict = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
  const target = `target 3 ms: ${verdict(lazyMs <= 3)}`;
  const mediansLine = `copy-on-reference, journal off, all sizes: median ${short(lazyMs)} ms (${target})`;
  if (Number.isNaN(slopeRatio)) return [...table(head, cells), 'slope: two sizes at least are needed', mediansLine];
  return [
    ...table(head, cells),
    `slope: copy-on-reference ${slopeLazy.toFixed(5)} ms/MiB, eager ${slopeEager.toFixed(3)} ms/MiB; ` +
      `ratio ${short(slopeRatio * 100)} % (target below 1 %: ${verdict(slopeRatio < 0.01)})`,
    mediansLine,
  ];
};

/** Freeze time against resident size. */
export const freeze: Bench<Freeze> = { name: 'freeze', run: measure, tell };
