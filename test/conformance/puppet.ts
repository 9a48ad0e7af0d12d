/**
 * The puppet: the program that every actor runs. It waits until somebody sets its state to a call, makes the call as
 * any program would, keeps the answer in its state for whoever asks, and waits again. All of it is data, so a puppet
 * can be moved in the middle of any call. It owns no port but the reply port of its client stub, made when first used.
 */

import type { KernelRequest } from '../../kernel/interface/calls.ts';
import { type MachineState, machine } from '../../kernel/machine.ts';
import type { Program, Result, Sys } from '../../kernel/program.ts';
import type { Draft } from '../../ports/draft.ts';
import { isName, MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND, MOVE_SEND_ONCE, PORT_SEND_ONCE } from '../../ports/right.ts';
import { destroyDraft, destroyItems, type Report } from './puppet-destroy.ts';
import { inBuffer } from './puppet-buffer.ts';
import { callOf, type MsgPlan, outcomeOf, resendable } from './puppet-message.ts';
import type { ReceivedDescriptor } from './translate.ts';

/** What is to be written, where it is more than a message could hold: the puppet makes it itself. */
export type Fill = readonly [byte: number, size: number];

/** A call for a puppet, as data. */
export type PuppetCall =
  /** An instruction without effect: is the thread running? */
  | { readonly kind: 'run' }
  /** A kernel call on the puppet's own task, or through a send right. */
  | { readonly kind: 'self'; readonly request: KernelRequest; readonly fill?: Fill }
  | { readonly kind: 'kernel'; readonly port: number; readonly request: KernelRequest; readonly fill?: Fill }
  | { readonly kind: 'touch'; readonly address: number; readonly value: number | null }
  /** The bare trap, or (`restarts`) the library call above it, which goes on after an abort. */
  | { readonly kind: 'msg'; readonly plan: MsgPlan; readonly restarts: 'none' | 'send' | 'receive' | 'both' }
  /** The client stub of a routine; without `replies` a simpleroutine. */
  | { readonly kind: 'mig'; readonly draft: Draft; readonly replies: boolean; readonly descriptors: number }
  /** The end of the server loop's turn: what becomes of the request, and the reply. */
  | {
      readonly kind: 'finish';
      readonly request: FinishedRequest;
      readonly reply: Draft | null;
      readonly owns: boolean;
    };

/** What the server loop still knows of a request. */
export interface FinishedRequest {
  readonly remote: number;
  readonly remoteType: number;
  readonly descriptors: readonly ReceivedDescriptor[];
}

/** The state of a puppet. Set `{ at: 'begin', call, done: null }` to make it move. */
export interface PuppetState extends MachineState {
  call: PuppetCall;
  /** The answer of the call, null while it is under way. */
  done: Readonly<Record<string, unknown>> | null;
  /** The message that a library call is sending, if it has come back. */
  again: Draft | null;
  reports: readonly Report[];
  /** Bytes of the message that is being sent. */
  sendSize: number | null;
  replyPort: number;
}

const finish = (sys: Sys, state: PuppetState, answer: Readonly<Record<string, unknown>>): void => {
  state.done = answer;
  state.again = null;
  state.at = 'idle';
  sys.pause();
};

const filled = ({ request, fill }: { readonly request: KernelRequest; readonly fill?: Fill }): KernelRequest =>
  fill === undefined ? request : ({ ...request, bytes: new Uint8Array(fill[1]).fill(fill[0]) } as KernelRequest);

const begin = (sys: Sys, state: PuppetState): void => {
  const { call } = state;
  switch (call.kind) {
    case 'run':
      return finish(sys, state, { kr: 'KERN_SUCCESS' });
    case 'self':
      return finish(sys, state, sys.call(filled(call)));
    case 'kernel':
      state.at = 'answered';
      return sys.kernelCall(portName(call.port), filled(call));
    case 'touch': {
      if (call.value !== null) sys.vm.setU8(call.address, call.value);
      const value = call.value ?? sys.vm.getU8(call.address);
      return finish(sys, state, { kr: 'KERN_SUCCESS', value });
    }
    case 'msg':
      return beginMessage(sys, state, call.plan);
    case 'mig':
      return call.replies ? rpc(sys, state, call.draft) : sendOnly(sys, state, call.draft);
    case 'finish':
      return finishRequest(sys, state, call);
  }
};

/** What is sent is sent as bytes. A buffer that the first look refuses is answered as the trap would. */
const beginMessage = (sys: Sys, state: PuppetState, plan: MsgPlan): void => {
  const sent = plan.send === null ? null : inBuffer(sys, plan.send, plan);
  state.sendSize = sent?.size ?? null;
  if (typeof sent?.draft === 'string') return finish(sys, state, { kr: sent.draft });
  state.at = 'messaged';
  sys.msg(callOf(sys, plan, sent?.draft ?? null));
};

/** The library's part of `mach_msg`: an aborted call goes on, unless the caller wants to know (mach-ipc 2.18). */
const messaged = (sys: Sys, state: PuppetState, result: Result): void => {
  const { call } = state;
  if (call.kind !== 'msg') return;
  const { plan, restarts } = call;
  if (
    result.kr === 'MACH_SEND_INTERRUPTED' &&
    result.message !== null &&
    (restarts === 'send' || restarts === 'both')
  ) {
    state.again = resendable(result.message);
    return sys.msg(callOf(sys, plan, state.again));
  }
  if (result.kr === 'MACH_RCV_INTERRUPTED' && (restarts === 'receive' || restarts === 'both')) {
    return sys.msg(callOf(sys, plan, null));
  }
  const size = state.sendSize === null ? {} : { sendSize: state.sendSize };
  finish(sys, state, { ...outcomeOf(result, plan.receive?.trailer), ...size });
};

