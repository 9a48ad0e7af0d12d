/** Settling a fault: from an address to a page that may be used, or to who must be waited for, or to a code. */
import type { KernFailure } from '../../ports/kern-return.ts';
import { findPage, isWait, type Obtained, obtainForWrite } from './obtain.ts';
import { type AccessKind, PAGE, PROT_READ, pageOf, protectionFor } from './page.ts';
import { objectPage, pagesOf, type Regions } from './regions.ts';
import { privatise } from './shadow.ts';
import type { PageWait } from './wait.ts';

/** An operation must wait, and then be tried again from the start. Nothing has been done. */
export interface Blocked {
  readonly wait: PageWait;
}

/** What came of a fault. `subcode` is the address: what the exception message says. */
export type FaultResult = 'resident' | Blocked | { readonly failed: KernFailure; readonly subcode: number };

/** True for what must be tried again later. */
export const isBlocked = (result: unknown): result is Blocked =>
  typeof result === 'object' && result !== null && 'wait' in result;

/** What an address map is to a fault. */
export interface Faultable {
  readonly regions: Regions;
}

/**
 * Makes a page usable. For a write it has then a frame that is the region's own (or the shared object's), snapshots
 * have its old content, and it counts as dirty.
 */
export const resolvePage = (
  regions: Regions,
  page: number,
  access: AccessKind,
  content: 'keep' | 'overwrite' = 'keep',
): Obtained => {
  const address = page * PAGE;
  const region = regions.at(address);
  if (region === null) return 'KERN_INVALID_ADDRESS';
  const need = protectionFor(access);
  if ((region.protection & need) === 0) return 'KERN_PROTECTION_FAILURE';
  if (access !== 'write') {
    return orWait(regions, findPage(region.object, objectPage(region, address), PROT_READ | need));
  }
  privatise(region, pagesOf(region));
  const found = obtainForWrite(region.object, objectPage(region, address), content);
  regions.forget(page);
  return orWait(regions, found);
};

/** Frames are short, but some are being freed: that is waited for. */
const orWait = ({ pool }: Regions, found: Obtained): Obtained =>
  found === 'KERN_RESOURCE_SHORTAGE' ? (pool.backing.wait ?? found) : found;

/** Resolves the fault of a thread at an address. */
export const resolveFault = (map: Faultable, address: number, access: AccessKind): FaultResult => {
  const found = resolvePage(map.regions, pageOf(address), access);
  if (typeof found === 'string') return { failed: found, subcode: address };
  return isWait(found) ? { wait: found } : 'resident';
};
