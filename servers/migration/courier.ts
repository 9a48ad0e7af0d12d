/**
 * The courier: the thread that sends what does not go at once, and pages among it. It never waits for one destination.
 * Into a full queue it forces one message, and leaves that destination alone until it hears that the message has left;
 * whoever was served stands at the end of the line.
 */
import { machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import type { Draft } from '../../ports/draft.ts';
import { NOTIFY_MSG_ACCEPTED } from '../../ports/fate.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND } from '../../ports/right.ts';
import { isDrained, nextInFreeze, nextPush } from './pages.ts';
import { MOVE_PAGES, MOVE_PAGES_END, MOVE_REFUSED } from './protocol.ts';
import type { MigrationState, SourceMove } from './state.ts';

/** Number of the courier's word that a move needs nothing of this node any more. */
export const DRAINED = 5331;

interface CourierState {
  at: string;
  readonly s: MigrationState;
  /** Where the message that is being sent goes. */
  sendingTo: PortName;
}

/** The program. Its arguments are the state of the server. */
export const migrationCourier: Program = machine<CourierState, MigrationState>({
  name: 'migration-courier',
  hash: 'migration-courier',
  start: (s) => ({ at: 'idle', s, sendingTo: MACH_PORT_NULL }),
  handlers: {
    idle(sys, state) {
      // Nothing can wake it before the server has made the port to do so by.
      if (state.s.wake === MACH_PORT_NULL) return sys.yield();
      state.at = 'woken';
      sys.receive(state.s.wake);
    },
    woken(sys, state, { message }) {
      if (message !== null) noteAccepted(state.s, message);
      work(sys, state);
    },
    sent(sys, state, { kr }) {
      if (kr === 'MACH_SEND_WILL_NOTIFY') state.s.forced.add(state.sendingTo);
      work(sys, state);
    },
  },
});

/** A message that was forced into a full queue has left it, or died with it. */
const noteAccepted = (s: MigrationState, message: Received): void => {
  if (message.id !== NOTIFY_MSG_ACCEPTED) return;
  const { name } = message.body as { readonly name: PortName };
  s.forced.delete(name);
};

const work = (sys: Sys, state: CourierState): void => {
  const { s } = state;
  const draft = nextPosted(s) ?? nextPages(sys, s);
  if (draft !== null) {
    state.at = 'sent';
    state.sendingTo = draft.remote;
    return sys.msg({ send: draft, sendOptions: { timeoutMs: 0, notify: s.wake } });
  }
  for (const move of s.moves) if (move.state.phase === 'serving' && isDrained(move)) report(sys, s, move);
  state.at = 'woken';
  sys.receive(s.wake);
};

const nextPosted = (s: MigrationState): Draft | null => {
  for (const [name, waiting] of s.outbox) {
    if (s.forced.has(name)) continue;
    const draft = waiting.shift();
    s.outbox.delete(name);
    if (waiting.length > 0) s.outbox.set(name, waiting);
    if (draft !== undefined) return draft;
  }
  return null;
};

/** Pages of the freeze before others; within each, one move after the other. */
const nextPages = (sys: Sys, s: MigrationState): Draft | null => {
  for (const next of [freezeDraft, nextPush]) {
    for (let count = s.moves.length; count > 0; count -= 1) {
      s.turn = (s.turn + 1) % s.moves.length;
      const move = s.moves[s.turn];
      const draft = move === undefined ? null : next(sys, s, move);
      if (draft !== null) return draft;
    }
  }
  return null;
};

const report = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  sys.send({ remote: s.events, remoteDisposition: MAKE_SEND, id: DRAINED, body: { mid: move.state.mid } });
};

/** A page of the freeze cannot be had: the move is called off as if the destination had refused it. */
const giveUpMove = (sys: Sys, s: MigrationState, move: SourceMove): null => {
  move.isFreezeSent = true;
  const body = { mid: move.state.mid, why: 'a page of the task cannot be had any more from the default pager' };
  sys.send({ remote: move.port, remoteDisposition: MAKE_SEND, id: MOVE_REFUSED, body });
  return null;
};

const freezeDraft = (sys: Sys, s: MigrationState, move: SourceMove): Draft | null => {
  const { phase, mid } = move.state;
  if (!move.strategy.sendsInFreeze || move.peer === null || move.isFreezeSent) return null;
  if ((phase !== 'staging' && phase !== 'preparing') || s.forced.has(move.peer.name)) return null;
  const next = nextInFreeze(sys, s, move);
  if (next === 'waiting') return null;
  if (next === 'failed') return giveUpMove(sys, s, move);
  if (next === 'none') {
    move.isFreezeSent = true;
    if (!move.strategy.hasPagers) for (const object of move.objects) object.isComplete = true;
  }
  // As long as pages leave, the destination need not answer.
  move.dueAt = sys.now() + s.times.prepareMs;
  const body = next === 'none' ? { mid } : { mid, object: next.object, pages: next.pages };
  const id = next === 'none' ? MOVE_PAGES_END : MOVE_PAGES;
  return { remote: move.peer.name, remoteDisposition: COPY_SEND, id, body: body as unknown as Body };
};
