/** Where the content of a page is: in an object, in one that it shadows, or with a pager. */
import type { KernFailure } from '../../ports/kern-return.ts';
import type { MemoryObject } from './object.ts';

/** Where a page is: in a frame, nowhere and so zero, with a pager, or lost. */
export type FoundPage =
  | { readonly kind: 'frame'; readonly object: MemoryObject; readonly page: number; readonly frame: number }
  | { readonly kind: 'zero' }
  | { readonly kind: 'ask'; readonly object: MemoryObject; readonly page: number }
  | { readonly kind: 'failed'; readonly reason: KernFailure };

/** Looks for a page in an object and in those that it shadows. */
export const findPage = (top: MemoryObject, first: number): FoundPage => {
  let page = first;
  for (let object: MemoryObject | null = top; object !== null; ) {
    const frame = object.frameOf(page);
    if (frame >= 0) return { kind: 'frame', object, page, frame };
    if (object.hasFailed(page)) {
      return { kind: 'failed', reason: object.backing.kind === 'failed' ? object.backing.reason : 'KERN_MEMORY_ERROR' };
    }
    if (object.backing.kind === 'pager' && page < object.pages && !object.isEmpty(page))
      return { kind: 'ask', object, page };
    if (object.shadow === null) break;
    page += object.shadow.page;
    object = object.shadow.object;
  }
  return { kind: 'zero' };
};
