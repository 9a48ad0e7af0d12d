/**
 * The life of one move at its source, as a pure function: `step(state, event)`. It says when, never how; the driver
 * acts when the phase changes. Up to `deciding` the move can be called off and leaves the task as it was; from
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
    | { readonly phase: 'freezing'; readonly tries: number } // something in the task is not at rest yet
    | { readonly phase: 'staging' } // the task is an image; its rights are with netmsg
    | { readonly phase: 'preparing' } // the destination has the rights' names and checks the image
    | { readonly phase: 'deciding' } // PREPARED has come: the journal is being written
    | { readonly phase: 'committed' } // decided: the task is the destination's, whatever happens
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
  /** The destination died after the decision: the task died with it. */
  | { readonly type: 'lost' }
  /**
   * Refused, timed out, a journal that cannot be written, a destination that died: whatever speaks against going on.
   */
  | { readonly type: 'failed'; readonly why: string };

/** Attempts to find the task at rest before the move is given up. */
export const FREEZE_TRIES_MAX = 50;

const journey = ({ mid, task, node }: Journey): Journey => ({ mid, task, node });

/** The next state. Late, repeated and foreign events move nothing. */
export const step = (before: MoveState, event: MoveEvent): MoveState =>
  match<[MoveState, MoveEvent], MoveState>([before, event])
    .with([{ phase: 'locating' }, { type: 'located' }], () => ({ ...journey(before), phase: 'offering' }))
    .with([{ phase: 'offering' }, { type: 'accepted' }], () => ({ ...journey(before), phase: 'freezing', tries: 0 }))
    .with([{ phase: 'freezing' }, { type: 'blocked' }], ([freezing]) =>
      freezing.tries >= FREEZE_TRIES_MAX
        ? { ...journey(before), phase: 'ended', why: 'the task is never at rest' }
        : produce(freezing, (draft) => {
            draft.tries += 1;
          }),
    )
    .with([{ phase: 'freezing' }, { type: 'frozen' }], () => ({ ...journey(before), phase: 'staging' }))
    .with([{ phase: 'staging' }, { type: 'staged' }], () => ({ ...journey(before), phase: 'preparing' }))
    .with([{ phase: P.union('staging', 'preparing') }, { type: 'prepared' }], () => ({
      ...journey(before),
      phase: 'deciding',
    }))
    .with([{ phase: 'deciding' }, { type: 'journalled' }], () => ({ ...journey(before), phase: 'committed' }))
    .with([{ phase: 'committed' }, { type: 'activated' }], () => ({ ...journey(before), phase: 'serving' }))
    .with([{ phase: P.union('committed', 'serving') }, { type: P.union('drained', 'lost') }], () => ({
      ...journey(before),
      phase: 'released',
    }))
    .with([{ phase: P.union('locating', 'offering', 'freezing') }, { type: 'failed' }], ([, { why }]) => ({
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
