/**
 * The pages that a task has left behind: served when touched (the memory-object protocol), pushed while nobody asks.
 */

import type { MemoryImage } from '../../kernel/interface/image.ts';
import {
  type DataRequest,
  MEMORY_OBJECT_COMPLETE,
  MEMORY_OBJECT_DATA_REQUEST,
  MEMORY_OBJECT_DATA_SUPPLY,
  MEMORY_OBJECT_DATA_UNAVAILABLE,
  MEMORY_OBJECT_INIT,
  MEMORY_OBJECT_READY,
  MEMORY_OBJECT_TERMINATE,
} from '../../kernel/interface/pager.ts';
import type { Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import type { Draft, DraftItem } from '../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND } from '../../ports/right.ts';
import { callKernel, giveUp, heldRights } from '../kernel-stub.ts';
import type { MigrationState, SourceMove, SourceObject } from './state.ts';
import { post, wakeCourier } from './tell.ts';

const PAGE = 4096;
/** Pages in one message of a push, or of an eager copy: 64 KiB. */
const CHUNK = 16;

type Page = { readonly page: number; readonly bytes: Body };

/** The objects of a frozen task, with what of each is here. */
export const describeObjects = (sys: Sys, s: MigrationState, move: SourceMove): SourceObject[] => {
  const { objects } = (move.image as unknown as { memory: MemoryImage }).memory;
  return objects.map(({ id, resident }) => ({
    id,
    unsent: null,
    left: resident,
    pager: move.strategy.name === 'eager-all' ? MACH_PORT_NULL : pagerPort(sys, s),
    control: null,
    cursor: 0,
    isComplete: false,
    isTerminated: false,
  }));
};

const pagerPort = (sys: Sys, s: MigrationState): PortName => {
  const name = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  sys.call({ op: 'port_set_qlimit', name, qlimit: 64 });
  sys.call({ op: 'port_move_member', member: name, after: s.set });
  return name;
};

/** The pagers' rights, to travel behind the rights of the image. */
export const openPagers = (s: MigrationState, move: SourceMove): DraftItem[] =>
  move.objects.map((object) => {
    s.byPager.set(object.pager, { move, object });
    return { kind: 'port', name: object.pager, disposition: MAKE_SEND };
  });

/** The image with its objects' pagers: rights number `base` on. */
export const withPagers = (image: Body, base: number): Body => {
  const { memory, ...rest } = image as unknown as { memory: MemoryImage };
  const objects = memory.objects.map((object, index) => ({ ...object, pager: base + index }));
  return { ...rest, memory: { ...memory, objects } } as unknown as Body;
};

/** The bit map of pages not yet sent, read when first needed so that the freeze does not pay for it. */
const unsentOf = (sys: Sys, s: MigrationState, move: SourceMove, object: SourceObject): Uint8Array => {
  if (object.unsent !== null) return object.unsent;
  const via = { port: move.husk?.name ?? MACH_PORT_NULL, reply: s.reply };
  const { fields } = callKernel(sys, via, { op: 'husk_pages', object: object.id });
  object.unsent = fields['bitmap'] instanceof Uint8Array ? fields['bitmap'] : new Uint8Array(0);
  return object.unsent;
};

const isSet = (bits: Uint8Array, page: number): boolean => ((bits[page >> 3] ?? 0) & (1 << (page & 7))) !== 0;

const clear = (bits: Uint8Array, page: number): void => {
  bits[page >> 3] = (bits[page >> 3] ?? 0) & ~(1 << (page & 7));
};

const readPages = (
  sys: Sys,
  s: MigrationState,
  move: SourceMove,
  at: { object: number; page: number; count: number },
): Page[] => {
  if (move.husk === null) return [];
  const { fields } = callKernel(sys, { port: move.husk.name, reply: s.reply }, { op: 'husk_read', ...at });
  return (fields['pages'] as Page[] | undefined) ?? [];
};

/** The destination's kernel has spoken to the pager of an object. */
export const onPagerMessage = (sys: Sys, s: MigrationState, message: Received): SourceMove | null => {
  const served = s.byPager.get(message.local);
  const rights = heldRights(message.items);
  if (served === undefined) {
    for (const right of rights) giveUp(sys, right);
    return null;
  }
  const { move, object } = served;
  const [control, ...others] = rights;
  for (const right of others) giveUp(sys, right);
  if (control !== undefined && object.control !== null) giveUp(sys, control);
  else if (control !== undefined) object.control = control.name;
  if (object.control === null) return null;
  if (message.id === MEMORY_OBJECT_INIT) {
    const ready = { may_cache: true, copy_strategy: 'DELAY', cluster: 1 + move.strategy.k };
    post(sys, s, { remote: object.control, remoteDisposition: COPY_SEND, id: MEMORY_OBJECT_READY, body: ready });
    wakeCourier(sys, s); // now that it is known where, pages can be pushed
  } else if (message.id === MEMORY_OBJECT_TERMINATE) object.isTerminated = true;
  else if (message.id === MEMORY_OBJECT_DATA_REQUEST) onRequest(sys, s, served, message.body as unknown as DataRequest);
  return move;
};

const onRequest = (
  sys: Sys,
  s: MigrationState,
  { move, object }: { move: SourceMove; object: SourceObject },
  { offset, length }: DataRequest,
): void => {
  const first = offset / PAGE;
  const count = length / PAGE;
  if (!Number.isSafeInteger(first) || !(count >= 1 && count <= CHUNK)) return;
  const unsent = unsentOf(sys, s, move, object);
  const pages = readPages(sys, s, move, { object: object.id, page: first, count });
  move.demandFaults += 1;
  move.pagesOnDemand += pages.length;
  object.cursor = first + count;
  for (const { page } of pages) {
    if (isSet(unsent, page)) object.left -= 1;
    clear(unsent, page);
  }
  for (const run of runsOf(pages, first, count)) supply(sys, s, object, run);
};

interface Run {
  readonly page: number;
  readonly count: number;
  readonly pages: readonly Page[];
}

/** Cuts a range into runs of pages that are here and pages that are not. */
const runsOf = (pages: readonly Page[], first: number, count: number): Run[] => {
  const found = new Map(pages.map((page) => [page.page, page]));
  const runs: Run[] = [];
  for (let page = first; page < first + count; ) {
    const isHere = found.has(page);
    const run: Page[] = [];
    const from = page;
    while (page < first + count && found.has(page) === isHere) {
      const here = found.get(page);
      if (here !== undefined) run.push(here);
      page += 1;
    }
    runs.push({ page: from, count: page - from, pages: run });
  }
  return runs;
};

const supply = (sys: Sys, s: MigrationState, object: SourceObject, { page, count, pages }: Run): void => {
  const remote = object.control ?? MACH_PORT_NULL;
  const message =
    pages.length === 0
      ? { id: MEMORY_OBJECT_DATA_UNAVAILABLE, body: { offset: page * PAGE, size: count * PAGE } }
      : {
          id: MEMORY_OBJECT_DATA_SUPPLY,
          body: { offset: page * PAGE, lock: 0, precious: false, data: joined(pages) },
        };
  post(sys, s, { remote, remoteDisposition: COPY_SEND, ...message });
};

/** Pages of a move for the courier to send unasked. Null if there is nothing, or no room for it now. */
export const nextPush = (sys: Sys, s: MigrationState, move: SourceMove): Draft | null => {
  if (move.state.phase !== 'serving' || move.strategy.push === 'off') return null;
  for (const object of move.objects) {
    if (object.control === null || object.isComplete || s.forced.has(object.control)) continue;
    return pushFrom(sys, s, move, object);
  }
  return null;
};

const pushFrom = (sys: Sys, s: MigrationState, move: SourceMove, object: SourceObject): Draft => {
  const unsent = unsentOf(sys, s, move, object);
  const control = object.control ?? MACH_PORT_NULL;
  const first = nextUnsent(unsent, object.cursor);
  if (first < 0) {
    object.isComplete = true;
    return { remote: control, remoteDisposition: COPY_SEND, id: MEMORY_OBJECT_COMPLETE, body: {} };
  }
  let count = 1;
  while (count < CHUNK && isSet(unsent, first + count)) count += 1;
  const pages = readPages(sys, s, move, { object: object.id, page: first, count });
  for (let page = first; page < first + count; page += 1) clear(unsent, page);
  object.left -= count;
  object.cursor = first + count;
  move.pagesPushed += pages.length;
  const body = { offset: first * PAGE, lock: 0, precious: false, data: joined(pages) };
  return { remote: control, remoteDisposition: COPY_SEND, id: MEMORY_OBJECT_DATA_SUPPLY, body };
};

/** The first unsent page from `from` on, round the end; -1 if there is none. */
const nextUnsent = (bits: Uint8Array, from: number): number => {
  const total = bits.length * 8;
  for (let i = 0; i < total; ) {
    const page = (from + i) % total;
    if ((page & 7) === 0 && bits[page >> 3] === 0) i += 8;
    else if (isSet(bits, page)) return page;
    else i += 1;
  }
  return -1;
};

const joined = (pages: readonly Page[]): Body => {
  const whole = new Uint8Array(pages.length * PAGE);
  pages.forEach(({ bytes }, index) => {
    if (bytes instanceof Uint8Array) whole.set(bytes, index * PAGE);
    else if (isCopyable(bytes)) bytes.copyTo(whole, index * PAGE);
  });
  return whole;
};

const isCopyable = (value: Body): value is Body & { copyTo(target: Uint8Array, offset: number): void } =>
  typeof value === 'object' && value !== null && 'copyTo' in value;

/** True once the destination's kernel needs no object of this move any more. */
export const isDrained = (move: SourceMove): boolean =>
  move.strategy.name === 'eager-all' || move.objects.every(({ isTerminated }) => isTerminated);

/** Pages of the freeze (`eager-all`), chunk after chunk; null when all have been read. */
export const nextEager = (
  sys: Sys,
  s: MigrationState,
  move: SourceMove,
): { readonly object: number; readonly pages: readonly Page[] } | null => {
  for (const object of move.objects) {
    const unsent = unsentOf(sys, s, move, object);
    const first = nextUnsent(unsent, object.cursor);
    if (first < 0) continue;
    let count = 1;
    while (count < CHUNK && isSet(unsent, first + count)) count += 1;
    const pages = readPages(sys, s, move, { object: object.id, page: first, count });
    for (let page = first; page < first + count; page += 1) clear(unsent, page);
    object.left -= count;
    object.cursor = first + count;
    move.pagesInFreeze += pages.length;
    move.bytesInFreeze += pages.length * PAGE;
    return { object: object.id, pages };
  }
  return null;
};
