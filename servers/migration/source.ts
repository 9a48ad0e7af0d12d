/**
 * The source's driver: what each phase owes (`enter`), and what the world answers (`onMessage`). It acts by messages
 * only: to the task's port, the husk, netmsg and the destination's migration server.
 */
import { match } from 'ts-pattern';
import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import type { ProgramNeed } from '../../kernel/interface/move.ts';
import type { Sys } from '../../kernel/program.ts';
import { type Body, bodySize } from '../../ports/body.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { MAKE_SEND } from '../../ports/right.ts';
import { callKernel, giveUp, heldRights, moving, type StubAnswer } from '../kernel-stub.ts';
import { netService } from '../net/protocol.ts';
import { readLacks } from './lacks.ts';
import { type MoveEvent, patienceOf, step } from './machine.ts';
import { describeObjects, onPagesRead, openPagers, withPagers } from './pages.ts';
import {
  MOVE_ACTIVATED,
  MOVE_PAGES_DONE,
  MOVE_PREPARED,
  MOVE_QUERY,
  MOVE_REFUSED,
  migrationService,
  type Verdict,
} from './protocol.ts';
import { answerClient, recordOf } from './record.ts';
import type { MigrationState, SourceMove } from './state.ts';
import { giveUpPeer, post, tell, wakeCourier } from './tell.ts';

/** Lets an event happen to a move, and does what the phase that it leads to owes. */
export const advance = (sys: Sys, s: MigrationState, move: SourceMove, event: MoveEvent): void => {
  const before = move.state;
  move.state = step(before, event, s.times);
  if (move.state !== before) begin(sys, s, move);
};

/** Sets the time that the phase may take, and does what it owes. For the first phase there is no event before it. */
export const begin = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  move.dueAt = sys.now() + patienceOf(move.state, s.times);
  enter(sys, s, move);
};

const enter = (sys: Sys, s: MigrationState, move: SourceMove): void =>
  match(move.state)
    .with({ phase: 'locating' }, ({ node }) => {
      sys.send(netService.request(s.own.net, move.port, 'look_up', { node, name: 'migration' }));
    })
    .with({ phase: 'offering' }, () => offer(sys, s, move))
    .with({ phase: 'freezing' }, () => (move.isDryRun ? endDryRun(sys, s, move) : freeze(sys, s, move)))
    .with({ phase: 'staging' }, () => stage(sys, s, move))
    .with({ phase: 'preparing' }, () => undefined)
    .with({ phase: 'deciding' }, () => decide(sys, s, move))
    .with({ phase: 'waiting' }, () => undefined)
    .with({ phase: 'committed' }, ({ asked }) => (asked === 0 ? commit(sys, s, move) : ask(sys, s, move)))
    .with({ phase: 'serving' }, ({ mid }) => {
      s.decisions.settle(mid);
      move.freezeMs = sys.now() - move.frozenAt;
      answerClient(sys, s, move, []);
      wakeCourier(sys, s);
    })
    .with({ phase: 'released' }, () => release(sys, s, move))
    .with({ phase: 'restoring' }, ({ mid }) => {
      sys.send(netService.request(s.own.net, move.port, 'abort', { mid }));
    })
    .with({ phase: 'ended' }, () => {
      answerClient(sys, s, move, move.blockers);
      giveUp(sys, move.task);
      closePort(sys, s, move);
    })
    .exhaustive();

const fail = (sys: Sys, s: MigrationState, move: SourceMove, why: string): void =>
  advance(sys, s, move, { type: 'failed', why });

const offer = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  const described = callKernel(sys, { port: move.task.name, reply: s.reply }, { op: 'task_describe' });
  if (described.kr !== 'KERN_SUCCESS') return fail(sys, s, move, 'the task is gone');
  move.blockers = (described.fields['blockers'] as string[] | undefined) ?? [];
  const pinned = move.blockers.find((blocker) => blocker.includes('pinned'));
  if (pinned !== undefined) return fail(sys, s, move, pinned);
  const draft = migrationService.request(move.peer?.name ?? MACH_PORT_NULL, move.port, 'offer', {
    mid: move.state.mid,
    task: move.state.task,
    from: s.own.node,
    programs: described.fields['programs'] as ProgramNeed[],
    pages: (described.fields['pages'] as number) + (described.fields['pagedOut'] as number),
    strategy: move.strategy,
    dryRun: move.isDryRun,
  });
  post(sys, s, { ...draft, descriptors: [{ kind: 'port', name: move.port, disposition: MAKE_SEND }] });
};

