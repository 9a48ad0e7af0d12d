/**
 * The door through which netmsg reaches into its kernel beyond the traps: the one interface that is an object and not a
 * message, because its messages would have to carry queues (ARCHITECTURE.md D4). `kernel/move/door.ts` is it; whoever
 * composes a node hands it to netmsg.
 */
import type { Body } from '../../ports/body.ts';
import type { Draft } from '../../ports/draft.ts';
import type { KernFailure, KernReturn, MachMsgReturn } from '../../ports/kern-return.ts';
import type { PortName } from '../../ports/name.ts';
import type { Item } from '../../ports/port.ts';
import type { RightArgument } from './calls.ts';

/** What moving a receive right through a message resets, and its new holder may want to set again. */
export interface PortCounts {
  readonly seqno: number;
  readonly mscount: number;
  readonly qlimit: number;
}

/**
 * A message in netmsg's hands, as one that it received or found in the queue of a port. Its rights are names of
 * netmsg's.
 */
export interface Parcel {
  readonly id: number;
  readonly body: Body;
  readonly reply: PortName;
  readonly replyType: number;
  /** How it came: PORT_SEND or PORT_SEND_ONCE. */
  readonly destType: number;
  readonly items: readonly Item[] | null;
  /** Token of the sender, null for the kernel. */
  readonly sender: string | null;
  /** Number of the event of its sending in this kernel's ring, 0 if unknown. */
  readonly cause: number;
}

/** A message to be put into a queue. `draft.remote` names the port; its disposition is not looked at by `attach`. */
export interface Delivery {
  readonly draft: Draft;
  readonly sender: string | null;
  /** It arrives as if sent by a send-once right: it needs no room, and its receiver sees that type. */
  readonly once: boolean;
  /** The event of its sending: on another kernel, or by its number on this one (0 if unknown). */
  readonly cause: RemoteCause | number;
}

/** An event in the ring of a kernel. */
export interface RemoteCause {
  readonly node: string;
  readonly n: number;
}

/** Number of the message that says that a page may have come. */
export const PAGE_READY = 5090;

/** What is in a port beside its queue. The requests are send-once rights. */
export interface PortState<R> extends PortCounts {
  readonly nsrequest: R;
  readonly pdrequest: R;
}

/** A port's inside, taken out of it. The receive right stays with netmsg and the port is empty and open. */
export interface PortCapsule extends PortState<PortName> {
  readonly messages: readonly Parcel[];
}

/** What netmsg needs of its kernel beyond the traps. It acts on netmsg's own names only. */
export interface Door {
  /**
   * Sends in the name of `sender`. A full queue is no obstacle: the message is forced in, the answer is WILL_NOTIFY,
   * and the receive right `notify` hears MSG_ACCEPTED when it leaves the queue. A dead-name request of the used-up
   * name that would tell `notify` is withdrawn.
   */
  forward(delivery: Delivery, notify: PortName): MachMsgReturn;
  /**
   * Bars the port of a right of netmsg's to ordinary senders, who find its queue full, or lets them in again. What
   * `forward` brings is let in up to the queue limit.
   */
  bar(name: PortName, isBarred: boolean): void;
  /** Empties a port whose receive right netmsg holds. */
  detach(name: PortName): PortCapsule | KernFailure;
  /**
   * Fills such a port: `messages` go before what is queued there, the counts are set. Uses up all rights it is given.
   */
  attach(name: PortName, state: PortState<RightArgument | null>, messages: readonly Delivery[]): KernReturn;
  /**
   * A send-once right made from a send or receive right of netmsg's, under a name of its own; DEAD if the port is
   * dead.
   */
  makeOnce(name: PortName): PortName;
  /**
   * Gives up one user reference of a send right; if it was the last right in the world, no-senders is told only if the
   * make-send count has grown beyond `mscount`.
   */
  forgetSend(name: PortName, mscount: number): void;
  /** Gives up a send-once right, or the dead name it has become, and nobody is told. */
  forgetOnce(name: PortName): void;
  /**
   * Reads netmsg's memory. `waiting`: a page is elsewhere; it is asked for if `notify` names a receive right, which
   * hears PAGE_READY when it is worth trying again. `failed`: a page cannot be had any more.
   */
  readMemory(address: number, target: Uint8Array, notify: PortName | null): 'read' | 'waiting' | 'failed';
  /** Notes that a message of another node is passed on. Answers the number of the event. */
  notePassed(id: number, cause: RemoteCause): number;
  /**
   * Name of netmsg's receive right of the port that a send-once right goes to; NULL if netmsg does not receive there.
   */
  receiverOf(name: PortName): PortName;
}
