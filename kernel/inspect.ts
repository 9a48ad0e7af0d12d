/** A thread that is at rest, for whoever debugs: what it waits in, where that is in its source, what its calls hold. */
import { isName, type PortName, portName } from '../ports/name.ts';
import { DEAD_NAME, PORT_SET, RECEIVE, SEND, SEND_ONCE } from '../ports/right.ts';
import {
  type CallLocals,
  LOCALS_MAX,
  type LogicalCall,
  type LogicalWait,
  STACK_CALLS_MAX,
  type ThreadStack,
} from './interface/inspect.ts';
import { NO_RECEIVE, type Thread } from './kernel.ts';
import { remainingMs } from './move/freeze.ts';
import type { HeldCall } from './program.ts';
import { render } from './render.ts';

/** The calls of a thread, innermost first. A program that does not tell of them has one: its state. */
const callsOf = ({ program, state }: Thread): readonly HeldCall[] => {
  if (program.inspect !== undefined) return program.inspect(state);
  const at = (state as { readonly at?: unknown }).at;
  const name = typeof at === 'string' ? at : program.name;
  return [{ name, file: null, line: null, column: null, locals: Object.entries(state) }];
};

const bare = ({ name, file, line, column }: HeldCall): LogicalCall => ({ name, file, line, column });

/** The logical stack of a thread that is not running. */
export const stackOfThread = (thread: Thread): ThreadStack => {
  const calls = callsOf(thread);
  const { serial, program, run, suspendCount } = thread;
  return {
    thread: serial,
    program: program.name,
    hash: program.hash,
    run,
    suspendCount,
    waits: waitOf(thread),
    calls: calls.slice(0, STACK_CALLS_MAX).map(bare),
    more: Math.max(0, calls.length - STACK_CALLS_MAX),
  };
};

/** What a call of that stack holds; null if there is no such call. */
export const localsOfThread = (thread: Thread, frame: number): CallLocals | null => {
  const call = callsOf(thread)[frame];
  if (call === undefined) return null;
  const kindOf = (value: number): string | null => kindOfName(thread, value);
  return {
    call: bare(call),
    locals: call.locals.slice(0, LOCALS_MAX).map(([name, value]) => ({ name, text: render(value, kindOf) })),
    more: Math.max(0, call.locals.length - LOCALS_MAX),
  };
};

/** What the task holds under that name, in words; null if it is no name of the task. */
const kindOfName = (thread: Thread, value: number): string | null => {
  if (!Number.isInteger(value) || value < 1 || value >= 0xffffffff) return null;
  const type = thread.task.space.lookup(portName(value))?.type ?? 0;
  const kinds: readonly (readonly [number, string])[] = [
    [RECEIVE, 'receive'],
    [SEND, 'send'],
    [SEND_ONCE, 'send-once'],
    [PORT_SET, 'set'],
    [DEAD_NAME, 'dead'],
  ];
  const held = kinds.filter(([bit]) => (type & bit) !== 0).map(([, text]) => text);
  return held.length === 0 ? null : held.join(' and ');
};

/** What a thread waits for, in words. */
const waitOf = (thread: Thread): LogicalWait => {
  const { parked, waitsFor, run, sending } = thread;
  const remaining = remainingMs(thread.task.kernel, thread);
  const wait = (call: string, port: PortName | null): LogicalWait => ({
    call,
    port: port !== null && isName(port) ? port : null,
    remainingMs: remaining,
  });
  if (waitsFor === 'page') return wait('a page of memory', null);
  if (waitsFor === 'memory') return wait('memory that it sends', null);
  if (waitsFor === 'exception') return wait('the answer of an exception handler', null);
  if (run !== 'waiting') return wait(run, null);
  switch (parked.op) {
    case 'msg':
      if (sending !== null) return wait(`send of message ${sending.message.id}`, parked.draft?.remote ?? null);
      return wait('receive', parked.receive === NO_RECEIVE ? null : parked.receive);
    case 'kernel':
      return wait(parked.request?.op ?? 'a kernel call', parked.port);
    default:
      return wait(parked.op === 'pause' ? 'pause' : parked.op, null);
  }
};
