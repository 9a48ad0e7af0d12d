/** Freight on its way out, and in: see `freight/`. */
import type { NodeId } from '../protocol.ts';
import type { Frame, Freight, Held } from './frames.ts';

/** What of a load lies where. */
export interface LoadedPart {
  readonly at: number;
  readonly source: Uint8Array | Held;
}

/** The freight of one frame, kept until `release`. */
export interface Load {
  /** Who is to have it; for a numbered message that changes when its port moves. */
  readonly peer: NodeId;
  /** Until when it is kept: the message is acknowledged, its receiver has brought it, its stage is committed. */
  readonly until: 'acknowledged' | 'brought' | 'committed';
  readonly size: number;
  readonly parts: readonly LoadedPart[];
}

/** One freight that is wanted here. */
export interface Claim {
  readonly freight: Freight;
  /** The frame that it belongs to: looked at again when the freight is here. */
  readonly arrival: { readonly from: NodeId; readonly frame: Frame };
  state: 'queued' | 'coming' | 'whole' | 'lost';
  /** Made when it has been charged. */
  bytes: Uint8Array;
  /** Bytes asked for, and come. */
  asked: number;
  come: number;
}

/** What one node is charged for, and what it has been asked for. */
export interface Desk {
  charged: number;
  /** Pieces that are on their way. */
  pieces: number;
  /** First come, first charged. */
  readonly queued: Claim[];
  /** By turns. */
  readonly coming: Claim[];
}
