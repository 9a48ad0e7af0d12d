/**
 * The life of one move at its source, as a pure function: `step(state, event)`. It says when, never how; the driver
 * acts when the state changes. Up to `deciding` the move can be called off and leaves the task as it was; from
 * `committed` on the source never runs the task again.
 */
import { produce } from 'immer';
import { match, P } from 'ts-pattern';

/** What every phase knows. */
export interface Journey {
  readonly mid: string;
  readonly task: string;
  readonly node: string;
}

/** Where a move is. Each arm is one row of the protocol. */
export type MoveState = Journey &
  (
    | { readonly phase: 'locating' } // asking where the destination's migration server listens
    | { readonly phase: 'offering' } // OFFER is out; the task runs
    | { readonly phase: 'freezing'; readonly tries: number } // the task is to be stopped now
    | { readonly phase: 'waiting'; readonly tries: number } // something in it is not at rest yet; it runs
    | { readonly phase: 'staging' } // the task is an image; its rights are with netmsg
    | { readonly phase: 'preparing' } // the destination has the rights' names and checks the image
    | { readonly phase: 'deciding' } // PREPARED has come: the journal is being written
    | { readonly phase: 'committed'; readonly asked: number } // decided: the task is the destination's
    | { readonly phase: 'serving' } // it runs there; pages follow
    | { readonly phase: 'released' } // nothing of it is needed here any more
    | { readonly phase: 'restoring'; readonly why: string } // called off: the rights are on their way back
    | { readonly phase: 'ended'; readonly why: string } // it runs here, as if nothing had been
  );

/** What can happen to a move. */
export type MoveEvent =
  | { readonly type: 'located' }
  | { readonly type: 'accepted' }
  | { readonly type: 'frozen' }
  | { readonly type: 'blocked' }
  | { readonly type: 'staged' }
  | { readonly type: 'prepared' }
  | { readonly type: 'journalled' }
  | { readonly type: 'activated' }
  | { readonly type: 'drained' }
  | { readonly type: 'restored' }
  /** The time that the phase may take (`patienceOf`) has passed. */
  | { readonly type: 'due' }
  /** The destination died after the decision: the task died with it. */
  | { readonly type: 'lost' }
  /** Refused, a journal that cannot be written, a destination that died: whatever speaks against going on. */
  | { readonly type: 'failed'; readonly why: string };

/** How long a move waits, in milliseconds. */
export interface MoveTimes {
  /** For the destination's answer to a look-up or an offer: the task runs meanwhile. */
  readonly answerMs: number;
  /** For the destination to have and to check the image, since the last of it was sent: the task stands still. */
  readonly prepareMs: number;
  /** For the word that the task runs, before the destination is asked; twice as long each time, eight times at most. */
  readonly activateMs: number;
  /** Between the first two attempts to freeze; twice as long each time, up to `retryMaxMs`. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** Attempts to find the task at rest before the move is given up. */
  readonly freezeTriesMax: number;
}

/** Patience between processes of one machine, or of one network. */
export const MOVE_TIMES: MoveTimes = Object.freeze({
  answerMs: 5000,
  prepareMs: 5000,
  activateMs: 2000,
  retryMs: 1,
  retryMaxMs: 100,
  freezeTriesMax: 50,
});

/** Milliseconds after which `due` happens to a move in this state; Infinity for never. */
export const patienceOf = (state: MoveState, times: MoveTimes): number => {
  switch (state.phase) {
    case 'locating':
    case 'offering':
      return times.answerMs;
    case 'waiting':
      return Math.min(times.retryMs * 2 ** Math.min(state.tries - 1, 30), times.retryMaxMs);
    case 'staging':
    case 'preparing':
      return times.prepareMs;
    case 'committed':
      return times.activateMs * 2 ** Math.min(state.asked, 3);
    case 'freezing': // what follows happens in the same turn
    case 'deciding':
    case 'serving': // ends when the destination needs nothing more, or is dead
    case 'restoring': // netmsg of this node answers
    case 'released':
    case 'ended':
      return Number.POSITIVE_INFINITY;
  }
};

const journey = ({ mid, task, node }: Journey): Journey => ({ mid, task, node });

/** The next state; the same object if nothing happens. Late, repeated and foreign events move nothing. */
export const step = (before: MoveState, event: MoveEvent, times: MoveTimes = MOVE_TIMES): MoveState =>
  match<[MoveState, MoveEvent], MoveState>([before, event])
    .with([{ phase: 'locating' }, { type: 'located' }], () => ({ ...journey(before), phase: 'offering' }))
    .with([{ phase: 'offering' }, { type: 'accepted' }], () => ({ ...journey(before), phase: 'freezing', tries: 0 }))
    .with([{ phase: 'freezing' }, { type: 'blocked' }], ([{ tries }]) =>
      tries + 1 >= times.freezeTriesMax
        ? { ...journey(before), phase: 'ended', why: 'the task is never at rest' }
        : { ...journey(before), phase: 'waiting', tries: tries + 1 },
    )
    .with([{ phase: 'waiting' }, { type: 'due' }], ([{ tries }]) => ({
      ...journey(before),
      phase: 'freezing',
      tries,
    }))
    .with([{ phase: 'freezing' }, { type: 'frozen' }], () => ({ ...journey(before), phase: 'staging' }))
    .with([{ phase: 'staging' }, { type: 'staged' }], () => ({ ...journey(before), phase: 'preparing' }))
    .with([{ phase: P.union('staging', 'preparing') }, { type: 'prepared' }], () => ({
      ...journey(before),
      phase: 'deciding',
    }))
    .with([{ phase: 'deciding' }, { type: 'journalled' }], () => ({
      ...journey(before),
      phase: 'committed',
      asked: 0,
    }))
    .with([{ phase: 'committed' }, { type: 'due' }], ([committed]) =>
      produce(committed, (draft) => {
        draft.asked += 1;
      }),
    )
    .with([{ phase: 'committed' }, { type: 'activated' }], () => ({ ...journey(before), phase: 'serving' }))
    .with([{ phase: P.union('committed', 'serving') }, { type: P.union('drained', 'lost') }], () => ({
      ...journey(before),
      phase: 'released',
    }))
    .with([{ phase: P.union('locating', 'offering') }, { type: 'due' }], ([{ node }]) => ({
      ...journey(before),
      phase: 'ended',
      why: `${node} does not answer`,
    }))
    .with([{ phase: P.union('staging', 'preparing') }, { type: 'due' }], ([{ node }]) => ({
      ...journey(before),
      phase: 'restoring',
      why: `${node} does not say that it has the task`,
    }))
    .with([{ phase: P.union('locating', 'offering', 'freezing', 'waiting') }, { type: 'failed' }], ([, { why }]) => ({
      ...journey(before),
      phase: 'ended',
      why,
    }))
    .with([{ phase: P.union('staging', 'preparing', 'deciding') }, { type: 'failed' }], ([, { why }]) => ({
      ...journey(before),
      phase: 'restoring',
      why,
    }))
    .with([{ phase: 'restoring' }, { type: 'restored' }], ([{ why }]) => ({ ...journey(before), phase: 'ended', why }))
    .otherwise(() => before);
