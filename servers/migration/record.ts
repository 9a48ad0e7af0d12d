/** What is said about a move: its record, and the answer to whoever asked for it. */
import { type MovedMe, moverService } from '../../kernel/interface/bootstrap.ts';
import type { Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import { type ArrivalRecord, type MoveRecord, migrationService } from './protocol.ts';
import type { MigrationState, SourceMove } from './state.ts';

/** Everything known of a move. */
export const recordOf = (s: MigrationState, move: SourceMove): MoveRecord => {
  const { state } = move;
  const isOver = state.phase === 'ended';
  const isGone = state.phase === 'serving' || state.phase === 'released';
  return {
    mid: state.mid,
    task: state.task,
    name: move.name,
    identity: move.identity,
    from: s.own.node,
    to: state.node,
    strategy: move.strategy.name,
    phase: state.phase,
    outcome: isGone ? 'moved' : isOver ? (move.wasFrozen ? 'aborted' : 'refused') : 'under way',
    why: isOver
      ? state.why
      : state.phase === 'committed'
        ? `it is ${state.node}'s, which has not said that it runs`
        : '',
    code: isOver ? move.refusal.code : '',
    missing: move.refusal.missing,
    freezeMs: move.freezeMs,
    bytesInFreeze: move.bytesInFreeze,
    pagesInFreeze: move.pagesInFreeze,
    pagesAtFreeze: move.pagesAtFreeze,
    demandFaults: move.demandFaults,
    pagesOnDemand: move.pagesOnDemand,
    pagesPushed: move.pagesPushed,
    push: move.strategy.push,
    pagesLeft: move.objects.reduce((sum, object) => sum + object.left, 0),
  };
};

/** Tasks that are here as images. What an image says of itself is believed no further than to be shown. */
export const arrivalsOf = (s: MigrationState): ArrivalRecord[] =>
  [...s.arrivals.values()].flatMap(({ mid, from, image, isPrepared, inDoubt }) => {
    const { name, identity } = (image ?? {}) as { readonly name?: unknown; readonly identity?: unknown };
    if (!isPrepared || typeof name !== 'string' || typeof identity !== 'string') return [];
    return [{ mid, name, identity, from, isInDoubt: inDoubt !== null }];
  });

/** Answers the request to move, once. */
export const answerClient = (sys: Sys, s: MigrationState, move: SourceMove, blockers: readonly string[]): void => {
  const { client } = move;
  move.client = null;
  if (client === null || client.remote === MACH_PORT_NULL) return;
  if (client.id === moverService.id('move_me')) {
    const { outcome, from, to, why } = recordOf(s, move);
    const told = { outcome: outcome === 'under way' ? 'aborted' : outcome, from, to, why: why || blockers.join('; ') };
    moverService.serve(sys, client, { move_me: () => told as MovedMe });
    return;
  }
  const value = { record: recordOf(s, move), blockers } as unknown as Body;
  migrationService.serve(sys, client, { migrate: () => value } as never);
};
