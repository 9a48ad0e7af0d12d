/** One seed, from the first event to the verdict. */
import { Bazaar } from './bazaar.ts';
import type { Plant } from './plants.ts';
import { SimWorld } from './world.ts';

/** What came of a seed. */
export interface Outcome {
  readonly seed: number;
  /** The invariant that was broken, null if all held. */
  readonly broken: string | null;
  /** Equal if and only if everything happened alike. */
  readonly hash: string;
  readonly history: readonly string[];
  readonly events: number;
  readonly virtualMs: number;
  readonly moves: Readonly<Record<'moved' | 'aborted' | 'refused', number>>;
  readonly answers: number;
  readonly faults: Readonly<Record<string, number>>;
  /** The task went down with a node. */
  readonly wasLost: boolean;
}

/** What there is to simulate: a task that moves and its clients, or tasks that trade rights and memory. */
export const SCENES = ['counter', 'bazaar'] as const;
export type Scene = (typeof SCENES)[number];

/** Runs a seed. The same seed gives the same outcome, to the last event. */
export const simulate = (seed: number, plant: Plant = 'none', scene: Scene = 'counter'): Outcome =>
  scene === 'counter' ? simulateCounter(seed, plant) : simulateBazaar(seed, plant);

const simulateBazaar = (seed: number, plant: Plant): Outcome => {
  const bazaar = new Bazaar(seed, plant);
  const broken = bazaar.run();
  const { timeline, network, ledger } = bazaar;
  return {
    seed,
    broken,
    hash: timeline.hash,
    history: timeline.history,
    events: timeline.count,
    virtualMs: timeline.now,
    moves: { moved: 0, aborted: 0, refused: 0 },
    answers: ledger.heardCount,
    faults: network.faults,
    wasLost: false,
  };
};

const simulateCounter = (seed: number, plant: Plant): Outcome => {
  const world = new SimWorld(seed, plant);
  const broken = world.run();
  const { timeline, network, clients } = world;
  const moves = { moved: 0, aborted: 0, refused: 0 };
  for (const { migration } of network.nodes.values()) {
    for (const { state, wasFrozen } of migration.moves) {
      if (state.phase === 'released' || state.phase === 'serving') moves.moved += 1;
      else if (state.phase === 'ended') moves[wasFrozen ? 'aborted' : 'refused'] += 1;
    }
  }
  return {
    seed,
    broken,
    hash: timeline.hash,
    history: timeline.history,
    events: timeline.count,
    virtualMs: timeline.now,
    moves,
    answers: clients.reduce((sum, { totals }) => sum + totals.size, 0),
    faults: network.faults,
    wasLost: world.mayBeLost && world.instances().length === 0,
  };
};

/** The command that repeats a seed. */
export const commandFor = (seed: number, plant: Plant, scene: Scene = 'counter'): string =>
  `npm run simulate -- --seeds 1 --seed ${seed} --scene ${scene}${plant === 'none' ? '' : ` --plant ${plant}`}`;
