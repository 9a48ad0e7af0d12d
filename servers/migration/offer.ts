/**
 * The destination's answer to OFFER: whatever speaks against the move is said before anything is frozen. If it is code
 * that is lacking, the node's code server is asked to bring it first.
 */

import type { ProgramLack, ProgramNeed } from '../../kernel/interface/move.ts';
import type { Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { MAKE_SEND, MAKE_SEND_ONCE, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { codeService } from '../code/protocol.ts';
import { callKernel, giveUp, type HeldRight, heldRights } from '../kernel-stub.ts';
import { dropOldestDoubt } from './doubt.ts';
import { lackText } from './lacks.ts';
import type { Offer, Verdict } from './protocol.ts';
import type { MigrationState } from './state.ts';
import { STRATEGIES } from './strategies/table.ts';

/** Tasks that may be on their way to one node at a time (protocols 2.3.6). */
const ARRIVALS_MAX = 4;

/** Strategies that leave nothing behind. */
const WHOLE = STRATEGIES.flatMap(({ name, hasPagers }) => (hasPagers ? [] : [name])).join(' or ');

type Objection = Pick<Verdict, 'why' | 'code' | 'missing'>;

const objectionOf = (why: string): Objection => ({ why, code: '', missing: [] });

/** Answers OFFER, now or when the code server has said what came of the code that is lacking. */
export const onOffer = (sys: Sys, s: MigrationState, message: Received): void => {
  const offer = message.body as unknown as Offer;
  const found = objection(sys, s, offer);
  if (found?.code !== 'E_VERSION' || s.own.code === undefined || typeof offer.from !== 'string') {
    return decide(sys, s, message, found);
  }
  const port = allocate(sys, s);
  const { from: node, dryRun: isTrial } = offer;
  const isMissing = ({ name, hash }: ProgramNeed): boolean =>
    found.missing.some((lack) => lack.name === name && lack.hash === hash);
  const programs = offer.programs.filter(isMissing);
  s.bringing.set(port, message);
  const kr = sys.send(codeService.request(s.own.code, port, 'bring', { node, programs, isTrial: isTrial === true }));
  if (kr === 'MACH_MSG_SUCCESS') return;
  forget(sys, s, port);
  decide(sys, s, message, found);
};

/** The code is here, or will not come. A dry run is told that it would be asked for. */
export const onCodeAnswer = (sys: Sys, s: MigrationState, message: Received, answered: Received): void => {
  for (const right of heldRights(answered.items)) giveUp(sys, right);
  forget(sys, s, answered.local);
  const reply = codeService.reply('bring', answered);
  const offer = message.body as unknown as Offer;
  if ('value' in reply && reply.value === null && offer.dryRun) return decide(sys, s, message, null);
  const found = objection(sys, s, offer);
  if (found?.code !== 'E_VERSION') return decide(sys, s, message, found);
  const trouble = 'value' in reply ? reply.value : { code: 'E_CODE_TIMEOUT', why: reply.retcode };
  const why = trouble === null ? found.why : `${found.why}; ${trouble.code}: ${trouble.why}`;
  decide(sys, s, message, { ...found, why });
};

const allocate = (sys: Sys, s: MigrationState): PortName => {
  const port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  sys.call({ op: 'port_move_member', member: port, after: s.set });
  return port;
};

const forget = (sys: Sys, s: MigrationState, port: PortName): void => {
  s.bringing.delete(port);
  giveUp(sys, { name: port, type: 16 });
};

const decide = (sys: Sys, s: MigrationState, message: Received, found: Objection | null): void => {
  const [source, ...others] = heldRights(message.items);
  for (const right of others) giveUp(sys, right);
  if (source === undefined) return answer(sys, message, found ?? objectionOf('the offer names nobody to answer'));
  if (found !== null) {
    giveUp(sys, source);
    return answer(sys, message, found);
  }
  accept(sys, s, message, source);
};

const accept = (sys: Sys, s: MigrationState, message: Received, source: HeldRight): void => {
  const offer = message.body as unknown as Offer;
  const port = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
  // The source closes its end when it needs this one no more: that is heard. An offer whose end is closed comes late.
  const notify = { name: port, disposition: MAKE_SEND_ONCE };
  const { kr } = sys.call({ op: 'port_request_notification', name: source.name, kind: 'DEAD_NAME', sync: 0, notify });
  if (kr !== 'KERN_SUCCESS') {
    giveUp(sys, source);
    giveUp(sys, { name: port, type: 16 });
    return answer(sys, message, objectionOf('the source has given the move up'));
  }
  sys.call({ op: 'port_set_qlimit', name: port, qlimit: 64 });
  sys.call({ op: 'port_move_member', member: port, after: s.set });
  if (offer.dryRun) giveUp(sys, source);
  else {
    s.arrivals.set(offer.mid, {
      mid: offer.mid,
      task: offer.task,
      from: String(offer.from),
      strategy: offer.strategy,
      size: offer.pages,
      port,
      source,
      image: null,
      isStaged: false,
      isPrepared: false,
      inDoubt: null,
      hasAllPages: !offer.strategy.sendsInFreeze,
      hasLanded: false,
      landing: null,
      isOrphan: false,
      pages: [],
    });
  }
  answer(sys, message, null, port);
  if (offer.dryRun) giveUp(sys, { name: port, type: 16 });
};

const objection = (sys: Sys, s: MigrationState, offer: Offer): Objection | null => {
  if (typeof offer?.mid !== 'string') return objectionOf('the offer cannot be read');
  const arriving = [...s.arrivals.values()].filter(({ hasLanded }) => !hasLanded).length + s.bringing.size;
  if (arriving >= ARRIVALS_MAX && !dropOldestDoubt(sys, s)) {
    return objectionOf(`${arriving} tasks are arriving already; try again later`);
  }
  const via = { port: s.own.host, reply: s.reply };
  const { kr, fields } = callKernel(sys, via, { op: 'host_programs', programs: offer.programs });
  if (kr !== 'KERN_SUCCESS') return objectionOf('the offer cannot be read');
  const missing = fields['missing'] as readonly ProgramLack[];
  if (missing.length > 0) return { why: lackText(missing, s.own.node), code: 'E_VERSION', missing };
  return objectionToSize(sys, s, offer);
};

/**
 * What this node's memory has against so many pages; null if there is room. Pages that come after the move stay until
 * all of their object are here: only then can they be paged out.
 */
export const objectionToSize = (
  sys: Sys,
  s: MigrationState,
  { pages, strategy }: Pick<Offer, 'pages' | 'strategy'>,
): Objection | null => {
  const { fields } = callKernel(sys, { port: s.own.host, reply: s.reply }, { op: 'host_info' });
  const { pagesMax, isPaging } = fields as { readonly pagesMax: number; readonly isPaging: boolean };
  if (pages <= pagesMax) return null;
  const size = `the task has ${pages} pages, and ${s.own.node} has room for ${pagesMax}`;
  const noRoom = (why: string): Objection => ({ why, code: 'E_NO_ROOM', missing: [] });
  if (!isPaging) return noRoom(`${size}, and no default pager`);
  return strategy?.hasPagers === false ? null : noRoom(`${size} at once; move it with --strategy ${WHOLE}`);
};

const answer = (sys: Sys, message: Received, found: Objection | null, port: PortName = MACH_PORT_NULL): void => {
  const verdict: Verdict = { accepted: found === null, ...(found ?? objectionOf('')) };
  sys.send({
    remote: message.remote,
    remoteDisposition: MOVE_SEND_ONCE,
    id: message.id + 100,
    body: { retcode: 'KERN_SUCCESS', value: verdict } as unknown as Body,
    descriptors: port === MACH_PORT_NULL ? [] : [{ kind: 'port', name: port, disposition: MAKE_SEND }],
  });
};
