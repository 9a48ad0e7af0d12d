/** What two nodes say to each other besides data. Each of these is one frame. */

import { WireError } from '../../../ports/wire/error.ts';
import { Reader } from '../../../ports/wire/reader.ts';
import type { Slab } from '../../../ports/wire/slab.ts';
import { Writer } from '../../../ports/wire/writer.ts';
import * as frame from './frame.ts';

/** The version of everything in WIRE.md. */
export const PROTOCOL_VERSION = 3;

/** Characters of a node id, an incarnation or a reason. */
export const TEXT_MAX = 256;

/** Who speaks, and what it takes. The first frame of each side, before the peer is known. */
export interface Hello {
  readonly version: number;
  /** Unique for ever among all nodes. Whether the peer may bear it is the carrier's business. */
  readonly node: string;
  /** Unique for each life of the node. */
  readonly incarnation: string;
  /** Bytes of the largest payload it takes. */
  readonly payloadMax: number;
}

/** The answer to a hello, when both are known: where we stand. */
export interface Resume {
  readonly sessionNo: number;
  /** An epoch for this carrier. The higher of both proposals counts. */
  readonly epoch: number;
  /** The epoch of the carrier that was attached last; 0 if none was. */
  readonly lastEpoch: number;
  /** For each lane the sequence number that is expected next. */
  readonly recvNext: readonly number[];
}

/** Why a carrier is refused. */
export type ResetCode =
  | 'CROSSED' // both sides dialled; the other carrier is kept
  | 'REPLACED' // the peer has come by a newer carrier
  | 'STALE' // the carrier is older than one that was attached
  | 'DECLARED_DEAD' // that incarnation was given up, and stays so
  | 'E_VERSION' // no common version
  | 'E_WIRE' // not what the protocol allows
  | 'WRONG_NODE' // not whom the dialler meant, or oneself
  | 'BUSY' // too many peers
  | 'TIMEOUT'; // no hello in time

const resetCodes: readonly ResetCode[] = Object.freeze([
  'CROSSED',
  'REPLACED',
  'STALE',
  'DECLARED_DEAD',
  'E_VERSION',
  'E_WIRE',
  'WRONG_NODE',
  'BUSY',
  'TIMEOUT',
]);

/** The end of a carrier. */
export interface Reset {
  readonly code: ResetCode;
  /** The session that may begin next. */
  readonly sessionNo: number;
  readonly why: string;
}

/** A PING; its PONG repeats it. */
export interface Ping {
  readonly nonce: number;
  /** The sender's clock. */
  readonly sentAt: number;
}

const build = (slab: Slab, type: number, epoch: number, write: (to: Writer) => void): Uint8Array => {
  const to = new Writer(64);
  write(to);
  const built = frame.newFrame(slab, { type, lane: 0, flags: 0, epoch, seq: 0 }, to.length);
  built.set(to.written(), frame.HEADER_SIZE);
  return built;
};

const reader = (received: Uint8Array): Reader => new Reader(received, frame.HEADER_SIZE);

const text = (from: Reader): string => {
  const read = from.str();
  return read.length <= TEXT_MAX ? read : from.fail('a text longer than it may be');
};

/** A HELLO, ready to be sent. */
export const helloFrame = (slab: Slab, hello: Hello): Uint8Array =>
  build(slab, frame.FRAME_HELLO, 0, (to) => {
    to.u16(hello.version);
    to.str(hello.node);
    to.str(hello.incarnation);
    to.varint(hello.payloadMax);
  });

/** Of a hello of another version only the version is read; the rest may mean anything. */
export const readHello = (received: Uint8Array): Hello => {
  const from = reader(received);
  const version = from.u16();
  if (version !== PROTOCOL_VERSION) return { version, node: '', incarnation: '', payloadMax: 0 };
  const hello: Hello = { version, node: text(from), incarnation: text(from), payloadMax: from.varint() };
  from.finish();
  if (hello.node === '' || hello.incarnation === '') throw new WireError(frame.HEADER_SIZE, 'a hello without a name');
  return hello;
};

/** A RESUME, ready to be sent. */
export const resumeFrame = (slab: Slab, resume: Resume): Uint8Array =>
  build(slab, frame.FRAME_RESUME, resume.epoch, (to) => {
    to.u53(resume.sessionNo);
    to.u32(resume.lastEpoch);
    for (const next of resume.recvNext) to.u53(next);
  });

/** What a RESUME says. */
export const readResume = (received: Uint8Array, header: frame.Header): Resume => {
  const from = reader(received);
  const sessionNo = from.u53();
  const lastEpoch = from.u32();
  const recvNext = frame.LANES.map(() => from.u53());
  from.finish();
  return { sessionNo, epoch: header.epoch, lastEpoch, recvNext };
};

/** A RESET, ready to be sent. */
export const resetFrame = (slab: Slab, reset: Reset): Uint8Array =>
  build(slab, frame.FRAME_RESET, 0, (to) => {
    to.u8(resetCodes.indexOf(reset.code));
    to.u53(reset.sessionNo);
    to.str(reset.why.slice(0, TEXT_MAX));
  });

/** What a RESET says. */
export const readReset = (received: Uint8Array): Reset => {
  const from = reader(received);
  const code = resetCodes[from.u8()] ?? from.fail('an unknown reason');
  return { code, sessionNo: from.u53(), why: text(from) };
};

/** An ACK of all lanes, ready to be sent. */
export const ackFrame = (slab: Slab, epoch: number, recvNext: readonly number[]): Uint8Array =>
  build(slab, frame.FRAME_ACK, epoch, (to) => {
    for (const next of recvNext) to.u53(next);
  });

/** For each lane the number that the peer expects next. */
export const readAck = (received: Uint8Array): readonly number[] => {
  const from = reader(received);
  const recvNext = frame.LANES.map(() => from.u53());
  from.finish();
  return recvNext;
};

/** A PING or PONG, ready to be sent. */
export const pingFrame = (slab: Slab, type: number, epoch: number, ping: Ping): Uint8Array =>
  build(slab, type, epoch, (to) => {
    to.u32(ping.nonce);
    to.f64(ping.sentAt);
  });

/** What a PING or PONG says. */
export const readPing = (received: Uint8Array): Ping => {
  const from = reader(received);
  const ping = { nonce: from.u32(), sentAt: from.f64() };
  from.finish();
  return ping;
};

/** A BYE, ready to be sent. */
export const byeFrame = (slab: Slab, epoch: number): Uint8Array => build(slab, frame.FRAME_BYE, epoch, () => {});
