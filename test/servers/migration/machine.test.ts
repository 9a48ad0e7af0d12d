import { describe, expect, it } from 'vitest';
import {
  type Journey,
  MOVE_TIMES,
  type MoveEvent,
  type MoveState,
  patienceOf,
  step,
} from '../../../servers/migration/machine.ts';

const journey: Journey = { mid: 'm', task: 't', node: 'b' };

/** Every phase, in the state that a move is in when it enters it. A new phase does not compile until it is here. */
const STATES: { readonly [P in MoveState['phase']]: Extract<MoveState, { phase: P }> } = {
  locating: { ...journey, phase: 'locating' },
  offering: { ...journey, phase: 'offering' },
  freezing: { ...journey, phase: 'freezing', tries: 3 },
  waiting: { ...journey, phase: 'waiting', tries: 3 },
  staging: { ...journey, phase: 'staging' },
  preparing: { ...journey, phase: 'preparing' },
  deciding: { ...journey, phase: 'deciding' },
  committed: { ...journey, phase: 'committed', asked: 1 },
  serving: { ...journey, phase: 'serving' },
  released: { ...journey, phase: 'released' },
  restoring: { ...journey, phase: 'restoring', why: 'because' },
  ended: { ...journey, phase: 'ended', why: 'because' },
};

/** Every event. */
const EVENTS: { readonly [T in MoveEvent['type']]: Extract<MoveEvent, { type: T }> } = {
  located: { type: 'located' },
  accepted: { type: 'accepted' },
  frozen: { type: 'frozen' },
  blocked: { type: 'blocked' },
  staged: { type: 'staged' },
  prepared: { type: 'prepared' },
  journalled: { type: 'journalled' },
  activated: { type: 'activated' },
  drained: { type: 'drained' },
  restored: { type: 'restored' },
  due: { type: 'due' },
  lost: { type: 'lost' },
  failed: { type: 'failed', why: 'no' },
};

/** What comes of it: a phase and what it knows, or nothing. */
type Outcome =
  | 'stays'
  | { readonly [P in MoveState['phase']]: Omit<Extract<MoveState, { phase: P }>, keyof Journey> }[MoveState['phase']];

type Row = { readonly [T in MoveEvent['type']]: Outcome };

const NOTHING: Row = {
  located: 'stays',
  accepted: 'stays',
  frozen: 'stays',
  blocked: 'stays',
  staged: 'stays',
  prepared: 'stays',
  journalled: 'stays',
  activated: 'stays',
  drained: 'stays',
  restored: 'stays',
  due: 'stays',
  lost: 'stays',
  failed: 'stays',
};

const REFUSED = { phase: 'ended', why: 'no' } as const;
const CALLED_OFF = { phase: 'restoring', why: 'no' } as const;
const SILENT = { phase: 'restoring', why: 'b does not say that it has the task' } as const;
const UNHEARD = { phase: 'ended', why: 'b does not answer' } as const;

/** Phase × event. The pairs in which nothing happens are there too: `NOTHING` has an entry for each event. */
const TABLE: { readonly [P in MoveState['phase']]: Row } = {
  locating: { ...NOTHING, located: { phase: 'offering' }, due: UNHEARD, failed: REFUSED },
  offering: { ...NOTHING, accepted: { phase: 'freezing', tries: 0 }, due: UNHEARD, failed: REFUSED },
  freezing: { ...NOTHING, frozen: { phase: 'staging' }, blocked: { phase: 'waiting', tries: 4 }, failed: REFUSED },
  waiting: { ...NOTHING, due: { phase: 'freezing', tries: 3 }, failed: REFUSED },
  staging: {
    ...NOTHING,
    staged: { phase: 'preparing' },
    prepared: { phase: 'deciding' }, // the two answers come by different ways
    due: SILENT,
    failed: CALLED_OFF,
  },
  preparing: { ...NOTHING, prepared: { phase: 'deciding' }, due: SILENT, failed: CALLED_OFF },
  deciding: { ...NOTHING, journalled: { phase: 'committed', asked: 0 }, failed: CALLED_OFF },
  // Nothing leads back from here, and no failure ends it: the task is the destination's.
  committed: {
    ...NOTHING,
    activated: { phase: 'serving' },
    drained: { phase: 'released' },
    due: { phase: 'committed', asked: 2 },
    lost: { phase: 'released' },
  },
  serving: { ...NOTHING, drained: { phase: 'released' }, lost: { phase: 'released' } },
  released: NOTHING,
  restoring: { ...NOTHING, restored: { phase: 'ended', why: 'because' } },
  ended: NOTHING,
};

const phases = Object.keys(STATES) as MoveState['phase'][];
const types = Object.keys(EVENTS) as MoveEvent['type'][];

describe('a move', () => {
  for (const phase of phases) {
    it(`does in ${phase} what the table says, for every event`, () => {
      const outcomes = Object.fromEntries(
        types.map((type) => {
          const before = STATES[phase];
          const after = step(before, EVENTS[type]);
          if (after === before) return [type, 'stays'];
          const { mid, task, node, ...rest } = after;
          expect({ mid, task, node }).toEqual(journey);
          return [type, rest];
        }),
      );
      expect(outcomes).toEqual(TABLE[phase]);
    });
  }

  it('is given up when the task was never found at rest', () => {
    const tries = MOVE_TIMES.freezeTriesMax - 1;
    expect(step({ ...STATES.freezing, tries }, EVENTS.blocked)).toEqual({
      ...journey,
      phase: 'ended',
      why: 'the task is never at rest',
    });
  });

  it('waits twice as long after each attempt to freeze, up to a bound', () => {
    const waits = [1, 2, 3, 7, 8, 49].map((tries) => patienceOf({ ...STATES.waiting, tries }, MOVE_TIMES));
    expect(waits).toEqual([1, 2, 4, 64, 100, 100]);
  });

  it('has a limit wherever it waits for the destination, and none where `due` would do nothing', () => {
    for (const phase of phases) {
      const isLimited = patienceOf(STATES[phase], MOVE_TIMES) !== Number.POSITIVE_INFINITY;
      expect([phase, isLimited]).toEqual([phase, TABLE[phase].due !== 'stays']);
    }
  });
});
