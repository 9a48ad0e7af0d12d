/** The server of `mach_port_*` calls: one arm per call. */
import { match } from 'ts-pattern';
import {
  construct,
  getAttributes,
  getContext,
  guardPort,
  setAttributes,
  setContext,
  swapGuard,
  unguardPort,
} from '../../ports/guard-calls.ts';
import type { KernFailure } from '../../ports/kern-return.ts';
import { MACH_PORT_NULL } from '../../ports/name.ts';
import {
  allocate,
  allocateName,
  type Carried,
  carry,
  deallocate,
  destroy,
  destruct,
  discard,
  entryFor,
  getRefs,
  insertRight,
  modRefs,
  rename,
} from '../../ports/name-calls.ts';
import type { Entry } from '../../ports/port.ts';
import {
  getStatus,
  type NotificationKind,
  peek,
  requestNotification,
  setMscount,
  setPayload,
  setQlimit,
  setSeqno,
} from '../../ports/port-calls.ts';
import { DEAD_NAME, PORT_SEND_ONCE, PORT_SET, RECEIVE, SEND, SEND_ONCE } from '../../ports/right.ts';
import { extractMember, getSetStatus, insertMember, moveMember } from '../../ports/set-calls.ts';
import type { Space } from '../../ports/space.ts';
import type { PortRequest } from '../interface/calls.ts';
import { only, type Served, success } from './request.ts';

/** Serves a call on the names of `space`. Rights that the request carries are used up whatever the answer. */
export const servePort = (space: Space, request: PortRequest, carried: readonly Carried[]): Served =>
  match(request)
    .returnType<Served>()
    .with({ op: 'port_allocate' }, ({ right }) => named(allocate(space, right)))
    .with({ op: 'reply_port' }, () => named(allocate(space, 'RECEIVE')))
    .with({ op: 'port_allocate_name' }, ({ right, name }) => only(allocateName(space, right, name)))
    .with({ op: 'port_deallocate' }, ({ name }) => only(deallocate(space, name)))
    .with({ op: 'port_destroy' }, ({ name }) => only(destroy(space, name)))
    .with({ op: 'port_mod_refs' }, ({ name, right, delta }) => only(modRefs(space, name, right, delta)))
    .with({ op: 'port_get_refs' }, ({ name, right }) => counted('refs', getRefs(space, name, right)))
    .with({ op: 'port_type' }, ({ name }) => typed(entryFor(space, name)))
    .with({ op: 'port_names' }, () => listNames(space))
    .with({ op: 'port_rename' }, (r) => only(rename(space, r.old, r.new)))
    .with({ op: 'port_insert_right' }, ({ name }) => insert(space, name, carried[0]))
    .with({ op: 'port_extract_right' }, ({ name, disposition }) => given(carry(space, name, disposition)))
    .with({ op: 'port_request_notification' }, (r) => askNotification(space, r, carried[0]))
    .with({ op: 'port_set_qlimit' }, ({ name, qlimit }) => only(setQlimit(space, name, qlimit)))
    .with({ op: 'port_set_mscount' }, ({ name, mscount }) => only(setMscount(space, name, mscount)))
    .with({ op: 'port_set_seqno' }, ({ name, seqno }) => only(setSeqno(space, name, seqno)))
    .with({ op: 'port_get_status' }, ({ name }) => whole(getStatus(space, name)))
    .with({ op: 'port_move_member' }, ({ member, after }) => only(moveMember(space, member, after)))
    .with({ op: 'port_insert_member' }, ({ member, set }) => only(insertMember(space, member, set)))
    .with({ op: 'port_extract_member' }, ({ member, set }) => only(extractMember(space, member, set)))
    .with({ op: 'port_get_set_status' }, ({ name }) => counted('members', getSetStatus(space, name)))
    .with({ op: 'port_set_payload' }, ({ name, payload }) => only(setPayload(space, name, payload)))
    .with({ op: 'port_clear_payload' }, ({ name }) => only(setPayload(space, name, null)))
    .with({ op: 'port_peek' }, ({ name }) => whole(peek(space, name)))
    .otherwise((guarded) => serveGuard(space, guarded));

