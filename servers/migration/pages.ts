/**
 * The pages that a task has left behind: served when touched (the memory-object protocol), pushed while nobody asks.
 */

import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import type { MemoryImage } from '../../kernel/interface/image.ts';
import {
  type DataRequest,
  MEMORY_OBJECT_COMPLETE,
  MEMORY_OBJECT_DATA_ERROR,
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
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE } from '../../ports/right.ts';
import { callKernel, giveUp, heldRights, type StubAnswer } from '../kernel-stub.ts';
import type { MigrationState, PageRun, SourceMove, SourceObject } from './state.ts';
import { isSet, nextUnsent } from './strategies/strategy.ts';
import { post, wakeCourier } from './tell.ts';

const PAGE = 4096;
/** Pages in one message of a push, or of an eager copy: 64 KiB. */
const CHUNK = 16;

type Page = { readonly page: number; readonly bytes: Body };

/** The objects of a frozen task, with what of each is here. */
export const describeObjects = (sys: Sys, s: MigrationState, move: SourceMove): SourceObject[] => {
  const { objects } = (move.image as unknown as { memory: MemoryImage }).memory;
  return objects.map(({ id, own }) => ({
    id,
    unsent: null,
    left: own,
    pager: move.strategy.hasPagers ? pagerPort(sys, s) : MACH_PORT_NULL,
    control: null,
    cursor: 0,
    reads: [],
    come: null,
    isBroken: false,
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

const clear = (bits: Uint8Array, page: number): void => {
  bits[page >> 3] = (bits[page >> 3] ?? 0) & ~(1 << (page & 7));
};

/** Reads what is here of a range, from its first page on. `waiting`: that one is at the default pager. */
const readPages = (sys: Sys, s: MigrationState, move: SourceMove, at: Range): PageRun | 'waiting' | 'failed' => {
  if (move.husk === null) return 'failed';
  const request = { op: 'husk_read', ...at, wait: false } as const;
  return runOf(callKernel(sys, { port: move.husk.name, reply: s.reply }, request));
};

const runOf = ({ kr, fields }: Pick<StubAnswer, 'kr' | 'fields'>): PageRun | 'waiting' | 'failed' => {
  const run = fields as unknown as PageRun;
  if (kr !== 'KERN_SUCCESS') return 'failed';
  return run.end === run.page ? 'waiting' : run;
};

interface Range {
  readonly object: number;
  readonly page: number;
  readonly count: number;
}

/** Has a range read whose first page must come from the default pager. The answer comes to the move's port. */
const readLater = (sys: Sys, move: SourceMove, object: SourceObject, read: SourceObject['reads'][number]): void => {
  object.reads.push(read);
  const { page, count } = read;
  sys.send({
    remote: move.husk?.name ?? MACH_PORT_NULL,
    remoteDisposition: COPY_SEND,
    local: move.port,
    localDisposition: MAKE_SEND_ONCE,
    id: CALL_FORMS.husk_read.id,
    body: { object: object.id, page, count, wait: true },
  });
};

/** Pages have come from the default pager. */
export const onPagesRead = (sys: Sys, s: MigrationState, move: SourceMove, message: Received): void => {
  const { retcode, ...fields } = message.body as Record<string, unknown> & { object: number; page: number };
  const object = move.objects.find(({ id }) => id === fields.object);
  const index = object?.reads.findIndex(({ page }) => page === fields.page) ?? -1;
  const [read] = index < 0 ? [] : (object?.reads.splice(index, 1) ?? []);
  if (object === undefined || read === undefined) return;
  const run = runOf({ kr: retcode as StubAnswer['kr'], fields });
  if (read.why === 'demand') return serveRun(sys, s, { move, object }, read, run);
  if (typeof run === 'string') object.isBroken = true;
  else object.come = run;
  wakeCourier(sys, s);
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
  move.demandFaults += 1;
  object.cursor = first + count;
  const range = { page: first, count, why: 'demand' } as const;
  serveRun(sys, s, { move, object }, range, readPages(sys, s, move, { object: object.id, page: first, count }));
};

/** Answers as much of a request as is known, and has the rest read. */
const serveRun = (
  sys: Sys,
  s: MigrationState,
  { move, object }: { readonly move: SourceMove; readonly object: SourceObject },
  { page, count }: Omit<Range, 'object'>,
  read: PageRun | 'waiting' | 'failed',
): void => {
  if (read === 'waiting') return readLater(sys, move, object, { page, count, why: 'demand' });
  if (read === 'failed') {
    const remote = object.control ?? MACH_PORT_NULL;
    const body = { offset: page * PAGE, size: PAGE, reason: 'the page cannot be had any more' };
    post(sys, s, { remote, remoteDisposition: COPY_SEND, id: MEMORY_OBJECT_DATA_ERROR, body });
  } else {
    take(unsentOf(sys, s, move, object), object, read);
    move.pagesOnDemand += read.pages.length;
    for (const run of runsOf(read.pages, page, read.end - page)) supply(sys, s, object, run);
  }
  const end = read === 'failed' ? page + 1 : read.end;
  const left = { object: object.id, page: end, count: page + count - end };
  if (left.count > 0) serveRun(sys, s, { move, object }, left, readPages(sys, s, move, left));
};

/** Pages leave: they are not sent again unasked. */
const take = (unsent: Uint8Array, object: SourceObject, { pages }: PageRun): void => {
  for (const { page } of pages) {
    if (isSet(unsent, page)) object.left -= 1;
    clear(unsent, page);
  }
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
    const draft = pushFrom(sys, s, move, object);
    if (draft !== null) return draft;
  }
  return null;
};

const pushFrom = (sys: Sys, s: MigrationState, move: SourceMove, object: SourceObject): Draft | null => {
  const control = object.control ?? MACH_PORT_NULL;
  const run = nextRun(sys, s, { move, object }, nextUnsent);
  if (run === 'none') {
    object.isComplete = true;
    return { remote: control, remoteDisposition: COPY_SEND, id: MEMORY_OBJECT_COMPLETE, body: {} };
  }
  if (typeof run === 'string') return null;
  move.pagesPushed += run.pages.length;
  const body = { offset: run.page * PAGE, lock: 0, precious: false, data: joined(run.pages) };
  return { remote: control, remoteDisposition: COPY_SEND, id: MEMORY_OBJECT_DATA_SUPPLY, body };
};

/**
 * The next pages of an object that nobody has asked for, as `next` picks them: `none` are left, or they are being read,
 * or cannot be.
 */
const nextRun = (
  sys: Sys,
  s: MigrationState,
  { move, object }: { readonly move: SourceMove; readonly object: SourceObject },
  next: NonNullable<SourceMove['nextInFreeze']>,
): PageRun | 'none' | 'waiting' | 'failed' => {
  const unsent = unsentOf(sys, s, move, object);
  const come = object.come;
  object.come = null;
  if (come?.pages.some(({ page }) => isSet(unsent, page))) return leaving(unsent, object, come);
  if (object.isBroken) return 'failed';
  if (object.reads.some(({ why }) => why === 'push')) return 'waiting';
  const page = next(unsent, object.cursor);
  if (page < 0) return 'none';
  let count = 1;
  while (count < CHUNK && next(unsent, page + count) === page + count) count += 1;
  const run = readPages(sys, s, move, { object: object.id, page, count });
  if (run === 'waiting') readLater(sys, move, object, { page, count, why: 'push' });
  if (run === 'failed') object.isBroken = true;
  return typeof run === 'string' ? run : leaving(unsent, object, run);
};

const leaving = (unsent: Uint8Array, object: SourceObject, run: PageRun): PageRun => {
  take(unsent, object, run);
  object.cursor = run.end;
  return run;
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
  !move.strategy.hasPagers || move.objects.every(({ isTerminated }) => isTerminated);

/** Pages of the freeze, chunk after chunk; `none` when all have been read that the strategy wants. */
export const nextInFreeze = (
  sys: Sys,
  s: MigrationState,
  move: SourceMove,
): { readonly object: number; readonly pages: readonly Page[] } | 'none' | 'waiting' | 'failed' => {
  const next = move.nextInFreeze;
  if (next === null) return 'none';
  for (const object of move.objects) {
    const run = nextRun(sys, s, { move, object }, next);
    if (run === 'none') continue;
    if (typeof run === 'string') return run;
    move.pagesInFreeze += run.pages.length;
    move.bytesInFreeze += run.pages.length * PAGE;
    return { object: object.id, pages: run.pages };
  }
  return 'none';
};
