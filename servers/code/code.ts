/**
 * The code server: hands out the compiled text of programs by name and hash, and brings such a text here from a node
 * that this one was told to trust. Code is asked for, never taken as a gift: who offers a task names a hash, and the
 * text comes from the node that this server looked up itself.
 */

import type { ProgramNeed } from '../../kernel/interface/move.ts';
import { Refusal } from '../../kernel/interface/subsystem.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program, Sys } from '../../kernel/program.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { giveUp, type HeldRight, heldRights } from '../kernel-stub.ts';
import { netService } from '../net/protocol.ts';
import {
  type BringRequest,
  CODE_MAX,
  CODE_PART_MAX,
  type CodePart,
  type CodeRefusal,
  type CodeRequest,
  type CodeTrouble,
  codeService,
  type ProgramCode,
} from './protocol.ts';

/** Requests to bring code that wait at a time; programs of one request. */
const JOBS_MAX = 8;
const PROGRAMS_MAX = 64;
/** From the beginning of a job to its end: less than the patience of who has offered a task (`MOVE_TIMES`). */
const JOB_MS = 4000;

/** What is done with text: kept, given out, made into a program. It belongs to whoever composes the node. */
export interface CodeShelf {
  /** The text of a program, if it has been kept. */
  read(name: string, hash: string): ProgramCode | null;
  /** Makes a program of a text, and makes it known to the kernel. What has another digest is never evaluated. */
  install(need: ProgramNeed, code: ProgramCode): CodeTrouble | null;
}

/** What the code server is given. Names are in its own space. */
export interface CodeArguments {
  /** Receive right of the service, send right to the net service. */
  readonly service: PortName;
  readonly net: PortName;
  readonly shelf: CodeShelf;
  /** True for a node whose code may run here. */
  readonly accepts: (node: string) => boolean;
  /** A line for the log of the node: what was brought, and what was refused. */
  readonly log: (line: string) => void;
}

interface Job {
  readonly client: Received;
  readonly node: string;
  readonly programs: readonly ProgramNeed[];
  /** Receive right for the answers of the other node. */
  readonly port: PortName;
  readonly dueAt: number;
  peer: HeldRight | null;
  /** The program that is read, and what has come of it. */
  at: number;
  part: keyof ProgramCode;
  code: { text: string; map: string };
}

interface State {
  at: string;
  readonly own: CodeArguments;
  set: PortName;
  readonly jobs: Map<PortName, Job>;
}

/** The program of the code server. It holds code, so it stays where it is. */
export const codeServer: Program = machine<State, CodeArguments>({
  name: 'code',
  hash: 'code',
  start: (own) => ({ at: 'begin', own, set: MACH_PORT_NULL, jobs: new Map() }),
  handlers: {
    begin(sys, s) {
      s.set = sys.call({ op: 'port_allocate', right: 'PORT_SET' })['name'] as PortName;
      sys.call({ op: 'port_set_qlimit', name: s.own.service, qlimit: 64 });
      sys.call({ op: 'port_move_member', member: s.own.service, after: s.set });
      s.at = 'serve';
      sys.receive(s.set);
    },
    serve(sys, s, { message }) {
      if (message !== null) dispatch(sys, s, message);
      listen(sys, s);
    },
  },
});

/** Waits for the next message, or until a job has taken too long. */
const listen = (sys: Sys, s: State): void => {
  const now = sys.now();
  for (const job of [...s.jobs.values()]) if (job.dueAt <= now) timeOut(sys, s, job);
  let next = Number.POSITIVE_INFINITY;
  for (const { dueAt } of s.jobs.values()) next = Math.min(next, dueAt);
  sys.receive(s.set, next === Number.POSITIVE_INFINITY ? {} : { timeoutMs: next - now });
};

const dispatch = (sys: Sys, s: State, message: Received): void => {
  const job = s.jobs.get(message.local);
  if (job !== undefined) return onAnswer(sys, s, job, message);
  for (const right of heldRights(message.items)) giveUp(sys, right);
  if (message.id === codeService.id('bring')) return onBring(sys, s, message);
  codeService.serve(sys, message, {
    read: (request) => readPart(s, request),
    bring: () => new Refusal('MIG_BAD_ID'),
  });
};

const readPart = ({ own }: State, request: CodeRequest): CodePart | null | Refusal => {
  const { name, hash, part, from } = request ?? {};
  const isRead = typeof name === 'string' && typeof hash === 'string' && (part === 'text' || part === 'map');
  if (!isRead || !Number.isSafeInteger(from) || from < 0) return new Refusal('MIG_BAD_ARGUMENTS');
  const whole = own.shelf.read(name, hash)?.[part];
  return whole === undefined ? null : { size: whole.length, text: whole.slice(from, from + CODE_PART_MAX) };
};

