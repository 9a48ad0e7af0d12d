/** The model of memory: every page is a copy of its own [2.21]. */
import type { ModelSpace } from './records.ts';

const PAGE = 4096;

/** The pages that a range touches. */
export const pagesOf = (address: number, size: number): number[] => {
  const pages: number[] = [];
  for (let at = address - (address % PAGE); at < address + size; at += PAGE) pages.push(at);
  return pages;
};

/** Maps zero-filled or given pages at an address that the kernel chose. */
export const mapAt = (space: ModelSpace, address: number, size: number, bytes?: Uint8Array): void => {
  for (const page of pagesOf(address, size)) space.pages.set(page, { bytes: new Uint8Array(PAGE), protection: 3 });
  if (bytes !== undefined) poke(space, address, bytes);
};

const poke = (space: ModelSpace, address: number, bytes: Uint8Array): void => {
  for (let i = 0; i < bytes.length; i += 1) {
    const at = address + i;
    const page = space.pages.get(at - (at % PAGE));
    if (page !== undefined) page.bytes[at % PAGE] = bytes[i] as number;
  }
};

/** `vm_read`: the bytes, or null if a page is missing. */
export const peek = (space: ModelSpace, address: number, size: number): Uint8Array | null => {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) {
    const at = address + i;
    const page = space.pages.get(at - (at % PAGE));
    if (page === undefined) return null;
    bytes[i] = page.bytes[at % PAGE] as number;
  }
  return bytes;
};

/** `vm_write`: all or nothing. */
export const write = (space: ModelSpace, address: number, bytes: Uint8Array): string => {
  for (const at of pagesOf(address, bytes.length)) {
    const page = space.pages.get(at);
    if (page === undefined) return 'KERN_INVALID_ADDRESS';
    if ((page.protection & 2) === 0) return 'KERN_PROTECTION_FAILURE';
  }
  poke(space, address, bytes);
  return 'KERN_SUCCESS';
};

/** `vm_deallocate`: holes do no harm. */
export const unmap = (space: ModelSpace, address: number, size: number): void => {
  for (const page of pagesOf(address, size)) space.pages.delete(page);
};

/** `vm_protect`: all or nothing. */
export const protect = (space: ModelSpace, address: number, size: number, protection: number): string => {
  const pages = pagesOf(address, size).map((at) => space.pages.get(at));
  if (pages.includes(undefined)) return 'KERN_INVALID_ADDRESS';
  for (const page of pages) if (page !== undefined) page.protection = protection;
  return 'KERN_SUCCESS';
};

/** Out-of-line memory of a message: a snapshot, or null. With `deallocate` every page that it touches goes. */
export const takeMemory = (
  space: ModelSpace,
  { address, size, deallocate }: { readonly address: number; readonly size: number; readonly deallocate: boolean },
): Uint8Array | null => {
  if (size === 0) return new Uint8Array(0);
  const bytes = peek(space, address, size);
  if (bytes !== null && deallocate) unmap(space, address, size);
  return bytes;
};
