/**
 * Bodies as bytes: one codec for the wire and for images, exact for every body, written by hand. msgpackr was weighed
 * and left out: between a format that keeps every body exactly and a decoder made for strangers nothing of it would
 * remain.
 */
import type { Body } from '../body.ts';
import { readBody } from './decode.ts';
import { writeBody } from './encode.ts';
import { Reader } from './reader.ts';
import { Slab } from './slab.ts';
import { Writer } from './writer.ts';

/** Encodes and decodes many bodies in the same storage. The hot path has one; what it returns is the caller's own. */
export class Codec {
  readonly #writer = new Writer(4096);
  readonly #slab = new Slab();

  /** A body as bytes. */
  encode(body: Body): Uint8Array {
    this.#writer.reset();
    writeBody(this.#writer, body);
    return this.#slab.copy(this.#writer.written());
  }

  /** The body that the whole of `octets` stands for. Throws a WireError if it stands for none. */
  decode(octets: Uint8Array): Body {
    const from = new Reader(octets);
    const body = readBody(from, this.#slab);
    from.finish();
    return body;
  }
}

/** A body as bytes of its own. For one body now and then; many are a `Codec`'s. */
export const encodeBody = (body: Body): Uint8Array => {
  const to = new Writer(64);
  writeBody(to, body);
  return to.copy();
};

/**
 * The body that the whole of `octets` stands for. Throws a WireError if it stands for none, or has more than
 * `valuesMax` values.
 */
export const decodeBody = (octets: Uint8Array, valuesMax?: number): Body => {
  const from = new Reader(octets);
  const body = readBody(from, null, valuesMax);
  from.finish();
  return body;
};
