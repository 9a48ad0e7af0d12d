/** What two netmsgs say to each other. Values only; `message-codec.ts` makes bytes of them. */
import type { NodeId, OnceId, PortCounts, PortId } from '../protocol.ts';

/** A right in a message between nodes. `type` is the type in which it arrives. */
export type WireRight =
  | { readonly kind: 'null'; readonly type: number }
  | { readonly kind: 'dead'; readonly type: number }
  | {
      /**
       * A send right; or (`type` PORT_SEND_ONCE) a send-once right to a port that has left the node where the right
       * was.
       */
      readonly kind: 'send';
      readonly type: number;
      readonly port: PortId;
      /** Where the port is believed to be, and since which move. */
      readonly node: NodeId;
      readonly epoch: number;
      /** Who copied it, and the number of the copy there: it keeps a right of its own until COPYACK. */
      readonly copier: NodeId;
      readonly copy: number;
    }
  | { readonly kind: 'once'; readonly once: OnceId; readonly node: NodeId; readonly peer: NodeId }
  | { readonly kind: 'receive'; readonly port: PortId; readonly epoch: number; readonly ticket: Ticket };

/** One sender node's channel as its receiver knows it. */
export interface WireChannel {
  readonly node: NodeId;
  readonly chan: number;
  readonly next: number;
}

/** All of a port but its identity: what its receiver's netmsg needs to go on where the last one stopped. */
export interface Ticket extends PortCounts {
  /** There was a send right to it when it left, wherever. */
  readonly hasSenders: boolean;
  readonly nsrequest: WireRight;
  readonly pdrequest: WireRight;
  readonly channels: readonly WireChannel[];
  /** Nodes that hold rights to the port, and since which channel. */
  readonly holders: readonly { readonly node: NodeId; readonly chan: number }[];
  readonly messages: readonly WireMessage[];
}

/** One descriptor of a message between nodes. */
export type WireItem =
  | { readonly kind: 'port'; readonly right: WireRight }
  | { readonly kind: 'ool_ports'; readonly type: number; readonly rights: readonly WireRight[] }
  | { readonly kind: 'ool'; readonly bytes: Uint8Array };

/** A message between nodes. The body stays encoded until it is delivered. */
export interface WireMessage {
  readonly id: number;
  /** How it came to its port: PORT_SEND or PORT_SEND_ONCE. */
  readonly type: number;
  readonly sender: string | null;
  readonly body: Uint8Array;
  readonly reply: WireRight;
  readonly items: readonly WireItem[];
}

/** Frames that go to wherever a port is: passed on by nodes that it has left, to a strictly higher epoch only. */
export type AddressedFrame =
  | {
      readonly kind: 'msg';
      readonly port: PortId;
      readonly epoch: number;
      readonly origin: NodeId;
      readonly chan: number;
      readonly seq: number;
      readonly message: WireMessage;
    }
  | {
      readonly kind: 'dirty' | 'clean';
      readonly port: PortId;
      readonly epoch: number;
      readonly origin: NodeId;
      readonly chan: number;
    };

/** Everything else goes to one node and stays there. */
export type DirectFrame =
  | {
      readonly kind: 'registered';
      readonly port: PortId;
      readonly chan: number;
      readonly node: NodeId;
      readonly epoch: number;
    }
  | { readonly kind: 'copyack'; readonly copy: number }
  | { readonly kind: 'dead'; readonly port: PortId }
  | {
      readonly kind: 'cack';
      readonly port: PortId;
      readonly chan: number;
      readonly next: number;
      readonly limit: number;
      readonly node: NodeId;
      readonly epoch: number;
    }
  | { readonly kind: 'moved'; readonly port: PortId; readonly node: NodeId; readonly epoch: number }
  | { readonly kind: 'once'; readonly once: OnceId; readonly message: WireMessage }
  | { readonly kind: 'once_gone'; readonly once: OnceId }
  | { readonly kind: 'once_dead'; readonly once: OnceId }
  | { readonly kind: 'once_here'; readonly once: OnceId }
  | { readonly kind: 'stage'; readonly mid: string; readonly body: Uint8Array; readonly message: WireMessage }
  | { readonly kind: 'staged'; readonly mid: string; readonly accepted: boolean }
  | { readonly kind: 'commit' | 'abort'; readonly mid: string }
  | { readonly kind: 'look_up'; readonly query: number; readonly name: string }
  | { readonly kind: 'found'; readonly query: number; readonly right: WireRight };

/** A frame. */
export type Frame = AddressedFrame | DirectFrame;

/** Every right of a message, those in the queues of ports that it carries included. */
export const rightsOf = (message: WireMessage): WireRight[] => {
  const found: WireRight[] = [];
  const pending = [message];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const rights = [next.reply];
    for (const item of next.items) {
      if (item.kind === 'port') rights.push(item.right);
      else if (item.kind === 'ool_ports') rights.push(...item.rights);
    }
    for (const right of rights) {
      found.push(right);
      if (right.kind !== 'receive') continue;
      found.push(right.ticket.nsrequest, right.ticket.pdrequest);
      pending.push(...right.ticket.messages);
    }
  }
  return found;
};
