/** Sending and receiving: each is one kernel call, made here from typed arguments. */
import type { Body } from '../../../ports/body.ts';
import type { Draft, DraftItem } from '../../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName } from '../../../ports/name.ts';
import { COPY_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import type { ReceiveOptions } from '../../program.ts';
import { KCall } from '../call.ts';
import type { AnswerOf, MemoryItem, Received, Saying } from './message.ts';
import { type Promised, promised } from './promised.ts';
import type { Accepting, Given, PortSet, ReceiveRight, SendOnceRight, SendRight } from './rights.ts';

/** Options of a send, whatever its message is. */
export interface Sending {
  readonly id?: number;
  readonly timeoutMs?: number;
  readonly rights?: readonly Given<unknown>[];
  readonly memory?: readonly (MemoryItem & { readonly deallocate?: boolean })[];
  /** What goes along, in place of rights and memory, as the kernel takes it. */
  readonly descriptors?: readonly DraftItem[];
  /** Force the message into a full queue, and be told here when it leaves it (SEND_NOTIFY, MACH_SEND_WILL_NOTIFY). */
  readonly notify?: Accepting<never>;
  /** The answer comes to this port: it is sent a send-once right. */
  readonly replyTo?: Accepting<never>;
}

/** Options that a program may give beside those of the message's type. */
export interface SendExtra<Answer> {
  readonly notify?: Accepting<never>;
  readonly replyTo?: Accepting<Answer>;
}

/** The message as the kernel takes it. */
export const draftOf = (remote: PortName, remoteDisposition: number, body: unknown, given: Sending = {}): Draft => {
  const { id = 0, rights, memory, replyTo } = given;
  const draft: Draft = { remote, remoteDisposition, id, body: body as Body };
  if (given.descriptors !== undefined && given.descriptors.length > 0)
    return { ...draft, descriptors: given.descriptors };
  if (rights === undefined && memory === undefined && replyTo === undefined) return draft;
  const items: DraftItem[] = [...((rights ?? []) as readonly Given<unknown>[])];
  for (const item of memory ?? []) items.push({ kind: 'ool', ...item });
  const descriptors = items.length === 0 ? {} : { descriptors: items };
  return replyTo === undefined
    ? { ...draft, ...descriptors }
    : { ...draft, ...descriptors, local: replyTo, localDisposition: MAKE_SEND_ONCE };
};

const sendCall = (draft: Draft, { timeoutMs, notify }: Sending = {}): KCall => {
  if (timeoutMs === undefined && notify === undefined) return new KCall('send', draft, undefined, undefined);
  const options = {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(notify === undefined ? {} : { notify }),
  };
  return new KCall('send', draft, options, undefined);
};

/** `sys.send`. */
export const send = <M>(to: SendRight<M>, ...[body, options]: Saying<M, SendExtra<AnswerOf<M>>>): Promised<void> =>
  promised(sendCall(draftOf(to, COPY_SEND, body, options as Sending | undefined), options as Sending | undefined));

/** What can be answered: a message, or a send-once right by itself. */
export type Answerable<R> = SendOnceRight<R> | { readonly reply: SendOnceRight<R> | null; readonly remoteType: number };

/** `sys.reply`. The right is used up. A message that wants no answer is not answered. */
export const reply = <R>(to: Answerable<R>, ...[body, options]: Saying<R, SendExtra<AnswerOf<R>>>): Promised<void> => {
  const name: PortName = typeof to === 'number' ? to : ((to as { reply: PortName | null }).reply ?? MACH_PORT_NULL);
  const disposition = typeof to === 'number' ? MOVE_SEND_ONCE : (to as { remoteType: number }).remoteType;
  if (name === MACH_PORT_NULL) return promised(new KCall('yield', undefined, undefined, undefined));
  return promised(
    sendCall(draftOf(name, disposition, body, options as Sending | undefined), options as Sending | undefined),
  );
};

/** `sys.receive`. */
export const receive = <M>(from: ReceiveRight<M> | PortSet<M>, options?: ReceiveOptions): Promised<Received<M>> =>
  promised(new KCall('receive', from, options, undefined));

/** `sys.poll`. */
export const poll = <M>(from: ReceiveRight<M> | PortSet<M>): Promised<Received<M> | null> =>
  promised(new KCall('poll', from, undefined, undefined));
