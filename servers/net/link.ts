/**
 * A carrier of frames between two kernels: a socket, a MessagePort, a pair in memory. It keeps order, loses nothing
 * while it lives, and may die at any moment. What must outlive a carrier is the session's business.
 */

/** Bytes of the largest frame that any link carries. */
export const FRAME_MAX = 65_536;

/** What a link tells whoever opened it. Never called from within a call on the link itself. */
export interface LinkEvents {
  /** A frame has come. The array is never written to again; it may be part of a larger one. */
  frame(frame: Uint8Array): void;
  /** After a `send` that answered false: there is room again. */
  drain(): void;
  /** The link is dead. Told once, also to the side that closed it; nothing comes after it. */
  closed(reason: string): void;
}

/** One end of a carrier. */
export interface Link {
  /** What it is made of: `memory`, `unix`, `tcp` … */
  readonly kind: string;
  /** Begins. To be called once, in the turn in which the link was got; until then nothing is told. */
  open(events: LinkEvents): void;
  /**
   * Takes a frame; whoever gave it does not write to it any more. False: the frame is taken, but the carrier is
   * congested and the next should wait for `drain`. Frames given to a dead link vanish.
   */
  send(frame: Uint8Array): boolean;
  /** Delivers what was sent, if it can, and dies. The peer learns a reason of its own. */
  close(reason: string): void;
}
