/**
 * Rights with types. At run time a right is a port name, a number of the task's own space, so that an image holds
 * nothing else; what is said to the port stands in the type alone. A type is what the parties have agreed on: the
 * kernel does not look at it, and who receives from strangers checks what they send (`subsystem`).
 */
import type { PortName } from '../../../ports/name.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE } from '../../../ports/right.ts';
import type { Given, GivenAll } from '../../interface/routine.ts';

declare const send: unique symbol;
declare const once: unique symbol;
declare const receive: unique symbol;
declare const set: unique symbol;

/** Messages of type `M` may be sent. Contravariant: who may say `A | B` may say `A`. */
export type SendRight<M = unknown> = PortName & { readonly [send]: (message: M) => void };

/** One message of type `M` may be sent: as a rule the answer to a question. */
export type SendOnceRight<M = unknown> = PortName & { readonly [once]: (message: M) => void };

/**
 * Messages of type `M` arrive. Invariant: who holds it makes send rights, so the port may be taken for one neither of
 * more nor of fewer messages.
 */
export type ReceiveRight<M = unknown> = PortName & {
  readonly [receive]: { readonly accepts: (message: M) => void; readonly gives: () => M };
};

/** A receive right of any port to which a message `M` may be sent, whatever else may be. */
export type Accepting<M> = PortName & {
  readonly [receive]: { readonly accepts: (message: M) => void; readonly gives: () => unknown };
};

/** Several receive rights, waited for at once. Covariant: nobody can send to it. */
export type PortSet<M = unknown> = PortName & { readonly [set]: () => M };

/** Any right that a message may carry. */
export type AnyRight = SendRight<never> | SendOnceRight<never> | Accepting<never>;

/** Any right that names something: a `PortSet`, too. */
export type AnyName = AnyRight | PortSet;

export type { Given, GivenAll } from '../../interface/routine.ts';

const give = <R>(name: PortName, disposition: number): Given<R> => ({ kind: 'port', name, disposition });

/** A copy of a send right; the sender keeps its own. */
export const copySend = <M>(right: SendRight<M>): Given<SendRight<M>> => give(right, COPY_SEND);

/** The send right itself. */
export const moveSend = <M>(right: SendRight<M>): Given<SendRight<M>> => give(right, MOVE_SEND);

/** A new send right to a port of the sender's own. */
export const makeSend = <M>(right: ReceiveRight<M>): Given<SendRight<M>> => give(right, MAKE_SEND);

/** A new send-once right to a port of the sender's own. */
export const makeSendOnce = <M>(right: ReceiveRight<M>): Given<SendOnceRight<M>> => give(right, MAKE_SEND_ONCE);

/** The send-once right itself: it can be used no more by the sender. */
export const moveSendOnce = <M>(right: SendOnceRight<M>): Given<SendOnceRight<M>> => give(right, MOVE_SEND_ONCE);

/** The receive right itself, with all that is queued: the port has another receiver from then on. */
export const moveReceive = <M>(right: ReceiveRight<M>): Given<ReceiveRight<M>> => give(right, MOVE_RECEIVE);

const giveAll = <R>(names: readonly PortName[], disposition: number): GivenAll<R> => ({
  kind: 'ool_ports',
  names,
  disposition,
});

/** Copies of send rights, as one array. */
export const copySends = <M>(rights: readonly SendRight<M>[]): GivenAll<SendRight<M>> => giveAll(rights, COPY_SEND);

/** The send rights themselves, as one array. */
export const moveSends = <M>(rights: readonly SendRight<M>[]): GivenAll<SendRight<M>> => giveAll(rights, MOVE_SEND);

/** New send rights to ports of the sender's own, as one array. */
export const makeSends = <M>(rights: readonly ReceiveRight<M>[]): GivenAll<SendRight<M>> => giveAll(rights, MAKE_SEND);

/** The receive rights themselves, as one array. */
export const moveReceives = <M>(rights: readonly ReceiveRight<M>[]): GivenAll<ReceiveRight<M>> =>
  giveAll(rights, MOVE_RECEIVE);
