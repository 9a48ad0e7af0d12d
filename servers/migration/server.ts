/** The migration server: this thread decides, the courier sends pages. An ordinary task, pinned to its kernel. */

import { type MoveMe, moverService } from '../../kernel/interface/bootstrap.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { MAKE_SEND } from '../../ports/right.ts';
import { callKernel, giveUp, heldRights } from '../kernel-stub.ts';
import { NET_DROPPED, NET_LANDED, NET_ORPHANED, NET_STAGED, NET_UP, netService } from '../net/protocol.ts';
import { DRAINED } from './courier.ts';
import { Decisions } from './decisions.ts';
import { onNodeUp, onOrphaned } from './doubt.ts';
import { MOVE_TIMES } from './machine.ts';
import { onCodeAnswer, onOffer } from './offer.ts';
import { isDrained, onPagerMessage } from './pages.ts';
import { type DecisionVerdict, type MigrateRequest, migrationService, type Strategy } from './protocol.ts';
import { arrivalsOf, recordOf } from './record.ts';
import { advance, begin, onMoveMessage } from './source.ts';
import type { MigrationArguments, MigrationState, SourceMove } from './state.ts';
import type { MoveStrategy } from './strategies/strategy.ts';
import { STRATEGIES, strategyNamed } from './strategies/table.ts';
import { onArrivalMessage, onDropped, onLanded, onStaged } from './target.ts';
import { wakeCourier } from './tell.ts';

/** Moves under way at a time from one node (protocols 2.3.6). */
const LEAVING_MAX = 4;

/** Moves remembered after their end. */
const MOVES_MAX = 1000;

/** The state that both threads of the server share. */
export const migrationState = (own: MigrationArguments): MigrationState => ({
  at: 'start',
  own,
  set: MACH_PORT_NULL,
  reply: MACH_PORT_NULL,
  events: MACH_PORT_NULL,
  wake: MACH_PORT_NULL,
  outbox: new Map(),
  forced: new Set(),
  turn: 0,
  times: { ...MOVE_TIMES, ...own.times },
  moves: [],
  arrivals: new Map(),
  bringing: new Map(),
  byPort: new Map(),
  byPager: new Map(),
  drains: [],
  decisions: new Decisions(own.journal),
});

const allocate = (sys: Sys, right: 'RECEIVE' | 'PORT_SET'): PortName =>
  sys.call({ op: 'port_allocate', right })['name'] as PortName;

/** The thread that decides. Its arguments are the state. */
export const migrationServer: Program = machine<MigrationState, MigrationState>({
  name: 'migration',
  hash: 'migration',
  start: (state) => state,
  handlers: {
    start(sys, s) {
      s.set = allocate(sys, 'PORT_SET');
      s.reply = allocate(sys, 'RECEIVE');
      s.events = allocate(sys, 'RECEIVE');
      s.wake = allocate(sys, 'RECEIVE');
      sys.call({ op: 'port_move_member', member: s.own.service, after: s.set });
      sys.call({ op: 'port_move_member', member: s.events, after: s.set });
      if (s.own.mover !== undefined) sys.call({ op: 'port_move_member', member: s.own.mover, after: s.set });
      for (const name of [s.own.service, s.events]) sys.call({ op: 'port_set_qlimit', name, qlimit: 64 });
      sys.send({
        ...netService.request(s.own.net, s.reply, 'listen_stages', null),
        // Nobody waits for the answer: the reply port is for calls that are answered in the same trap.
        local: MACH_PORT_NULL,
        localDisposition: 0,
        descriptors: [{ kind: 'port', name: s.events, disposition: MAKE_SEND }],
      });
      s.at = 'serve';
      sys.receive(s.set);
    },
    serve(sys, s, { message }) {
      if (message !== null) dispatch(sys, s, message);
      listen(sys, s);
    },
  },
});

/** Waits for the next message, or until something is due. */
const listen = (sys: Sys, s: MigrationState): void => {
  let next = Number.POSITIVE_INFINITY;
  for (const { dueAt } of s.byPort.values()) next = Math.min(next, dueAt);
  if (next === Number.POSITIVE_INFINITY) return sys.receive(s.set);
  const now = sys.now();
  if (next <= now) for (const move of [...s.byPort.values()]) if (move.dueAt <= now) advance(sys, s, move, DUE);
  if (next <= now) return listen(sys, s);
  sys.receive(s.set, { timeoutMs: next - now });
};

