/** Messages of puppets: from the plan of a step to the kernel's call, and from what came to plain data. */

import type { MsgCall, Result, Sys } from '../../kernel/program.ts';
import type { Draft } from '../../ports/draft.ts';
import { HEADER_SIZE } from '../../ports/limits.ts';
import { portName } from '../../ports/name.ts';
import type { Item, Received } from '../../ports/port.ts';
import { receivedSize } from '../../ports/wire/message.ts';
import { type BufferPlan } from './puppet-buffer.ts';
import type { ReceivedDescriptor, ReceivedMessage } from './translate.ts';

/** The receive half of a step, as data. Names of sizes wait until the kernel can be asked. */
export interface ReceivePlan {
  readonly name: number;
  readonly timeout?: number;
  readonly large?: boolean;
  readonly limit?: 'header' | 'size' | 'size-1' | number;
  readonly notify?: number;
  readonly trailer?: string;
}

/** A message call of a step, as data. */
export interface MsgPlan extends BufferPlan {
  readonly send: Draft | null;
  readonly receive: ReceivePlan | null;
  readonly sendTimeout?: number;
  readonly sendNotify?: number;
  readonly sendCancel?: number;
}

/** The plan as a call. `limit` is known only now: it is about the first message that is queued. */
export const callOf = (sys: Sys, plan: MsgPlan, send: Draft | null): MsgCall => {
  const { receive, sendTimeout, sendNotify, sendCancel } = plan;
  return {
    ...(send === null ? {} : { send }),
    sendOptions: {
      ...(sendTimeout === undefined ? {} : { timeoutMs: sendTimeout }),
      ...(sendNotify === undefined ? {} : { notify: portName(sendNotify) }),
      ...(sendCancel === undefined ? {} : { cancel: portName(sendCancel) }),
    },
    ...(receive === null ? {} : { receive: portName(receive.name), receiveOptions: optionsOf(sys, receive) }),
  };
};

const optionsOf = (
  sys: Sys,
  { name, timeout, large, limit, notify }: ReceivePlan,
): NonNullable<MsgCall['receiveOptions']> => ({
  ...(timeout === undefined ? {} : { timeoutMs: timeout }),
  ...(large === undefined ? {} : { large }),
  ...(limit === undefined ? {} : { limit: limitOf(sys, name, limit) }),
  ...(notify === undefined ? {} : { notify: portName(notify) }),
});

const limitOf = (sys: Sys, name: number, limit: NonNullable<ReceivePlan['limit']>): number => {
  if (typeof limit === 'number') return limit;
  if (limit === 'header') return HEADER_SIZE;
  const { size } = sys.call({ op: 'port_peek', name: portName(name) });
  const whole = typeof size === 'number' ? size : HEADER_SIZE;
  return limit === 'size' ? whole : whole - 1;
};

/** The outcome of a message call as plain data, in the words of `translate.ts`. */
export const outcomeOf = (
  { kr, bits, message, returned, size, local }: Result,
  trailer?: string,
): Record<string, unknown> => {
  const isKept = kr === 'MACH_RCV_TOO_LARGE' && message === null;
  return {
    kr,
    ...(bits === null ? {} : { bits: [...bits] }),
    ...(message === null ? {} : { [returned ? 'returned' : 'message']: plainMessage(message, returned, trailer) }),
    ...(isKept ? { size, local } : {}),
  };
};

const plainMessage = (message: Received, returned: boolean, trailer?: string): ReceivedMessage => {
  const { id, body, items, remote, remoteType, local, localType, seqno, payload } = message;
  const isPaid = payload !== null && !returned;
  return {
    id,
    body,
    remote,
    remoteType,
    local: isPaid ? payload : local,
    localType: isPaid ? ('PROTECTED_PAYLOAD' as unknown as number) : localType,
    descriptors: (items ?? []).map(plainItem),
    size: receivedSize(message),
    ...(returned ? {} : { seqno, trailer: trailerOf(message, trailer) }),
  };
};

/** Elements come in Mach's order, each with those before it. There is no buffer that could be written too far. */
const trailerOf = ({ seqno, sender }: Received, asked = 'NULL'): Record<string, unknown> => {
  const level = ['NULL', 'SEQNO', 'SENDER', 'AUDIT', 'CTX', 'AV'].indexOf(asked);
  const token = sender === null ? 'kernel' : sender.token;
  return {
    type: 0,
    size: [8, 12, 20, 52, 60, 68][level] ?? 8,
    ...(level >= 1 ? { seqno } : {}),
    ...(level >= 2 ? { sender: token } : {}),
    ...(level >= 3 ? { audit: token } : {}),
    ...(level >= 4 ? { context: 0 } : {}),
    untouched: true,
  };
};

const plainItem = (item: Item): ReceivedDescriptor => {
  switch (item.kind) {
    case 'port':
      return { kind: 'port', name: item.name, type: item.type };
    case 'ool':
      return { kind: 'ool', address: item.address, size: item.size, deallocate: item.deallocate };
    case 'ool_ports':
      return { kind: 'ool_ports', names: [...item.names], type: item.type };
  }
};

/** A message that came back, as it can be sent again: its rights are in their MOVE form. */
export const resendable = (message: Received): Draft => ({
  remote: message.remote,
  remoteDisposition: message.remoteType,
  local: message.local,
  localDisposition: message.localType,
  id: message.id,
  body: message.body,
  descriptors: (message.items ?? []).map((item) => {
    switch (item.kind) {
      case 'port':
        return { kind: 'port', name: item.name, disposition: item.type };
      case 'ool':
        return { kind: 'ool', address: item.address, size: item.size, deallocate: true };
      case 'ool_ports':
        return { kind: 'ool_ports', names: item.names, disposition: item.type };
    }
  }),
});
