/** The laboratory: why calls answer what they do, steps, states and what changes between them. */
import { describe, expect, it } from 'vitest';
import { bootKernel } from '../../kernel/boot.ts';
import type { Task, Thread } from '../../kernel/kernel.ts';
import type { ActorCall } from '../../kernel/lab/actor.ts';
import { Laboratory } from '../../kernel/lab/laboratory.ts';
import { type PortName, portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE } from '../../ports/right.ts';
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