const DUE = Object.freeze({ type: 'due' });

const dispatch = (sys: Sys, s: MigrationState, message: Received): void => {
  const move = s.byPort.get(message.local);
  if (move !== undefined) return onMoveMessage(sys, s, move, message);
  if (message.local === s.events) return onStageEvent(sys, s, message);
  if (message.local === s.own.service) return onRequest(sys, s, message);
  if (message.local === s.own.mover) return onMoveMe(sys, s, message);
  const offer = s.bringing.get(message.local);
  if (offer !== undefined) return onCodeAnswer(sys, s, offer, message);
  for (const arrival of s.arrivals.values()) {
    if (arrival.port === message.local) return onArrivalMessage(sys, s, arrival, message);
  }
  const served = onPagerMessage(sys, s, message);
  if (served !== null && isDrained(served)) advance(sys, s, served, { type: 'drained' });
};

const onStageEvent = (sys: Sys, s: MigrationState, message: Received): void => {
  const { mid, body, node, from } = (message.body ?? {}) as Record<'mid' | 'node' | 'from', string> & { body: Body };
  if (message.id === NET_STAGED) onStaged(sys, s, mid, body);
  else if (message.id === NET_LANDED) onLanded(sys, s, mid, message);
  else if (message.id === NET_DROPPED) onDropped(sys, s, mid);
  else if (message.id === NET_ORPHANED) onOrphaned(sys, s, mid, from);
  else if (message.id === NET_UP) onNodeUp(sys, s, node);
  else if (message.id === DRAINED) {
    const move = s.moves.find(({ state }) => state.mid === mid);
    if (move !== undefined) advance(sys, s, move, { type: 'drained' });
  }
};

const onRequest = (sys: Sys, s: MigrationState, message: Received): void => {
  if (message.id === migrationService.id('offer')) return onOffer(sys, s, message);
  if (message.id === migrationService.id('migrate')) return onMigrate(sys, s, message);
  for (const right of heldRights(message.items)) giveUp(sys, right);
  const records = (): unknown => s.moves.map((move) => recordOf(s, move));
  const decision = ({ mid, asker }: { mid: string; asker: string }): DecisionVerdict =>
    s.decisions.verdictOn(mid, asker);
  const isBusy = s.moves.some(({ state }) => state.phase === 'serving' || state.phase === 'committed');
  if (message.id === migrationService.id('drain') && isBusy) {
    s.drains.push(message);
    return pushAll(sys, s);
  }
  const arrivals = (): unknown => arrivalsOf(s);
  migrationService.serve(sys, message, { moves: records, drain: records, decision, arrivals } as never);
};

/** Whoever drains wants an end: what was left behind for good (`push: 'off'`) is pushed now. */
const pushAll = (sys: Sys, s: MigrationState): void => {
  for (const move of s.moves) {
    if (move.state.phase === 'serving') move.strategy = { ...move.strategy, push: 'idle' };
  }
  wakeCourier(sys, s);
};

const onMigrate = (sys: Sys, s: MigrationState, message: Received): void => {
  for (const right of heldRights(message.items)) giveUp(sys, right);
  startMove(sys, s, (message.body ?? {}) as unknown as MigrateRequest, message);
};

/** A task asks to be moved. Its kernel has stamped the message with who it is; no task of another node is found. */
const onMoveMe = (sys: Sys, s: MigrationState, message: Received): void => {
  for (const right of heldRights(message.items)) giveUp(sys, right);
  if (message.id !== moverService.id('move_me')) {
    moverService.serve(sys, { ...message, items: null } as Received, {} as never);
    return;
  }
  const { node, strategy } = (message.body ?? {}) as unknown as Partial<MoveMe>;
  const wanted = String(node ?? '');
  const request = {
    task: message.sender?.token ?? '',
    node: s.own.nodeOf?.(wanted) ?? wanted,
    ...(typeof strategy === 'string' ? { strategy } : {}),
  };
  startMove(sys, s, request, message);
};

