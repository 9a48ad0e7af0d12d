/**
 * What an actor does in several calls that the runner has a part in: an errand yields calls and is given their
 * answers.
 */
import type { Answer as KernelAnswer } from '../../kernel/interface/calls.ts';
import type { Answer, Args, Routine } from './driver.ts';
import type { PuppetCall } from './puppet.ts';
import { replyDraft, shown } from './puppet-calls.ts';
import { fromMessage, type ReceivedMessage } from './translate.ts';

/** Begun with any answer; afterwards it is given what each of its calls answered, as the puppet keeps it. */
export type Errand = Generator<PuppetCall, Answer, Answer>;

/** Makes an actor's call of its own: what `routine.do` asks for. */
type Begin = (call: string, args: Args) => PuppetCall | Errand;

/** A call for which the setting lends its authority. It begins when the actor's thread may run. */
export function* lend(act: () => KernelAnswer | null): Errand {
  yield { kind: 'run' };
  const answer = act();
  return shown('', answer ?? { kr: 'MACH_SEND_INVALID_DEST' });
}

/** One turn of the server loop. */
export function* serveOnce(name: number, routine: Routine, begin: Begin): Errand {
  const plan = { send: null, receive: { name } };
  const got = yield { kind: 'msg', plan, restarts: 'both' };
  if (got['kr'] !== 'MACH_MSG_SUCCESS') return shown('msg', got);
  const request = got['message'] as ReceivedMessage;
  const received = fromMessage(request);
  let step = routine.begin(received);
  while (step.does === 'call') step = routine.next(yield* inner(begin, step.call, step.args));
  const { remote, remoteType, descriptors } = request;
  if (step.retcode === 'MIG_NO_REPLY') return { kr: 'KERN_SUCCESS', received, replied: null, reports: [] };
  const succeeded = step.retcode === 'KERN_SUCCESS';
  const body = succeeded ? { retcode: step.retcode, ...step.body } : { retcode: step.retcode };
  const reply = replyDraft(Number(request.id), body, succeeded ? step.descriptors : []);
  const end = yield { kind: 'finish', request: { remote, remoteType, descriptors }, reply, owns: !succeeded };
  return { ...end, received };
}

function* inner(begin: Begin, call: string, args: Args): Errand {
  const begun = begin(call, args);
  if ('kind' in begun) return shown(call, yield begun);
  return yield* begun;
}
