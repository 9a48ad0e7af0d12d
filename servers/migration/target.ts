/**
 * The destination's driver, from the accepted offer on: keeps the image while it is undecided, puts the task together
 * when it is its own.
 */

import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import type { ThreadImage } from '../../kernel/interface/image.ts';
import type { ProgramLack, ProgramNeed } from '../../kernel/interface/move.ts';
import type { Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE } from '../../ports/right.ts';
import { callKernel, giveUp, heldRights, moving } from '../kernel-stub.ts';
import { onDoubtMessage } from './doubt.ts';
import { lackText } from './lacks.ts';
import { objectionToSize } from './offer.ts';
import {
  MOVE_ACTIVATED,
  MOVE_PAGES,
  MOVE_PAGES_END,
  MOVE_PREPARED,
  MOVE_QUERY,
  MOVE_REFUSED,
  type Pages,
  type Verdict,
} from './protocol.ts';
import type { Arrival, MigrationState } from './state.ts';
import { giveUpPeer, tell } from './tell.ts';

/** Pages that are put into a task at a time. */
const SUPPLY_MAX = 128;
/** Number of a dead-name notification. */
const DEAD_NAME = 72;

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
  const found = objectionToImage(sys, s, arrival);
  arrival.isPrepared = found === null;
  if (found === null) return tell(sys, s, arrival.source.name, { id: MOVE_PREPARED, body: { mid: arrival.mid } });
  tell(sys, s, arrival.source.name, { id: MOVE_REFUSED, body: { mid: arrival.mid, ...found } });
};

type Objection = Pick<Verdict, 'why' | 'code'>;

const unusable = (why: string): Objection => ({ why, code: 'E_IMAGE' });

/** Room is looked at once more: the node may have lost some since the offer, and the task is still whole elsewhere. */
const objectionToImage = (sys: Sys, s: MigrationState, { image, size, strategy }: Arrival): Objection | null => {
  const crowded = objectionToSize(sys, s, { pages: size, strategy });
  if (crowded !== null) return crowded;
  const threads = (image as { threads?: unknown } | null)?.threads;
  if (!Array.isArray(threads)) return unusable('the image cannot be read');
  const programs = threads.map((thread: ThreadImage | null) => ({ name: thread?.program, hash: thread?.hash }));
  const { kr, fields } = callKernel(
    sys,
    { port: s.own.host, reply: s.reply },
    {
      op: 'host_programs',
      programs: programs as ProgramNeed[],
    },
  );
  if (kr !== 'KERN_SUCCESS') return unusable('the image cannot be read');
  const missing = (fields['missing'] as ProgramLack[] | undefined) ?? [];
  if (missing.length > 0) return { why: lackText(missing, s.own.node), code: 'E_VERSION' };
  // Put together once for a try: after the decision there would be no way back.
  const checked = callKernel(sys, { port: s.own.host, reply: s.reply }, { op: 'host_check', image });
  if (checked.kr === 'KERN_SUCCESS') return null;
  const { why } = checked.fields;
  return unusable(
    `${s.own.node} cannot put it together: ${typeof why === 'string' ? why : 'the image cannot be read'}`,
  );
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