/** Everything that a dry run can find has been found; nothing of it is kept. */
const endDryRun = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  answerClient(sys, s, move, move.blockers);
  s.moves.splice(s.moves.indexOf(move), 1);
  giveUp(sys, move.task);
  closePort(sys, s, move);
};

const freeze = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  const at = sys.now();
  const answer = callKernel(sys, { port: move.task.name, reply: s.reply }, { op: 'task_freeze' });
  if (answer.kr === 'KERN_SUCCESS') {
    move.frozenAt = at;
    move.wasFrozen = true;
    return advance(sys, s, move, { type: 'frozen' });
  }
  if (answer.kr !== 'KERN_FAILURE') return fail(sys, s, move, `the task cannot be frozen: ${answer.kr}`);
  move.blockers = (answer.fields['blockers'] as string[] | undefined) ?? [];
  const { refused } = answer.fields;
  if (typeof refused === 'string') return fail(sys, s, move, refused); // what its threads hold does not go by itself
  advance(sys, s, move, { type: 'blocked' });
};

const stage = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  const answer = callKernel(sys, { port: move.task.name, reply: s.reply }, { op: 'task_detach' });
  const [husk, ...rights] = answer.rights;
  if (answer.kr !== 'KERN_SUCCESS' || husk === undefined) return fail(sys, s, move, `no image: ${answer.kr}`);
  move.husk = husk;
  move.rights = rights;
  move.image = answer.fields['image'] as Body;
  move.objects = describeObjects(sys, s, move);
  move.pagesAtFreeze = move.objects.reduce((sum, object) => sum + object.left, 0);
  const { hasPagers, sendsInFreeze } = move.strategy;
  const pagers: DraftItem[] = hasPagers ? openPagers(s, move) : [];
  const image = hasPagers ? withPagers(move.image, rights.length) : move.image;
  const draft = netService.request(s.own.net, move.port, 'stage', {
    mid: move.state.mid,
    peer: move.state.node,
    body: { image },
  });
  const kr = sys.send({ ...draft, descriptors: [...moving(rights), ...pagers] });
  if (kr !== 'MACH_MSG_SUCCESS') return fail(sys, s, move, `the image cannot be sent: ${kr}`);
  move.bytesInFreeze = bodySize(image); // of what has been sent it is known
  if (sendsInFreeze) wakeCourier(sys, s);
};

/** The one place where a move is decided: the record is durable before anything depends on it. */
const decide = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  const { mid, task, node } = move.state;
  try {
    s.decisions.decide({ mid, task, identity: move.identity, to: node, at: sys.now() });
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown';
    return fail(sys, s, move, `the decision cannot be journalled: ${why}`);
  }
  advance(sys, s, move, { type: 'journalled' });
};

const commit = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  sys.send(netService.request(s.own.net, move.port, 'commit', { mid: move.state.mid }));
};

/**
 * The destination has not said that the task runs. There is no way back: it is asked, and asked again, until it
 * answers or is dead. Whoever wanted the move hears how far it is.
 */
const ask = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  answerClient(sys, s, move, []);
  if (move.peer !== null) tell(sys, s, move.peer.name, { id: MOVE_QUERY, body: { mid: move.state.mid } });
};

const release = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  if (move.husk !== null) {
    callKernel(sys, { port: move.husk.name, reply: s.reply }, { op: 'husk_release' });
    giveUp(sys, move.husk);
    move.husk = null;
  }
  closePagers(sys, s, move);
  giveUp(sys, move.task);
  closePort(sys, s, move);
  if (s.moves.some(({ state }) => state.phase === 'serving' || state.phase === 'committed')) return;
  const records = s.moves.map((each) => recordOf(s, each));
  for (const drain of s.drains.splice(0)) migrationService.serve(sys, drain, { drain: () => records } as never);
};

/** Nobody pages from here any more, or nobody ever did. */
const closePagers = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  for (const object of move.objects) {
    s.byPager.delete(object.pager);
    if (object.control !== null) giveUpPeer(sys, s, object.control);
    if (object.pager !== MACH_PORT_NULL) giveUp(sys, { name: object.pager, type: 16 });
  }
  move.objects = [];
};

