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
      /** What had been accepted before the right was copied and comes before all that is sent by it. */
      readonly after: readonly Dependency[];
    }
  | { readonly kind: 'once'; readonly once: OnceId; readonly node: NodeId; readonly peer: NodeId }
  | { readonly kind: 'receive'; readonly port: PortId; readonly epoch: number; readonly ticket: Ticket };

/** What the numbers below `next` of a channel carry comes first. */
export interface Dependency {
  readonly node: NodeId;
  readonly chan: number;
  readonly next: number;
}

/** No dependency: of nearly every right and message. */
export const NOTHING_BEFORE: readonly Dependency[] = Object.freeze([]);

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

/** Bytes of a message: with it, a part of the freight of its frame, or (in no frame that goes) memory of netmsg's. */
export type Cargo = Uint8Array | Part | Held;

/** Memory of the netmsg that has the message. */
export interface Held {
  readonly address: number;
  readonly size: number;
}

/** Where bytes of a message lie in the freight of its frame. */
export interface Part {
  readonly at: number;
  readonly size: number;
}

/**
 * Bytes that do not travel with their frame: whoever is to have the message has them brought, piece by piece, by the
 * node that loaded them, whatever way the frame has come.
 */
export interface Freight {
  readonly node: NodeId;
  readonly number: number;
  readonly size: number;
}

/** The event that made a message be sent, in the ring of the kernel where it was. */
export interface Cause {
  readonly node: NodeId;
  readonly n: number;
}

/** One descriptor of a message between nodes. */
export type WireItem =
  | { readonly kind: 'port'; readonly right: WireRight }
  | { readonly kind: 'ool_ports'; readonly type: number; readonly rights: readonly WireRight[] }
  | { readonly kind: 'ool'; readonly bytes: Cargo };

/** A message between nodes. The body stays encoded until it is delivered. */
export interface WireMessage {
  readonly id: number;
  /** How it came to its port: PORT_SEND or PORT_SEND_ONCE. */
  readonly type: number;
  readonly sender: string | null;
  readonly cause: Cause | null;
  readonly body: Cargo;
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
      /** What is to be enqueued before it, of other channels of the port. */
      readonly after: readonly Dependency[];
      readonly message: WireMessage;
      readonly freight: Freight | null;
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
  | {
      readonly kind: 'once';
      readonly once: OnceId;
      readonly message: WireMessage;
      readonly freight: Freight | null;
    }
  | { readonly kind: 'once_gone'; readonly once: OnceId }
  | { readonly kind: 'once_dead'; readonly once: OnceId }
  | { readonly kind: 'once_here'; readonly once: OnceId }
  | {
      readonly kind: 'stage';
      readonly mid: string;
      readonly message: WireMessage;
      readonly freight: Freight | null;
    }
  | { readonly kind: 'staged'; readonly mid: string; readonly accepted: boolean }
  | { readonly kind: 'commit' | 'abort'; readonly mid: string }
  | { readonly kind: 'look_up'; readonly query: number; readonly name: string }
  | { readonly kind: 'found'; readonly query: number; readonly right: WireRight }
  /** Asks for a piece of a load: `size` bytes from `at` on. */
  | { readonly kind: 'fetch'; readonly load: number; readonly at: number; readonly size: number }
  /** The piece; empty if there is no such load (any more). */
  | { readonly kind: 'piece'; readonly load: number; readonly at: number; readonly bytes: Uint8Array }
  /** The load has been delivered: nobody needs it any more. */
  | { readonly kind: 'brought'; readonly load: number }
  /** Whoever has the port waits for messages of a channel: it wants to hear if none will come. */
  | { readonly kind: 'await'; readonly port: PortId; readonly chan: number }
  /** Nothing more comes by a channel, nor by those before it. */
  | { readonly kind: 'over'; readonly port: PortId; readonly chan: number }
  /** A port should have come: who has it, or a message with it, now that these nodes are dead? */
  | { readonly kind: 'sought'; readonly port: PortId; readonly dead: readonly NodeId[] }
  /** The answer; the epoch of a port that is there, else 0. */
  | { readonly kind: 'searched'; readonly port: PortId; readonly carries: boolean; readonly epoch: number };

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

/** The same message with other bytes in it: `change` is given each body and each piece of memory, nested ones too. */
export const mapCargo = (message: WireMessage, change: (cargo: Cargo) => Cargo): WireMessage => ({
  ...message,
  body: change(message.body),
  items: message.items.map((item): WireItem => {
    switch (item.kind) {
      case 'port':
        return { kind: 'port', right: mapTicket(item.right, change) };
      case 'ool_ports':
        return { ...item, rights: item.rights.map((right) => mapTicket(right, change)) };
      case 'ool':
        return { kind: 'ool', bytes: change(item.bytes) };
    }
  }),
});

const mapTicket = (right: WireRight, change: (cargo: Cargo) => Cargo): WireRight => {
  if (right.kind !== 'receive' || right.ticket.messages.length === 0) return right;
  const messages = right.ticket.messages.map((message) => mapCargo(message, change));
  return { ...right, ticket: { ...right.ticket, messages } };
};

const NO_PORT: WireRight = { kind: 'null', type: 0 };

const unlessPort = (right: WireRight): WireRight => (right.kind === 'receive' ? NO_PORT : right);

/** The message with nothing in place of the receive rights in it. */
export const withoutPorts = (message: WireMessage): WireMessage => ({
  ...message,
  items: message.items.map((item) => {
    switch (item.kind) {
      case 'port':
        return { kind: 'port', right: unlessPort(item.right) };
      case 'ool_ports':
        return { ...item, rights: item.rights.map(unlessPort) };
      case 'ool':
        return item;
    }
  }),
});
