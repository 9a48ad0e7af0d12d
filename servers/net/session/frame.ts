/**
 * The frame: 24 bytes of header, then the payload (WIRE.md). The header is the same in every version of the protocol,
 * so that even strangers can tell each other that they are.
 */

import { WireError } from '../../../ports/wire/error.ts';
import type { Slab } from '../../../ports/wire/slab.ts';
import { FRAME_MAX } from '../link.ts';

/** Bytes of a header. */
export const HEADER_SIZE = 24;
/** Bytes that one frame carries behind its header. */
export const PAYLOAD_MAX: number = FRAME_MAX - HEADER_SIZE;
const MAGIC = 0x5450; // 'PT'

/** 0 control, 1 messages, 2 pages that are waited for, 3 pages that are pushed. */
export type Lane = 0 | 1 | 2 | 3;
/** All lanes, by number. */
export const LANES: readonly Lane[] = Object.freeze([0, 1, 2, 3] as const);

/** Who speaks. */
export const FRAME_HELLO = 1;
/** Where the session stands. */
export const FRAME_RESUME = 2;
/** A payload, or a fragment of one. */
export const FRAME_DATA = 3;
/** What has been received. */
export const FRAME_ACK = 4;
/** A sign of life is wanted. */
export const FRAME_PING = 5;
/** The sign of life. */
export const FRAME_PONG = 6;
/** The carrier is refused. */
export const FRAME_RESET = 7;
/** The node leaves for good. */
export const FRAME_BYE = 8;

/** A payload of a single frame has both. The first of several begins with the length of the whole, four bytes. */
export const FLAG_FIRST = 1;
/** The last fragment. */
export const FLAG_LAST = 2;

/** What the header of a frame says. `seq` counts the DATA frames of a lane from 0. */
export interface Header {
  readonly type: number;
  readonly lane: Lane;
  readonly flags: number;
  readonly epoch: number;
  readonly seq: number;
}

/** A frame with room for `size` bytes of payload behind its header. */
export const newFrame = (slab: Slab, header: Header, size: number): Uint8Array => {
  const frame = slab.take(HEADER_SIZE + size);
  put16(frame, 0, MAGIC);
  frame[2] = header.type;
  frame[3] = header.lane;
  frame[4] = header.flags;
  put16(frame, 6, size);
  setEpoch(frame, header.epoch);
  put32(frame, 12, header.seq % 0x1_0000_0000);
  put16(frame, 16, Math.floor(header.seq / 0x1_0000_0000));
  return frame;
};

/** Writes the epoch of the carrier that the frame will travel on. */
export const setEpoch = (frame: Uint8Array, epoch: number): void => put32(frame, 8, epoch);

/** Reads a header, or throws a WireError: a frame is refused whole. */
export const readHeader = (frame: Uint8Array): Header => {
  if (frame.length < HEADER_SIZE || frame.length > FRAME_MAX) throw new WireError(0, 'not the size of a frame');
  if (get16(frame, 0) !== MAGIC) throw new WireError(0, 'not a frame');
  const type = frame[2] as number;
  const lane = frame[3] as number;
  const flags = frame[4] as number;
  if (type < FRAME_HELLO || type > FRAME_BYE) throw new WireError(2, 'an unknown type of frame');
  if (lane > 3) throw new WireError(3, 'an unknown lane');
  if (flags > 3) throw new WireError(4, 'an unknown flag');
  if (frame[5] !== 0 || get16(frame, 18) !== 0) throw new WireError(5, 'a reserved field in use');
  if (get16(frame, 6) !== frame.length - HEADER_SIZE) throw new WireError(6, "a length that is not the payload's");
  if (get32(frame, 20) !== 0) throw new WireError(20, 'a checksum where the carrier has its own');
  return {
    type,
    lane: lane as Lane,
    flags,
    epoch: get32(frame, 8),
    seq: get16(frame, 16) * 0x1_0000_0000 + get32(frame, 12),
  };
};

const put16 = (octets: Uint8Array, at: number, value: number): void => {
  octets[at] = value;
  octets[at + 1] = value >> 8;
};

const put32 = (octets: Uint8Array, at: number, value: number): void => {
  put16(octets, at, value);
  put16(octets, at + 2, value >>> 16);
};

const get16 = (octets: Uint8Array, at: number): number => (octets[at] as number) | ((octets[at + 1] as number) << 8);

/** The number that `put32` wrote. */
export const get32 = (octets: Uint8Array, at: number): number =>
  (get16(octets, at) | (get16(octets, at + 2) << 16)) >>> 0;

/** Writes the length of a whole payload at the head of its first fragment. */
export const putTotal = (frame: Uint8Array, total: number): void => put32(frame, HEADER_SIZE, total);
