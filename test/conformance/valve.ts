/**
 * A valve between a netmsg and its sessions: what two kernels say to each other can be made to wait, and is looked at
 * as it passes. The sessions under it stay up, so a wait is never mistaken for a death.
 */
import { decodeFrame } from '../../servers/net/message-codec.ts';
import type { NetInput, NodeId, Sessions } from '../../servers/net/protocol.ts';
import type { Frame } from '../../servers/net/tables/frames.ts';

interface Payload {
  readonly lane: number;
  readonly bytes: Uint8Array;
}

/** Sees every payload before it leaves. False: it is to wait, with all that the same kernels say after it. */
export type Guard = (to: NodeId, frame: Frame | null) => boolean;

/** The sessions of one kernel, as its netmsg sees them. */
export class Valve implements Sessions {
  readonly #sessions: Sessions;
  readonly #held: Map<NodeId, Payload[]> = new Map();
  readonly #guard: Guard;

  constructor(sessions: Sessions, guard: Guard) {
    this.#sessions = sessions;
    this.#guard = guard;
  }

  nodes(): readonly NodeId[] {
    return this.#sessions.nodes();
  }

  isLiving(node: NodeId): boolean {
    return this.#sessions.isLiving(node);
  }

  take(): NetInput | undefined {
    return this.#sessions.take();
  }

  transmit(node: NodeId, lane: number, bytes: Uint8Array): boolean {
    if (!this.#guard(node, decodeFrame(bytes))) this.hold(node);
    const waiting = this.#held.get(node);
    if (waiting === undefined) return this.#sessions.transmit(node, lane, bytes);
    waiting.push({ lane, bytes });
    return true;
  }

  hasRoom(node: NodeId): boolean {
    return this.#sessions.hasRoom(node);
  }

  refuse(node: NodeId, why: string): void {
    this.#sessions.refuse(node, why);
  }

  /** From now on what is said to `node` waits, in order. */
  hold(node: NodeId): void {
    if (!this.#held.has(node)) this.#held.set(node, []);
  }

  /** Lets the next `count` payloads to `node` go and holds the rest; without a count all, and the wait is over. */
  release(node: NodeId, count: number = Number.POSITIVE_INFINITY): void {
    const waiting = this.#held.get(node) ?? [];
    for (const { lane, bytes } of waiting.splice(0, count)) this.#sessions.transmit(node, lane, bytes);
    if (count === Number.POSITIVE_INFINITY) this.#held.delete(node);
  }

  /** A node has died: nothing that waits for it will ever go. */
  forget(node: NodeId): void {
    this.#held.delete(node);
  }
}