const replyPort = (sys: Sys, state: PuppetState): PortName => {
  if (state.replyPort === 0) state.replyPort = sys.call({ op: 'reply_port' })['name'] as number;
  return portName(state.replyPort);
};

const rpc = (sys: Sys, state: PuppetState, draft: Draft): void => {
  const local = replyPort(sys, state);
  state.at = 'replied';
  sys.rpc({ ...draft, remoteDisposition: COPY_SEND, local, localDisposition: MAKE_SEND_ONCE }, local);
};

const replied = (sys: Sys, state: PuppetState, result: Result): void => {
  const { call, replyPort: name } = state;
  if (call.kind !== 'mig') return;
  if (result.kr === 'MACH_SEND_INTERRUPTED' && result.message !== null) {
    return sys.rpc(resendable(result.message), portName(name));
  }
  if (result.kr === 'MACH_RCV_INTERRUPTED') return sys.receive(portName(name));
  if (result.kr !== 'MACH_MSG_SUCCESS' || result.message === null) {
    state.replyPort = 0;
    return finish(sys, state, { kr: result.kr });
  }
  finish(sys, state, readReply(sys, result.message, call.draft.id, call.descriptors));
};

/** What a stub makes of a reply. One that is not as the interface says is destroyed. */
const readReply = (sys: Sys, message: Received, id: number, count: number): Record<string, unknown> => {
  const items = message.items ?? [];
  const refuse = (kr: string): Record<string, unknown> => {
    destroyItems(sys, items);
    if (isName(message.remote)) sys.call({ op: 'port_deallocate', name: message.remote });
    return { kr };
  };
  if (message.id === 71) return refuse('MIG_SERVER_DIED');
  if (message.id !== id + 100) return refuse('MIG_REPLY_MISMATCH');
  const { retcode } = (message.body ?? {}) as { readonly retcode?: string };
  if (retcode !== undefined && retcode !== 'KERN_SUCCESS' && items.length === 0) return { kr: retcode };
  if (retcode === undefined || items.length !== count) return refuse('MIG_TYPE_ERROR');
  return { kr: retcode, body: message.body, descriptors: outcomeDescriptors(message) };
};

const outcomeDescriptors = (message: Received): unknown => {
  const result = {
    kr: 'MACH_MSG_SUCCESS',
    bits: null,
    message,
    returned: false,
    size: 0,
    local: MACH_PORT_NULL,
  } as const;
  return (outcomeOf({ ...result, why: null, answer: null })['message'] as { readonly descriptors: unknown })
    .descriptors;
};

const sendOnly = (sys: Sys, state: PuppetState, draft: Draft): void => {
  state.at = 'sent';
  sys.msg({ send: { ...draft, remoteDisposition: COPY_SEND } });
};

const sent = (sys: Sys, state: PuppetState, result: Result): void => {
  if (result.kr === 'MACH_SEND_INTERRUPTED' && result.message !== null) {
    return sys.msg({ send: resendable(result.message) });
  }
  finish(sys, state, { kr: result.kr === 'MACH_MSG_SUCCESS' ? 'KERN_SUCCESS' : result.kr });
};

/** The loop owns the request again if the routine failed; without a reply right it owns the reply, too. */
const finishRequest = (sys: Sys, state: PuppetState, call: Extract<PuppetCall, { kind: 'finish' }>): void => {
  const { request, reply, owns } = call;
  const reports = owns ? destroyItems(sys, request.descriptors) : [];
  if (reply === null || !isName(portName(request.remote))) {
    if (reply !== null) reports.push(...destroyDraft(sys, reply));
    return finish(sys, state, { kr: 'KERN_SUCCESS', replied: null, reports });
  }
  state.reports = reports;
  state.at = 'finished';
  const isOnce = request.remoteType === PORT_SEND_ONCE;
  const send = {
    ...reply,
    remote: portName(request.remote),
    remoteDisposition: isOnce ? MOVE_SEND_ONCE : MOVE_SEND,
  };
  state.again = send;
  sys.msg({ send, ...(isOnce ? {} : { sendOptions: { timeoutMs: 0 } }) });
};

/** A reply that could not be delivered is destroyed: as it came back, or as it was if nothing had been taken. */
const finished = (sys: Sys, state: PuppetState, result: Result): void => {
  const reports = [...state.reports];
  if (result.kr !== 'MACH_MSG_SUCCESS') {
    const { again } = state;
    const left = result.returned && result.message !== null ? resendable(result.message) : again;
    if (left !== null && (result.returned || result.kr === 'MACH_SEND_INVALID_DEST'))
      reports.push(...destroyDraft(sys, left));
  }
  finish(sys, state, { kr: 'KERN_SUCCESS', replied: result.kr, reports });
};

/** A puppet that stumbles says so, instead of dying without a word. */
const guarded =
  (handler: (sys: Sys, state: PuppetState, result: Result) => void) =>
  (sys: Sys, state: PuppetState, result: Result): void => {
    try {
      handler(sys, state, result);
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
      finish(sys, state, { kr: 'PUPPET_FAILED', why: thrown.stack ?? thrown.message });
    }
  };

/** The program of every actor. */
export const puppet: Program = machine<PuppetState>({
  name: 'puppet',
  start: () => ({ at: 'idle', call: { kind: 'run' }, done: null, again: null, reports: [], sendSize: null, replyPort: 0 }),
  handlers: {
    idle: (sys) => sys.pause(),
    begin: guarded(begin),
    answered: guarded((sys, state, { answer }) => finish(sys, state, answer ?? { kr: 'MIG_SERVER_DIED' })),
    messaged: guarded(messaged),
    replied: guarded(replied),
    sent: guarded(sent),
    finished: guarded(finished),
  },
});
