/**
 * A task that asks another without pause, a number of questions at once, and times each answer. It is told what to do
 * on a port of its own and hears of it between two answers.
 */
import { machine } from '../../../kernel/machine.ts';
import type { Program, Sys } from '../../../kernel/program.ts';
import { Bytes } from '../../../ports/bytes.ts';
import type { Draft } from '../../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import type { Received } from '../../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import { nameService } from '../../../servers/names/protocol.ts';
import { type Histogram, newHistogram, record } from '../histogram.ts';
import { type AskRequest, askerService, holderService } from './service.ts';

interface State {
  at: string;
  readonly name: string;
  inbox: PortName;
  replies: PortName;
  set: PortName;
  to: PortName;
  /** Questions that are still to be asked; Infinity until `stop`. */
  left: number;
  outstanding: number;
  data: Bytes | null;
  /** Number of the next question, of the next answer. */
  next: number;
  due: number;
  /** When question `n` was asked stands at `n % outstanding`. */
  askedAt: number[];
  client: PortName;
  clientId: number;
  done: number;
  disorder: number;
  since: number;
  times: Histogram;
}

const allocate = (sys: Sys, right: 'RECEIVE' | 'PORT_SET'): PortName =>
  sys.call({ op: 'port_allocate', right })['name'] as PortName;

const question = (sys: Sys, s: State): Draft => {
  const op = s.next;
  s.next += 1;
  s.left -= 1;
  s.askedAt[op % s.outstanding] = sys.now();
  return {
    remote: s.to,
    remoteDisposition: COPY_SEND,
    local: s.replies,
    localDisposition: MAKE_SEND_ONCE,
    id: holderService.id('echo'),
    body: { op, data: s.data },
  };
};

/** What was asked since the last look; the next look begins here. */
const report = (sys: Sys, s: State): object => {
  const now = sys.now();
  const value = { done: s.done, ms: now - s.since, disorder: s.disorder, times: s.times };
  s.done = 0;
  s.since = now;
  s.times = newHistogram();
  return value;
};

const answer = (sys: Sys, remote: PortName, id: number, value: object | null): void => {
  const body = { retcode: 'KERN_SUCCESS', value } as never;
  sys.send({ remote, remoteDisposition: MOVE_SEND_ONCE, id: id + 100, body });
};

const obey = (sys: Sys, s: State, { id, remote, body, items }: Received): void => {
  if (id === askerService.id('aim')) {
    const item = items?.[0];
    if (item?.kind === 'port') s.to = item.name;
    return answer(sys, remote, id, null);
  }
  if (id === askerService.id('mark')) return answer(sys, remote, id, report(sys, s));
  if (id === askerService.id('ask')) {
    const { n, outstanding, size } = body as unknown as AskRequest;
    s.left = n === 0 ? Number.POSITIVE_INFINITY : n;
    s.outstanding = outstanding;
    s.askedAt = new Array<number>(outstanding).fill(0);
    s.data = size === 0 ? null : Bytes.adopt(new Uint8Array(size).fill(7));
    s.disorder = 0;
    report(sys, s);
    if (n === 0) return answer(sys, remote, id, report(sys, s));
  } else s.left = 0;
  s.client = remote;
  s.clientId = id;
};

const take = (sys: Sys, s: State, { body }: Received): void => {
  const op = (body as { value?: { op?: number } } | null)?.value?.op;
  if (op !== s.due) s.disorder += 1;
  record(s.times, sys.now() - (s.askedAt[s.due % s.outstanding] ?? 0));
  s.due += 1;
  s.done += 1;
};

const goOn = (sys: Sys, s: State): void => {
  const open = s.next - s.due;
  if (s.left > 0 && open < s.outstanding && s.to !== MACH_PORT_NULL) {
    s.at = open + 1 < s.outstanding && s.left > 1 ? 'pump' : 'heard';
    return sys.msg(s.at === 'pump' ? { send: question(sys, s) } : { send: question(sys, s), receive: s.set });
  }
  if (open === 0 && s.left === 0 && s.client !== MACH_PORT_NULL) {
    answer(sys, s.client, s.clientId, report(sys, s));
    s.client = MACH_PORT_NULL;
  }
  s.at = 'heard';
  sys.receive(s.set);
};

/** The program: what `portolan task run` looks for in a module. */
export const program: Program = machine<State, { readonly name: string }>({
  name: 'bench-asker',
  start: ({ name }) => ({
    at: 'begin',
    name,
    inbox: MACH_PORT_NULL,
    replies: MACH_PORT_NULL,
    set: MACH_PORT_NULL,
    to: MACH_PORT_NULL,
    left: 0,
    outstanding: 1,
    data: null,
    next: 0,
    due: 0,
    askedAt: [0],
    client: MACH_PORT_NULL,
    clientId: 0,
    done: 0,
    disorder: 0,
    since: 0,
    times: newHistogram(),
  }),
  handlers: {
    begin(sys, s) {
      s.inbox = allocate(sys, 'RECEIVE');
      s.replies = allocate(sys, 'RECEIVE');
      s.set = allocate(sys, 'PORT_SET');
      for (const member of [s.inbox, s.replies]) sys.call({ op: 'port_move_member', member, after: s.set });
      sys.call({ op: 'port_set_qlimit', name: s.replies, qlimit: 64 });
      const names = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
      const reply = allocate(sys, 'RECEIVE');
      s.at = 'known';
      const draft = nameService.request(names, reply, 'check_in', { name: s.name });
      sys.rpc({ ...draft, descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }] }, reply);
    },
    known: (sys, s) => goOn(sys, s),
    pump: (sys, s) => goOn(sys, s),
    heard(sys, s, { message }) {
      if (message === null) return goOn(sys, s);
      if (message.local === s.replies) take(sys, s, message);
      else obey(sys, s, message);
      goOn(sys, s);
    },
  },
});
