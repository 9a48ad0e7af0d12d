/** The forms in which a pager may give pages. */
import { MapCopy } from './map-copy.ts';
import { PAGE } from './page.ts';

/** Bytes, chunks of whole pages, or out-of-line memory, all of whose pages are here. */
export type SupplyData = Uint8Array | readonly Uint8Array[] | MapCopy;

/** Length in bytes; -1 if it is not of whole pages or cannot be read at once. */
export const sizeOfData = (data: SupplyData): number => {
  if (data instanceof Uint8Array) return data.length % PAGE === 0 ? data.length : -1;
  if (data instanceof MapCopy) {
    return data.offset === 0 && data.size % PAGE === 0 && data.missing().length === 0 ? data.size : -1;
  }
  let size = 0;
  for (const chunk of data) {
    if (chunk.length % PAGE !== 0) return -1;
    size += chunk.length;
  }
  return size;
};

/** The bytes of one page of the data; null for zeros. */
export const pageOfData = (data: SupplyData, index: number): Uint8Array | null => {
  if (data instanceof Uint8Array) return data.subarray(index * PAGE, (index + 1) * PAGE);
  if (data instanceof MapCopy) return data.view(index);
  let first = 0;
  for (const chunk of data) {
    const pages = chunk.length / PAGE;
    if (index < first + pages) return chunk.subarray((index - first) * PAGE, (index - first + 1) * PAGE);
    first += pages;
  }
  return null;
};
