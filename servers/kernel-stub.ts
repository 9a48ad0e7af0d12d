/** Calls on local kernel ports from a machine program: the kernel answers in the same trap, so the stub does too. */

import type { Answer, KernelRequest } from '../kernel/interface/calls.ts';
import { CALL_FORMS } from '../kernel/interface/ids.ts';
import type { Sys } from '../kernel/program.ts';
import type { Body } from '../ports/body.ts';
import type { DraftItem } from '../ports/draft.ts';
import { MACH_PORT_NULL, type PortName } from '../ports/name.ts';
import type { Item, Received } from '../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE } from '../ports/right.ts';

/** A right of a message that its holder passes on: the name and how it arrived. */
export interface HeldRight {
  readonly name: PortName;
  /** PORT_RECEIVE, PORT_SEND or PORT_SEND_ONCE. */
  readonly type: number;
}

/** What a kernel port answered. `rights` are the caller's, in order. */
export interface StubAnswer {
  readonly kr: Answer['kr'];
  readonly fields: Readonly<Record<string, unknown>>;
  readonly rights: readonly HeldRight[];
}

/** Every right of a message, arrays flattened, in order. */
export const heldRights = (items: readonly Item[] | null): HeldRight[] => {
  const rights: HeldRight[] = [];
  for (const item of items ?? []) {
    if (item.kind === 'port') rights.push({ name: item.name, type: item.type });
    else if (item.kind === 'ool_ports') for (const name of item.names) rights.push({ name, type: item.type });
  }
  return rights;
};

/** Descriptors that move rights on as they arrived; long runs of one type become arrays. */
export const moving = (rights: readonly HeldRight[]): DraftItem[] => {
  const items: DraftItem[] = [];
  for (let at = 0; at < rights.length; ) {
    const type = rights[at]?.type ?? MOVE_SEND;
    let end = at;
    while (end < rights.length && rights[end]?.type === type) end += 1;
    const names = rights.slice(at, end).map(({ name }) => name);
    const disposition = type === MOVE_RECEIVE ? MOVE_RECEIVE : type === MOVE_SEND_ONCE ? MOVE_SEND_ONCE : MOVE_SEND;
    if (names.length > 8) items.push({ kind: 'ool_ports', names, disposition });
    else for (const name of names) items.push({ kind: 'port', name, disposition });
    at = end;
  }
  return items;
};

/** Calls a kernel port of the same kernel. `reply` is a receive right that nothing else uses. */
export const callKernel = (
  sys: Sys,
  via: { readonly port: PortName; readonly reply: PortName },
  request: KernelRequest,
  rights: readonly DraftItem[] = [],
): StubAnswer => {
  // An answer that came late, to a call that had been given up, is not the answer to this one.
  for (let late = sys.poll(via.reply); late !== null; late = sys.poll(via.reply)) {
    for (const right of heldRights(late.items)) giveUp(sys, right);
  }
  const { op, ...fields } = request;
  const kr = sys.send({
    remote: via.port,
    remoteDisposition: COPY_SEND,
    local: via.reply,
    localDisposition: MAKE_SEND_ONCE,
    id: CALL_FORMS[op].id,
    body: fields as Body,
    descriptors: rights,
  });
  if (kr !== 'MACH_MSG_SUCCESS') return { kr, fields: {}, rights: [] };
  return readAnswer(sys.poll(via.reply));
};

const readAnswer = (message: Received | null): StubAnswer => {
  if (message === null || message.id === 71) return { kr: 'MIG_SERVER_DIED', fields: {}, rights: [] };
  const { retcode, rights: _names, ...fields } = (message.body ?? {}) as Record<string, unknown>;
  return { kr: retcode as Answer['kr'], fields, rights: heldRights(message.items) };
};

/** Gives up a right. */
export const giveUp = (sys: Sys, { name, type }: HeldRight): void => {
  if (name === MACH_PORT_NULL) return;
  if (type === MOVE_RECEIVE) sys.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 });
  else sys.call({ op: 'port_deallocate', name });
};