const onBring = (sys: Sys, s: State, client: Received): void => {
  const { node, programs, isTrial } = (client.body ?? {}) as unknown as BringRequest;
  if (typeof node !== 'string' || !isNeeds(programs)) return answer(sys, client, new Refusal('MIG_BAD_ARGUMENTS'));
  const refusal = objection(s, node);
  if (refusal !== null) {
    if (!isTrial) logRefusal(s, node, refusal);
    return answer(sys, client, refusal);
  }
  if (isTrial || programs.length === 0) return answer(sys, client, null);
  const port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  sys.call({ op: 'port_move_member', member: port, after: s.set });
  const code = { text: '', map: '' };
  const dueAt = sys.now() + JOB_MS;
  s.jobs.set(port, { client, node, programs, port, dueAt, peer: null, at: 0, part: 'text', code });
  sys.send(netService.request(s.own.net, port, 'look_up', { node, name: 'code' }));
};

const isNeeds = (value: unknown): value is readonly ProgramNeed[] =>
  Array.isArray(value) &&
  value.length <= PROGRAMS_MAX &&
  value.every((need) => typeof need?.name === 'string' && typeof need.hash === 'string');

const objection = (s: State, node: string): CodeTrouble | null => {
  if (!s.own.accepts(node)) return { code: 'E_CODE_NOT_ACCEPTED', why: `it takes no code from ${node}` };
  if (s.jobs.size >= JOBS_MAX) return { code: 'E_CODE_BUSY', why: `${s.jobs.size} requests for code wait already` };
  return null;
};

const answer = (sys: Sys, client: Received, result: CodeTrouble | Refusal | null): void =>
  codeService.serve(sys, client, { read: () => null, bring: () => result });

const onAnswer = (sys: Sys, s: State, job: Job, message: Received): void => {
  if (job.peer === null) {
    const [peer, ...others] = heldRights(message.items);
    for (const right of others) giveUp(sys, right);
    if (peer === undefined) return end(sys, s, job, refusalOf('E_CODE_ABSENT', `${job.node} offers no code`));
    job.peer = peer;
    return ask(sys, s, job);
  }
  for (const right of heldRights(message.items)) giveUp(sys, right);
  const reply = codeService.reply('read', message);
  if (!('value' in reply)) return end(sys, s, job, refusalOf('E_CODE_TIMEOUT', `${job.node}: ${reply.retcode}`));
  take(sys, s, job, reply.value);
};

const refusalOf = (code: CodeRefusal, why: string): CodeTrouble => ({ code, why });

/** Asks for the next piece of the program that is read. */
const ask = (sys: Sys, s: State, job: Job): void => {
  const need = job.programs[job.at];
  if (need === undefined || job.peer === null) return end(sys, s, job, null);
  const { name, hash } = need;
  const request = { name, hash, part: job.part, from: job.code[job.part].length };
  const kr = sys.send(codeService.request(job.peer.name, job.port, 'read', request));
  if (kr !== 'MACH_MSG_SUCCESS') end(sys, s, job, refusalOf('E_CODE_TIMEOUT', `${job.node} cannot be asked: ${kr}`));
};

/** A piece has come. What is said of its size is believed only as far as the limit. */
const take = (sys: Sys, s: State, job: Job, piece: CodePart | null): void => {
  const need = job.programs[job.at];
  if (need === undefined) return;
  const what = `${need.name} ${need.hash}`;
  if (piece === null) return end(sys, s, job, refusalOf('E_CODE_ABSENT', `${job.node} has not kept ${what}`));
  const { size, text } = piece;
  const isSound = typeof text === 'string' && Number.isSafeInteger(size) && size >= 0 && size <= CODE_MAX;
  const length = job.code[job.part].length + (isSound ? text.length : 0);
  if (!isSound || length > size || (text.length === 0 && length < size)) {
    const why = `the ${job.part} of ${what} has ${String(size)} characters; at most ${CODE_MAX} are taken`;
    return end(sys, s, job, refusalOf('E_CODE_SIZE', why));
  }
  job.code[job.part] += text;
  if (length < size) return ask(sys, s, job);
  if (job.part === 'text') {
    job.part = 'map';
    return ask(sys, s, job);
  }
  const trouble = s.own.shelf.install(need, job.code);
  if (trouble !== null) return end(sys, s, job, trouble);
  s.own.log(`took the code of ${what} from ${job.node}`);
  job.at += 1;
  job.part = 'text';
  job.code = { text: '', map: '' };
  ask(sys, s, job);
};

const timeOut = (sys: Sys, s: State, job: Job): void =>
  end(sys, s, job, refusalOf('E_CODE_TIMEOUT', `${job.node} does not answer`));

const end = (sys: Sys, s: State, job: Job, trouble: CodeTrouble | null): void => {
  s.jobs.delete(job.port);
  if (job.peer !== null) giveUp(sys, job.peer);
  giveUp(sys, { name: job.port, type: 16 });
  if (trouble !== null) logRefusal(s, job.node, trouble);
  answer(sys, job.client, trouble);
};

const logRefusal = (s: State, node: string, { code, why }: CodeTrouble): void =>
  s.own.log(`took no code from ${node}: ${code}: ${why}`);
