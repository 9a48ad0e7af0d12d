/** The laboratory: why calls answer what they do, steps, states and what changes between them. */
import { describe, expect, it } from 'vitest';
import { bootKernel } from '../../kernel/boot.ts';
import type { Task, Thread } from '../../kernel/kernel.ts';
import type { ActorCall } from '../../kernel/lab/actor.ts';
import { growth } from '../../kernel/lab/census.ts';
import { censusTable, mermaidOf } from '../../kernel/lab/draw.ts';
import { Laboratory } from '../../kernel/lab/laboratory.ts';
import { createTask } from '../../kernel/lives.ts';
import { machine } from '../../kernel/machine.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE } from '../../ports/right.ts';
import { type Names, refusedCalls, refusedKernelCalls, refusedMessages } from './lab-refusals.ts';

const actorOf = (task: Task): Thread => [...task.threads][0]!;

const call = (lab: Laboratory, thread: Thread, given: ActorCall) => lab.do(thread, given).outcome;

const self = (lab: Laboratory, thread: Thread, request: Extract<ActorCall, { kind: 'self' }>['request']) =>
  call(lab, thread, { kind: 'self', request })!;

const allocate = (lab: Laboratory, thread: Thread, right: 'RECEIVE' | 'PORT_SET' | 'DEAD_NAME' = 'RECEIVE'): PortName =>
  self(lab, thread, { op: 'port_allocate', right })['name'] as PortName;

/** A task with a name of every kind. */
const scene = (): { lab: Laboratory; thread: Thread; names: Names } => {
  const lab = new Laboratory(bootKernel);
  const owner = lab.task('owner');
  const task = lab.task('caller');
  const thread = actorOf(task);
  const given = (disposition: number): PortName => {
    const port = allocate(lab, actorOf(owner));
    return lab.give(owner, port, disposition, task) as PortName;
  };
  const both = allocate(lab, thread);
  self(lab, thread, { op: 'port_insert_right', name: both, right: { name: both, disposition: MAKE_SEND } });
  const set = allocate(lab, thread, 'PORT_SET');
  const member = allocate(lab, thread);
  self(lab, thread, { op: 'port_insert_member', member, set });
  const full = given(MAKE_SEND);
  for (let id = 0; id < 5; id += 1) {
    call(lab, thread, { kind: 'msg', call: { send: { remote: full, remoteDisposition: COPY_SEND, id } } });
  }
  const other = lab.actor(task, 'caller.2');
  const port = self(lab, other, { op: 'thread_self' })['name'] as PortName;
  const names = {
    receive: allocate(lab, thread),
    empty: allocate(lab, thread),
    both,
    send: given(MAKE_SEND),
    sendOnce: given(MAKE_SEND_ONCE),
    set,
    member,
    dead: allocate(lab, thread, 'DEAD_NAME'),
    full,
    task: self(lab, thread, { op: 'task_self' })['name'] as PortName,
    thread: self(lab, thread, { op: 'thread_self' })['name'] as PortName,
    other: port,
    unknown: portName(77_777),
  };
  return { lab, thread, names };
};

describe('why', () => {
  it('ends in the code of every call that is refused, and names the check', () => {
    const { lab, thread, names } = scene();
    const calls: (readonly [string, ActorCall])[] = [
      ...refusedCalls(names).map(([code, request]) => [code, { kind: 'self', request }] as const),
      ...refusedKernelCalls(names).map(([code, port, request]) => [code, { kind: 'kernel', port, request }] as const),
      ...refusedMessages(names).map(([code, each]) => [code, { kind: 'msg', call: each }] as const),
    ];
    const wrong: unknown[] = [];
    for (const [code, each] of calls) {
      const kr = call(lab, thread, each)?.kr;
      const why = lab.why();
      const last = why?.checks.at(-1);
      if (kr === code && why?.code === code && last?.verdict === 'refused' && !why.isUnknown) continue;
      wrong.push([code, kr, why]);
    }
    expect(wrong).toEqual([]);
  });
});

/** Takes a right out of each message; a helper's rights it gives back, those of others it keeps. */
const careless = machine<{ at: string; inbox: PortName }, PortName>({
  name: 'careless',
  start: (inbox) => ({ at: 'begin', inbox }),
  handlers: {
    begin(sys, s) {
      s.at = 'tidy';
      sys.receive(s.inbox);
    },
    tidy(sys, s, { message }) {
      const [item] = message?.items ?? [];
      if (item?.kind === 'port') sys.call({ op: 'port_deallocate', name: item.name });
      s.at = 'leak';
      sys.receive(s.inbox);
    },
    leak(sys, s) {
      sys.call({ op: 'port_allocate', right: 'DEAD_NAME' });
      s.at = 'tidy';
      sys.receive(s.inbox);
    },
  },
});

describe('a census', () => {
  it('finds the call that leaks', () => {
    const lab = new Laboratory(bootKernel);
    lab.follow();
    const client = lab.task('client');
    const server = createTask(lab.kernel, 'server');
    const inbox = lab.give(client, allocate(lab, actorOf(client)), MOVE_RECEIVE, server) as PortName;
    lab.start(server, careless, inbox);
    lab.rest();
    const to = lab.give(server, inbox, MAKE_SEND, client) as PortName;
    const gift = allocate(lab, actorOf(client));
    const descriptors = [{ kind: 'port', name: gift, disposition: MAKE_SEND } as const];
    const send = () => {
      const draft = { remote: to, remoteDisposition: COPY_SEND, id: 1, descriptors };
      call(lab, actorOf(client), { kind: 'msg', call: { send: draft } });
      lab.rest();
    };
    send();
    send();
    const before = lab.census();
    for (let i = 0; i < 6; i += 1) send();
    const grown = growth(before, lab.census()).filter(({ task }) => task === 'server');
    expect(grown.map(({ site, send: rights, dead }) => [site, rights, dead])).toEqual([
      ['careless leak (port_allocate)', 0, 3],
      ['careless tidy (receive)', 3, 0],
    ]);
    const leaked = lab.census().tasks.find(({ task }) => task === 'server')?.held[0];
    expect(leaked).toMatchObject({
      rights: ['send'],
      references: 4,
      from: [{ site: 'careless tidy (receive)', count: 4 }],
    });
    console.log(censusTable(lab.census()).join('\n'));
    console.log(mermaidOf(lab.state).join('\n'));
  });
});
