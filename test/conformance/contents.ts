/** Contents of memory, however written: bytes, a hex string, or `{"fill": [byte, count]}`. */
import { isObject } from './scenario.ts';

export type Contents =
  | { readonly kind: 'fill'; readonly byte: number; readonly size: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** Undefined if the value is no contents. */
export const contentsOf = (value: unknown): Contents | undefined => {
  if (value instanceof Uint8Array) return { kind: 'bytes', bytes: value };
  if (typeof value === 'string') {
    const isHex = value.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(value);
    return isHex ? { kind: 'bytes', bytes: Uint8Array.from(Buffer.from(value, 'hex')) } : undefined;
  }
  if (!isObject(value) || !Array.isArray(value['fill'])) return undefined;
  const [byte, size] = value['fill'] as readonly unknown[];
  return typeof byte === 'number' && typeof size === 'number' ? { kind: 'fill', byte, size } : undefined;
};

export const sizeOf = (contents: Contents): number =>
  contents.kind === 'fill' ? contents.size : contents.bytes.length;

export const byteAt = (contents: Contents, index: number): number | undefined => {
  if (contents.kind === 'bytes') return contents.bytes[index];
  return index < contents.size ? contents.byte : undefined;
};

export const sameContents = (a: Contents, b: Contents): boolean => {
  if (sizeOf(a) !== sizeOf(b)) return false;
  if (a.kind === 'fill' && b.kind === 'fill') return a.size === 0 || a.byte === b.byte;
  for (let index = 0; index < sizeOf(a); index += 1) {
    if (byteAt(a, index) !== byteAt(b, index)) return false;
  }
  return true;
};