const startMove = (sys: Sys, s: MigrationState, request: MigrateRequest, message: Received): void => {
  const found = findTask(sys, s, request.task);
  const move = newMove(sys, s, request, message, found);
  const why = objection(s, request, found.why);
  s.moves.push(move);
  if (s.moves.length > MOVES_MAX) forgetOldest(s);
  s.byPort.set(move.port, move);
  if (why === null) return begin(sys, s, move);
  move.blockers = [why];
  advance(sys, s, move, { type: 'failed', why });
};

const forgetOldest = (s: MigrationState): void => {
  const oldest = s.moves.findIndex(({ state }) => state.phase === 'ended' || state.phase === 'released');
  if (oldest >= 0) s.moves.splice(oldest, 1);
};

const objection = (s: MigrationState, request: MigrateRequest, why: string | null): string | null => {
  if (why !== null) return why;
  if (request.node === s.own.node) return `the task is on ${request.node} already`;
  if (request.strategy !== undefined && strategyNamed(request.strategy) === undefined) {
    return `no strategy ${request.strategy}; there are ${STRATEGIES.map(({ name }) => name).join(', ')}`;
  }
  const isMoving = s.moves.some(
    ({ state, isDryRun }) => state.task === request.task && !isDryRun && isUnderWay(state.phase),
  );
  if (isMoving) return `${request.task} is being moved already`;
  const leaving = s.moves.filter(({ state }) => isUnderWay(state.phase)).length;
  return leaving >= LEAVING_MAX ? `${leaving} tasks are leaving ${s.own.node} already; try again later` : null;
};

/** True while calls on the task's port may be answered later, or elsewhere. */
const isUnderWay = (phase: string): boolean => phase !== 'serving' && phase !== 'released' && phase !== 'ended';

interface Found {
  readonly task: PortName;
  readonly name: string;
  readonly identity: string;
  readonly why: string | null;
}

const findTask = (sys: Sys, s: MigrationState, name: string): Found => {
  const { fields, rights } = callKernel(sys, { port: s.own.host, reply: s.reply }, { op: 'host_tasks' });
  const tasks = (fields['tasks'] as { name: string; identity: string }[] | undefined) ?? [];
  const index = tasks.findIndex((task) => task.name === name || task.identity === name);
  rights.forEach((right, at) => {
    if (at !== index) giveUp(sys, right);
  });
  const task = rights[index]?.name;
  if (task === undefined) return { task: MACH_PORT_NULL, name, identity: '', why: `no task ${name} on ${s.own.node}` };
  return { task, name: tasks[index]?.name ?? name, identity: tasks[index]?.identity ?? '', why: null };
};

const strategyOf = (request: MigrateRequest): Pick<SourceMove, 'strategy' | 'nextInFreeze'> => {
  const preset = strategyNamed(request.strategy ?? '') ?? (STRATEGIES[0] as MoveStrategy);
  const { nextInFreeze, ...data } = preset;
  const { k = preset.k, push = preset.push } = request;
  const strategy: Strategy = { ...data, k, push, sendsInFreeze: nextInFreeze !== null };
  return { strategy, nextInFreeze };
};

const newMove = (sys: Sys, s: MigrationState, request: MigrateRequest, client: Received, found: Found): SourceMove => {
  const port = allocate(sys, 'RECEIVE');
  sys.call({ op: 'port_move_member', member: port, after: s.set });
  return {
    state: { mid: s.own.newId(), task: request.task, node: request.node, phase: 'locating' },
    dueAt: Number.POSITIVE_INFINITY,
    ...strategyOf(request),
    isDryRun: request.dryRun === true,
    name: found.name,
    identity: found.identity,
    port,
    task: { name: found.task, type: 17 },
    client,
    peer: null,
    husk: null,
    rights: [],
    image: null,
    objects: [],
    isFreezeSent: false,
    blockers: [],
    refusal: { code: '', missing: [] },
    wasFrozen: false,
    frozenAt: 0,
    freezeMs: 0,
    bytesInFreeze: 0,
    pagesInFreeze: 0,
    pagesAtFreeze: 0,
    demandFaults: 0,
    pagesOnDemand: 0,
    pagesPushed: 0,
  };
};
