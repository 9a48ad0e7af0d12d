/**
 * `tsx test/simulation/run.ts --seeds N [--seed S | --first S] [--scene counter|bazaar|all] [--plant P] [--json]`:
 * simulates seeds S to S+N-1, each in every scene that is asked for.
 */
import { parseArgs } from 'node:util';
import { PLANTS, type Plant } from './plants.ts';
import { commandFor, type Outcome, SCENES, type Scene, simulate } from './simulate.ts';

/** How often a run looks whether the same seed still gives the same trace. */
const REPEAT_EVERY = 50;

const options = {
  seeds: { type: 'string', default: '100' },
  seed: { type: 'string' },
  first: { type: 'string' },
  scene: { type: 'string', default: 'all' },
  plant: { type: 'string', default: 'none' },
  json: { type: 'boolean', default: false },
} as const;

const numberOf = (text: string, name: string): number => {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`--${name} wants a whole number`);
};

interface Totals {
  seeds: number;
  failed: number[];
  events: number;
  answers: number;
  moved: number;
  aborted: number;
  refused: number;
  lost: number;
  repeated: number;
  readonly faults: Record<string, number>;
}

const add = (totals: Totals, outcome: Outcome): void => {
  totals.seeds += 1;
  if (outcome.broken !== null) totals.failed.push(outcome.seed);
  totals.events += outcome.events;
  totals.answers += outcome.answers;
  totals.moved += outcome.moves.moved;
  totals.aborted += outcome.moves.aborted;
  totals.refused += outcome.moves.refused;
  if (outcome.wasLost) totals.lost += 1;
  for (const [kind, count] of Object.entries(outcome.faults)) totals.faults[kind] = (totals.faults[kind] ?? 0) + count;
};

const tell = (outcome: Outcome, plant: Plant, scene: Scene): void => {
  const lines = [
    `seed ${outcome.seed}, ${scene}: ${outcome.broken}`,
    ...outcome.history.map((line) => `  ${line}`),
    `  again: ${commandFor(outcome.seed, plant, scene)}`,
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
};

/** Simulates a seed, now and then twice. */
const simulateOne = (totals: Totals, seed: number, plant: Plant, scene: Scene): void => {
  const outcome = simulate(seed, plant, scene);
  add(totals, outcome);
  if (outcome.broken !== null && totals.failed.length <= 5) tell(outcome, plant, scene);
  if (seed % REPEAT_EVERY !== 0) return;
  totals.repeated += 1;
  const { hash } = simulate(seed, plant, scene);
  if (hash === outcome.hash) return;
  totals.failed.push(seed);
  process.stderr.write(`seed ${seed}, ${scene}: two runs differ (${outcome.hash}, ${hash})\n`);
};

const main = (): number => {
  const { values } = parseArgs({ options });
  const first = numberOf(values.seed ?? values.first ?? '1', 'seed');
  const seeds = numberOf(values.seeds, 'seeds');
  const plant = PLANTS.find((name) => name === values.plant);
  if (plant === undefined) throw new Error(`--plant is one of ${PLANTS.join(', ')}`);
  const faults = {};
  const totals: Totals = {
    seeds: 0,
    failed: [],
    events: 0,
    answers: 0,
    moved: 0,
    aborted: 0,
    refused: 0,
    lost: 0,
    repeated: 0,
    faults,
  };
  const scenes = values.scene === 'all' ? SCENES : SCENES.filter((name) => name === values.scene);
  if (scenes.length === 0) throw new Error(`--scene is one of ${SCENES.join(', ')}, all`);
  const began = performance.now();
  for (let seed = first; seed < first + seeds; seed += 1)
    for (const scene of scenes) simulateOne(totals, seed, plant, scene);
  const seconds = (performance.now() - began) / 1000;
  const seedsPerMinute = Math.round(((totals.seeds + totals.repeated) / seconds) * 60);
  const report = { first, scenes, plant, ...totals, seconds: Number(seconds.toFixed(1)), seedsPerMinute };
  if (values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    const passed = totals.seeds - new Set(totals.failed).size;
    const moves = `${totals.moved} moves, ${totals.aborted} called off, ${totals.refused} refused, ${totals.lost} lost`;
    process.stdout.write(
      `${passed}/${totals.seeds} seeds hold, ${seedsPerMinute} seeds/min, ${totals.events} events\n`,
    );
    process.stdout.write(`${totals.answers} answers; ${moves}\nfaults: ${JSON.stringify(totals.faults)}\n`);
  }
  return totals.failed.length === 0 ? 0 : 1;
};

process.exitCode = main();