type GuardCall = 'construct' | 'destruct' | 'guard' | 'unguard' | `${string}_${'guard' | 'context' | 'attributes'}`;
type GuardRequest = Extract<PortRequest, { op: `port_${GuardCall}` }>;

/** The calls of mach-ipc 2.17, and the attributes of a port. */
const serveGuard = (space: Space, request: GuardRequest): Served =>
  match(request)
    .returnType<Served>()
    .with({ op: 'port_construct' }, (r) => named(construct(space, r)))
    .with({ op: 'port_destruct' }, ({ name, srdelta, guard }) => only(destruct(space, name, srdelta, guard)))
    .with({ op: 'port_guard' }, ({ name, guard, strict }) => only(guardPort(space, name, guard, strict === true)))
    .with({ op: 'port_unguard' }, ({ name, guard }) => only(unguardPort(space, name, guard)))
    .with({ op: 'port_swap_guard' }, (r) => only(swapGuard(space, r.name, r.old, r.new)))
    .with({ op: 'port_set_context' }, ({ name, context }) => only(setContext(space, name, context)))
    .with({ op: 'port_get_context' }, ({ name }) => counted('context', getContext(space, name)))
    .with({ op: 'port_get_attributes' }, ({ name, flavor, count }) =>
      counted('info', getAttributes(space, name, flavor, count ?? Number.POSITIVE_INFINITY)),
    )
    .with({ op: 'port_set_attributes' }, ({ name, flavor, info }) => only(setAttributes(space, name, flavor, info)))
    .exhaustive();

const named = (result: number | KernFailure): Served => counted('name', result);

const counted = (field: string, result: unknown): Served =>
  typeof result === 'string' ? only(result as KernFailure) : success({ [field]: result });

const whole = (result: object | KernFailure): Served =>
  typeof result === 'string' ? only(result) : success(result as Record<string, unknown>);

const given = (result: Carried | KernFailure): Served =>
  typeof result === 'string'
    ? only(result)
    : { kr: 'KERN_SUCCESS', rights: [{ field: 'name', list: false, right: result }] };

const insert = (space: Space, name: number, right: Carried | undefined): Served => {
  if (right === undefined) return only('KERN_INVALID_CAPABILITY');
  const kr = insertRight(space, name as Parameters<typeof insertRight>[1], right);
  if (kr !== 'KERN_SUCCESS') discard(space, right);
  return only(kr);
};

const askNotification = (
  space: Space,
  request: Extract<PortRequest, { op: 'port_request_notification' }>,
  right: Carried | undefined,
): Served => {
  const ask = { kind: request.kind as NotificationKind | number, sync: request.sync };
  const previous = requestNotification(space, request.name, ask, right ?? null);
  if (typeof previous === 'string') {
    if (right !== undefined) discard(space, right);
    return only(previous);
  }
  if (previous === null) return success({ previous: MACH_PORT_NULL });
  return {
    kr: 'KERN_SUCCESS',
    rights: [{ field: 'previous', list: false, right: { port: previous, type: PORT_SEND_ONCE } }],
  };
};

/** The kinds of right and pending requests under a name, as `mach_port_type` tells them, sorted. */
const typesOf = (entry: Entry): string[] => {
  const types: string[] = [];
  if ((entry.type & DEAD_NAME) !== 0) types.push('DEAD_NAME');
  if (entry.request !== null) types.push('DNREQUEST');
  if (entry.accepted !== null) types.push('MAREQUEST');
  if ((entry.type & PORT_SET) !== 0) types.push('PORT_SET');
  if ((entry.type & RECEIVE) !== 0) types.push('RECEIVE');
  if ((entry.type & SEND) !== 0) types.push('SEND');
  if ((entry.type & SEND_ONCE) !== 0) types.push('SEND_ONCE');
  return types;
};

const typed = (entry: Entry | KernFailure): Served =>
  typeof entry === 'string' ? only(entry) : success({ type: typesOf(entry) });

const listNames = (space: Space): Served =>
  space.isActive
    ? success({ names: space.entries().map((entry) => ({ name: entry.name, type: typesOf(entry) })) })
    : only('KERN_INVALID_TASK');
