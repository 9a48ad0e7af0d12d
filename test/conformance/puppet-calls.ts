/** From a step of a case to a puppet's call, and from a puppet's answer to the words of FORMAT.md. */

import type { KernelRequest } from '../../kernel/interface/calls.ts';
import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import type { Draft } from '../../ports/draft.ts';
import { portName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';
import type { Answer, Args } from './driver.ts';
import { Unsupported } from './driver.ts';
import type { Fill, PuppetCall } from './puppet.ts';
import type { ReceivePlan } from './puppet-message.ts';
import type { SendSize } from './puppet-buffer.ts';
import { fromAnswer, type SendMessage, toMessage, toMsgRequest, toRequest } from './translate.ts';

/** Arguments that say on whom a call is made, the first that is there. */
const TARGETS = ['target', 'control', 'task', 'thread', 'from', 'of', 'parent'] as const;
/** Options that change nothing here: the bare trap always tells of an abort. */
const PLAIN_OPTIONS: readonly unknown[] = ['SEND_INTERRUPT', 'RCV_INTERRUPT', 'RCV_LARGE_IDENTITY'];
/** Where a call is made on the caller's task, its thread, or an actor that the setting lends authority over. */
export interface Aim {
  /** A name of the caller's, a label of an actor, or undefined for the caller itself. */
  readonly target: number | string | undefined;
  readonly request: KernelRequest;
  readonly fill?: Fill;
}

/** A message call: all of `args` is about messages. */
export const messageCall = (call: 'msg' | 'mach_msg', args: Args): PuppetCall => {
  const options = (args['options'] ?? []) as readonly unknown[];
  const strange = options.find((option) => !PLAIN_OPTIONS.includes(option));
  if (strange !== undefined) throw new Unsupported(`msg option ${String(strange)}`);
  const { send, receive, sendTimeout, sendNotify, sendCancel, sendSize } = toMsgRequest(args) as unknown as {
    readonly send?: SendMessage;
    readonly receive?: ReceivePlan;
    readonly sendTimeout?: number;
    readonly sendNotify?: number;
    readonly sendCancel?: number;
    readonly sendSize?: SendSize;
  };
  return {
    kind: 'msg',
    plan: {
      ...(sendSize === undefined ? {} : { sendSize }),
      ...(send?.words === undefined ? {} : { words: send.words }),
      ...(send?.items === undefined ? {} : { items: send.items }),
      send: send === undefined ? null : draftOf(send),
      receive: receive ?? null,
      ...(sendTimeout === undefined ? {} : { sendTimeout }),
      ...(sendNotify === undefined ? {} : { sendNotify }),
      ...(sendCancel === undefined ? {} : { sendCancel }),
    },
    restarts: call === 'msg' ? 'none' : restartsOf(options),
  };
};

const restartsOf = (options: readonly unknown[]): Extract<PuppetCall, { kind: 'msg' }>['restarts'] => {
  const tellsSend = options.includes('SEND_INTERRUPT');
  const tellsReceive = options.includes('RCV_INTERRUPT');
  if (tellsSend) return tellsReceive ? 'none' : 'receive';
  return tellsReceive ? 'send' : 'both';
};

/** Bits of a case are none that a header could carry: the kernel makes its own. */
const draftOf = ({ bits: _bits, words: _words, items: _items, id, body, descriptors, ...message }: SendMessage): Draft => {
  if (typeof id !== 'number') throw new Unsupported(`msg id ${id}`);
  return {
    ...message,
    remote: portName(message.remote),
    local: portName(message.local),
    id,
    ...(body === undefined ? {} : { body: body as never }),
    ...(descriptors.length === 0 ? {} : { descriptors: descriptors as Draft['descriptors'] & object }),
  };
};

/** A stub's call. */
export const stubCall = (call: 'mig_call' | 'mig_send', args: Args): PuppetCall => ({
  kind: 'mig',
  draft: draftOf(toMessage(args)),
  replies: call === 'mig_call',
  descriptors: Number(args['replyDescriptors'] ?? 0),
});

/** What the loop sends back, before it knows to whom. */
export const replyDraft = (id: number, body: unknown, descriptors: readonly unknown[]): Draft =>
  draftOf(toMessage({ id: id + 100, body, descriptors }));

/** Any other kernel call. */
export const aimedCall = (call: string, args: Args): Aim => {
  const key = TARGETS.find((each) => args[each] !== undefined);
  const { result, state, as: _as, start: _start, fill, host, ...rest } = args;
  const plain = { ...rest, ...(fill === undefined ? {} : { bytes: '' }) };
  const { [key ?? '']: target, ...others } = toRequest(call, plain) as unknown as Args & { readonly op: string };
  const privilege = typeof host === 'number' ? { host: { name: host, disposition: COPY_SEND } } : {};
  const request = { ...others, ...privilege, ...flavored(call, result, state), ...defaults(call) };
  if (!Object.hasOwn(CALL_FORMS, call)) throw new Unsupported(call);
  return {
    target: target as Aim['target'],
    request: request as unknown as KernelRequest,
    ...(fill === undefined ? {} : { fill: fill as Fill }),
  };
};

const flavored = (call: string, result: unknown, state: unknown): Args => {
  if (call === 'thread_get_state') return { flavor: 'state' };
  if (call !== 'thread_set_state') return {};
  return result === undefined ? { flavor: 'state', value: state } : { flavor: 'result', value: result };
};

const defaults = (call: string): Args => (call === 'thread_create' ? { program: 'puppet' } : {});

/** The answer of a puppet as a case expects it. */
export const shown = (call: string, answer: Answer): Answer => {
  const { previous } = answer;
  if (call === 'port_request_notification' && typeof previous === 'number') {
    return fromAnswer({ ...answer, previous: previous === 0 ? null : { name: previous } });
  }
  const { memory: _, ...others } = answer;
  return fromAnswer(others);
};
