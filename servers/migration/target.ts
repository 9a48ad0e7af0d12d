/**
 * The destination's driver: accepts an offer, keeps the image while it is undecided, puts the task together when it is
 * its own.
 */

import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import type { ThreadImage } from '../../kernel/interface/image.ts';
import type { Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { callKernel, giveUp, heldRights, moving } from '../kernel-stub.ts';
import { dropOldestDoubt, onDoubtMessage } from './doubt.ts';
import {
  MOVE_ACTIVATED,
  MOVE_PAGES,
  MOVE_PAGES_END,
  MOVE_PREPARED,
  MOVE_QUERY,
  MOVE_REFUSED,
  type Offer,
  type Pages,
  type Verdict,
} from './protocol.ts';
import type { Arrival, MigrationState } from './state.ts';
import { giveUpPeer, tell } from './tell.ts';

/** Tasks that may be on their way to one node at a time (protocols 2.3.6). */
const ARRIVALS_MAX = 4;
/** Pages that are put into a task at a time. */
const SUPPLY_MAX = 128;
/** Number of a dead-name notification. */
const DEAD_NAME = 72;

/** Answers OFFER: what speaks against the move is said before anything is frozen. */
export const onOffer = (sys: Sys, s: MigrationState, message: Received): void => {
  const offer = message.body as unknown as Offer;
  const [source, ...others] = heldRights(message.items);
  for (const right of others) giveUp(sys, right);
  const why = source === undefined ? 'the offer names nobody to answer' : objection(sys, s, offer);
  if (why !== null || source === undefined) {
    if (source !== undefined) giveUp(sys, source);
    return answer(sys, message, { accepted: false, why: why ?? '' }, MACH_PORT_NULL);
  }
  const port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  // The source closes its end when it needs this one no more: that is heard. An offer whose end is closed comes late.
  const notify = { name: port, disposition: MAKE_SEND_ONCE };
  const { kr } = sys.call({ op: 'port_request_notification', name: source.name, kind: 'DEAD_NAME', sync: 0, notify });
  if (kr !== 'KERN_SUCCESS') {
    giveUp(sys, source);
    giveUp(sys, { name: port, type: 16 });
    return answer(sys, message, { accepted: false, why: 'the source has given the move up' }, MACH_PORT_NULL);
  }
  sys.call({ op: 'port_set_qlimit', name: port, qlimit: 64 });
  sys.call({ op: 'port_move_member', member: port, after: s.set });
  if (offer.dryRun) giveUp(sys, source);
  else {
    s.arrivals.set(offer.mid, {
      mid: offer.mid,
      task: offer.task,
      strategy: offer.strategy,
      port,
      source,
      image: null,
      isStaged: false,
      isPrepared: false,
      inDoubt: null,
      hasAllPages: offer.strategy.name !== 'eager-all',
      hasLanded: false,
      landing: null,
      isOrphan: false,
      pages: [],
    });
  }
  answer(sys, message, { accepted: true, why: '' }, port);
  if (offer.dryRun) giveUp(sys, { name: port, type: 16 });
};

const objection = (sys: Sys, s: MigrationState, offer: Offer): string | null => {
  if (typeof offer?.mid !== 'string' || !Array.isArray(offer.programs)) return 'the offer cannot be read';
  const arriving = [...s.arrivals.values()].filter(({ hasLanded }) => !hasLanded).length;
  if (arriving >= ARRIVALS_MAX && !dropOldestDoubt(sys, s))
    return `${arriving} tasks are arriving already; try again later`;
  const via = { port: s.own.host, reply: s.reply };
  const { fields } = callKernel(sys, via, { op: 'host_programs', programs: offer.programs });
  const missing = (fields['missing'] as string[] | undefined) ?? [];
  if (missing.length > 0) return `no program ${missing.join(', ')} of this version on ${s.own.node}`;
  return objectionToSize(sys, s, offer);
};

/** Pages that come after the move stay until all of their object are here: only then can they be paged out. */
const objectionToSize = (sys: Sys, s: MigrationState, { pages, strategy }: Offer): string | null => {
  const { fields } = callKernel(sys, { port: s.own.host, reply: s.reply }, { op: 'host_info' });
  const { pagesMax, isPaging } = fields as { readonly pagesMax: number; readonly isPaging: boolean };
  if (pages <= pagesMax) return null;
  const size = `the task has ${pages} pages, and ${s.own.node} has room for ${pagesMax}`;
  if (!isPaging) return `${size}, and no default pager`;
  return strategy?.name === 'eager-all' ? null : `${size} at once; move it with --strategy eager-all`;
};

const answer = (sys: Sys, message: Received, verdict: Verdict, port: PortName): void => {
  sys.send({
    remote: message.remote,
    remoteDisposition: MOVE_SEND_ONCE,
    id: message.id + 100,
    body: { retcode: 'KERN_SUCCESS', value: verdict } as unknown as Body,
    descriptors: port === MACH_PORT_NULL ? [] : [{ kind: 'port', name: port, disposition: MAKE_SEND }],
  });
};

/** The image is here; its rights are named and not yet given. */
export const onStaged = (sys: Sys, s: MigrationState, mid: string, body: Body): void => {
  const arrival = s.arrivals.get(mid);
  if (arrival === undefined) return;
  arrival.image = (body as { image?: Body } | null)?.image ?? null;
  arrival.isStaged = true;
  prepared(sys, s, arrival);
};

const prepared = (sys: Sys, s: MigrationState, arrival: Arrival): void => {
  if (!arrival.isStaged || !arrival.hasAllPages) return;
  const why = objectionToImage(sys, s, arrival);
  arrival.isPrepared = why === null;
  if (why === null) return tell(sys, s, arrival.source.name, { id: MOVE_PREPARED, body: { mid: arrival.mid } });
  tell(sys, s, arrival.source.name, { id: MOVE_REFUSED, body: { mid: arrival.mid, why } });
};

const objectionToImage = (sys: Sys, s: MigrationState, { image }: Arrival): string | null => {
  const threads = (image as { threads?: unknown } | null)?.threads;
  if (!Array.isArray(threads)) return 'the image cannot be read';
  const programs = threads.map(({ program, hash }: ThreadImage) => ({ name: program, hash }));
  const { fields } = callKernel(sys, { port: s.own.host, reply: s.reply }, { op: 'host_programs', programs });
  const missing = (fields['missing'] as string[] | undefined) ?? [];
  return missing.length === 0 ? null : `no program ${missing.join(', ')}`;
};

/** Pages in the freeze, or the word that these were all. */
export const onArrivalMessage = (sys: Sys, s: MigrationState, arrival: Arrival, message: Received): void => {
  if (onDoubtMessage(sys, s, arrival, message)) return;
  for (const right of heldRights(message.items)) giveUp(sys, right);
  if (message.id === DEAD_NAME) return sourceDied(sys, s, arrival);
  if (message.id === MOVE_PAGES) {
    const { object, pages } = message.body as unknown as Pages;
    for (const { page, bytes } of pages) arrival.pages.push({ object, page, bytes });
  } else if (message.id === MOVE_QUERY) {
    if (arrival.hasLanded && arrival.landing === null)
      tell(sys, s, arrival.source.name, { id: MOVE_ACTIVATED, body: { mid: arrival.mid } });
  } else if (message.id === CALL_FORMS.task_supply.id + 100) {
    land(sys, s, arrival);
  } else if (message.id === MOVE_PAGES_END) {
    arrival.hasAllPages = true;
    prepared(sys, s, arrival);
  }
};

/**
 * The source is gone. What is staged here was decided or was not: netmsg says when its rights are all that is left of
 * it (NET_ORPHANED). Everything else ends.
 */
const sourceDied = (sys: Sys, s: MigrationState, arrival: Arrival): void => {
  if (arrival.landing !== null) arrival.isOrphan = true;
  else if (!arrival.isStaged || arrival.hasLanded) endArrival(sys, s, arrival);
};

/** Decided: the rights are here, and the task is this node's. */
export const onLanded = (sys: Sys, s: MigrationState, mid: string, message: Received): void => {
  const arrival = s.arrivals.get(mid);
  const rights = heldRights(message.items);
  if (arrival === undefined || arrival.image === null) {
    for (const right of rights) giveUp(sys, right);
    return;
  }
  const via = { port: s.own.host, reply: s.reply };
  const attached = callKernel(sys, via, { op: 'task_attach', image: arrival.image }, moving(rights));
  const [task] = attached.rights;
  if (task === undefined) return endArrival(sys, s, arrival);
  arrival.image = null;
  arrival.hasLanded = true;
  arrival.landing = task;
  land(sys, s, arrival);
};

/** Gives the task its pages, some at a time as there is room for them, and lets it run. */
const land = (sys: Sys, s: MigrationState, arrival: Arrival): void => {
  const { landing: task, pages } = arrival;
  if (task === null) return;
  const [first] = pages;
  if (first !== undefined) {
    let count = 1;
    while (count < SUPPLY_MAX && pages[count]?.object === first.object) count += 1;
    const body = { object: first.object, pages: pages.slice(0, count).map(({ page, bytes }) => ({ page, bytes })) };
    arrival.pages = pages.slice(count);
    sys.send({
      remote: task.name,
      remoteDisposition: COPY_SEND,
      local: arrival.port,
      localDisposition: MAKE_SEND_ONCE,
      id: CALL_FORMS.task_supply.id,
      body,
    });
    return;
  }
  callKernel(sys, { port: task.name, reply: s.reply }, { op: 'task_thaw' });
  giveUp(sys, task);
  arrival.landing = null;
  if (arrival.isOrphan) return endArrival(sys, s, arrival);
  tell(sys, s, arrival.source.name, { id: MOVE_ACTIVATED, body: { mid: arrival.mid } });
};

/** The source has given the move up, or is gone: nothing of it is kept. */
export const onDropped = (sys: Sys, s: MigrationState, mid: string): void => {
  const arrival = s.arrivals.get(mid);
  if (arrival !== undefined && !arrival.hasLanded) endArrival(sys, s, arrival);
};

const endArrival = (sys: Sys, s: MigrationState, arrival: Arrival): void => {
  s.arrivals.delete(arrival.mid);
  giveUpPeer(sys, s, arrival.source.name);
  giveUp(sys, { name: arrival.port, type: 16 });
};
