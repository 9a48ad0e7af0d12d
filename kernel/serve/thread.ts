/** The server of calls on a thread. */
import { match } from 'ts-pattern';
import { localsOfThread, stackOfThread } from '../inspect.ts';
import type { StateFlavor, ThreadRequest } from '../interface/calls.ts';
import type { Thread } from '../kernel.ts';
import { abort, resume, suspend, terminateThread } from '../lives.ts';
import { copyData } from '../move/data.ts';
import { only, type Served, success } from './request.ts';

/** Serves a call on `thread`; `caller` is the same thread if it asks for itself. */
export const serveThread = (thread: Thread, caller: Thread | null, request: ThreadRequest): Served =>
  match(request)
    .returnType<Served>()
    .with({ op: 'thread_terminate' }, () => only(terminateThread(thread)))
    .with({ op: 'thread_suspend' }, () => only(suspend(thread)))
    .with({ op: 'thread_resume' }, () => only(resume(thread)))
    .with({ op: 'thread_abort' }, () => only(thread === caller ? 'KERN_INVALID_ARGUMENT' : abort(thread)))
    .with({ op: 'thread_info' }, () => success({ suspend_count: thread.suspendCount, run: thread.run }))
    .with({ op: 'thread_get_state' }, ({ flavor }) => getState(thread, caller, flavor))
    .with({ op: 'thread_get_stack' }, () =>
      thread === caller ? only('KERN_INVALID_ARGUMENT') : success({ ...stackOfThread(thread) }),
    )
    .with({ op: 'thread_get_locals' }, ({ frame }) => {
      const locals = thread === caller ? null : localsOfThread(thread, frame);
      return locals === null ? only('KERN_INVALID_ARGUMENT') : success({ ...locals });
    })
    .with({ op: 'thread_set_state' }, ({ flavor, value }) => setState(thread, caller, flavor, value))
    .exhaustive();

const getState = (thread: Thread, caller: Thread | null, flavor: StateFlavor): Served => {
  if (thread === caller) return only('KERN_INVALID_ARGUMENT');
  if (flavor === 'state') return success({ state: thread.register });
  if (flavor === 'result') return success({ result: thread.result.kr });
  const isData = thread.program.image === undefined;
  return flavor === 'program' && isData ? success({ state: copyData(thread.state) }) : only('KERN_INVALID_ARGUMENT');
};

/**
 * `state` is a plain register; `result` the code of an interrupted call; `program` the whole state of a machine, which
 * wakes a thread that has paused for it.
 */
const setState = (thread: Thread, caller: Thread | null, flavor: StateFlavor, value: unknown): Served => {
  if (thread === caller) return only('KERN_INVALID_ARGUMENT');
  switch (flavor) {
    case 'state':
      thread.register = value;
      return only('KERN_SUCCESS');
    case 'result':
      if (typeof value !== 'number') return only('KERN_INVALID_ARGUMENT');
      if (thread.isInterrupted) thread.result.kr = value;
      return only('KERN_SUCCESS');
    case 'program':
      if (typeof value !== 'object' || value === null || thread.program.image !== undefined)
        return only('KERN_INVALID_ARGUMENT');
      Object.assign(thread.state, value);
      if (thread.run === 'waiting' && thread.waitsFor === 'state') thread.wake();
      return only('KERN_SUCCESS');
    default:
      return only('KERN_INVALID_ARGUMENT');
  }
};