const closePort = (sys: Sys, s: MigrationState, move: SourceMove): void => {
  s.byPort.delete(move.port);
  sys.call({ op: 'port_mod_refs', name: move.port, right: 'RECEIVE', delta: -1 });
  if (move.peer !== null) giveUpPeer(sys, s, move.peer.name);
  move.peer = null;
};

/** Something about a move has arrived on its port. */
export const onMoveMessage = (sys: Sys, s: MigrationState, move: SourceMove, message: Received): void => {
  const body = (message.body ?? {}) as Record<string, unknown>;
  switch (message.id) {
    case netService.id('look_up') + 100:
      return onLocated(sys, s, move, message);
    case migrationService.id('offer') + 100:
      return onVerdict(sys, s, move, message);
    case netService.id('stage') + 100:
      return body['retcode'] === 'KERN_SUCCESS'
        ? advance(sys, s, move, { type: 'staged' })
        : fail(sys, s, move, `the image did not arrive: ${String(body['retcode'])}`);
    case netService.id('abort') + 100:
      return restore(sys, s, move, message);
    case CALL_FORMS.husk_read.id + 100:
      return onPagesRead(sys, s, move, message);
    case MOVE_PREPARED:
      return advance(sys, s, move, { type: 'prepared' });
    case MOVE_REFUSED:
      return onRefused(sys, s, move, body);
    case MOVE_ACTIVATED:
      return advance(sys, s, move, { type: 'activated' });
    case MOVE_PAGES_DONE:
      return advance(sys, s, move, { type: 'drained' });
    case 71:
    case 72:
      advance(sys, s, move, { type: 'lost' });
      return fail(sys, s, move, `${move.state.node} is gone`);
    default:
      for (const right of heldRights(message.items)) giveUp(sys, right);
  }
};

const onLocated = (sys: Sys, s: MigrationState, move: SourceMove, message: Received): void => {
  const [peer] = heldRights(message.items);
  if (peer === undefined) return fail(sys, s, move, `no node ${move.state.node}, or it takes no tasks`);
  move.peer = peer;
  advance(sys, s, move, { type: 'located' });
};

const onVerdict = (sys: Sys, s: MigrationState, move: SourceMove, message: Received): void => {
  const reply = migrationService.reply('offer', message) as { retcode: string; value?: Verdict };
  const [arrival] = heldRights(message.items);
  if (reply.value?.accepted !== true || arrival === undefined) {
    const { code = '', missing } = reply.value ?? {};
    move.refusal = { code, missing: readLacks(missing) };
    return fail(sys, s, move, reply.value?.why ?? `no answer to the offer: ${reply.retcode}`);
  }
  if (move.peer !== null) giveUpPeer(sys, s, move.peer.name);
  move.peer = arrival;
  watch(sys, move, arrival.name);
  advance(sys, s, move, { type: 'accepted' });
};

/** The destination cannot use the image. Late, the word moves nothing, and is no part of what is told of the move. */
const onRefused = (sys: Sys, s: MigrationState, move: SourceMove, { why, code }: Record<string, unknown>): void => {
  const { phase } = move.state;
  if (phase === 'staging' || phase === 'preparing') {
    move.refusal = { code: code === 'E_IMAGE' || code === 'E_VERSION' ? code : '', missing: [] };
  }
  fail(sys, s, move, String(why));
};

/** Asks to be told if the destination dies. */
const watch = (sys: Sys, move: SourceMove, peer: PortName): void => {
  sys.call({
    op: 'port_request_notification',
    name: peer,
    kind: 'DEAD_NAME',
    sync: 0,
    notify: { name: move.port, disposition: 21 },
  });
};

/** The rights are back: the task is put together where it was, and goes on. */
const restore = (sys: Sys, s: MigrationState, move: SourceMove, message: Received): void => {
  const rights = heldRights(message.items).slice(0, move.rights.length);
  for (const extra of heldRights(message.items).slice(move.rights.length)) giveUp(sys, extra);
  if (move.husk === null) return;
  const via = { port: move.husk.name, reply: s.reply };
  const answer: StubAnswer = callKernel(sys, via, { op: 'husk_restore', image: move.image }, moving(rights));
  const [task] = answer.rights;
  if (task !== undefined) {
    callKernel(sys, { port: task.name, reply: s.reply }, { op: 'task_thaw' });
    giveUp(sys, task);
  }
  giveUp(sys, move.husk);
  move.husk = null;
  closePagers(sys, s, move);
  advance(sys, s, move, { type: 'restored' });
};
