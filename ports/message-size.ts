/** How many bytes a message takes in a buffer: what `limit` and `port_peek` count, and its length in `wire/message.ts`. */
import { HEADER_SIZE } from './limits.ts';

/** Bytes of the word that says how many descriptors follow. */
export const COUNT_SIZE = 4;
/** Bytes of a descriptor of one right. */
export const PORT_SIZE = 12;
/** Bytes of a descriptor that has an address: out-of-line memory, an array of rights. */
export const REGION_SIZE = 16;

/** Messages are whole words: their sizes are multiples of 4. */
export const whole = (size: number): number => (size + 3) & ~3;

/** Bytes of descriptors with their count; 0 for a message without any. */
export const descriptorsSize = (items: readonly { readonly kind: string }[] | null | undefined): number => {
  if (items === null || items === undefined || items.length === 0) return 0;
  let size = COUNT_SIZE;
  for (const { kind } of items) size += kind === 'port' ? PORT_SIZE : REGION_SIZE;
  return size;
};

/** Bytes of a message whose body is charged `body` bytes (0 if it has none). */
export const sizeInBuffer = (body: number, items: readonly { readonly kind: string }[] | null | undefined): number =>
  HEADER_SIZE + descriptorsSize(items) + whole(body);
