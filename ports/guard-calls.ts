/** Guards, construction, attributes of ports (mach-ipc 2.16, 2.17): XNU's calls, which every profile has. */
import type { KernFailure, KernReturn } from './kern-return.ts';
import { QLIMIT_MAX } from './limits.ts';
import type { PortName } from './name.ts';
import { allocate, entryFor, receivePort } from './name-calls.ts';
import type { Guard, Port } from './port.ts';
import { getStatus, type PortStatus, setQlimit } from './port-calls.ts';
import { MAKE_SEND } from './right.ts';
import type { Space } from './space.ts';
import { copyInRight, putSend } from './transfer.ts';

const FLAGS: readonly unknown[] = ['QLIMIT', 'INSERT_SEND_RIGHT', 'CONTEXT_AS_GUARD', 'STRICT', 'IMMOVABLE_RECEIVE'];
/** Words of the answer of a flavor, as XNU counts them. */
const STATUS_COUNT = 10;
const LIMITS_COUNT = 1;

/** What `mach_port_construct` is asked for. */
export interface Construction {
  readonly flags: unknown;
  readonly qlimit?: number;
  readonly context?: number;
}

/** `mach_port_construct`: a receive right that is limited, guarded and given a send right in one call. */
export const construct = (space: Space, { flags, qlimit = 0, context = 0 }: Construction): PortName | KernFailure => {
  if (!Array.isArray(flags) || !flags.every((flag) => FLAGS.includes(flag))) return 'KERN_INVALID_ARGUMENT';
  const isGuarded = flags.includes('CONTEXT_AS_GUARD');
  const isStrict = flags.includes('STRICT');
  if (isStrict && !isGuarded) return 'KERN_INVALID_ARGUMENT';
  if (flags.includes('QLIMIT') && !(qlimit >= 0 && qlimit <= QLIMIT_MAX)) return 'KERN_INVALID_VALUE';
  const name = allocate(space, 'RECEIVE');
  if (typeof name === 'string') return name;
  const entry = entryFor(space, name);
  if (typeof entry === 'string') return entry;
  if (entry.port === null) return 'KERN_INVALID_NAME';
  if (flags.includes('QLIMIT')) entry.port.limitTo(qlimit, false);
  if (flags.includes('INSERT_SEND_RIGHT')) putSend(space, entry, copyInRight(space, entry, MAKE_SEND));
  const isImmovable = flags.includes('IMMOVABLE_RECEIVE');
  if (isGuarded || isImmovable || context !== 0) entry.port.guard = { context, isGuarded, isStrict, isImmovable };
  return name;
};

const guardOf = (port: Port): Guard => {
  if (port.guard === null) port.guard = { context: 0, isGuarded: false, isStrict: false, isImmovable: false };
  return port.guard;
};

/** `mach_port_set_context`: a number of the receiver's own. That of a guarded port is its guard, and stays. */
export const setContext = (space: Space, name: PortName, context: number): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  if (port.guard?.isGuarded === true) return 'KERN_INVALID_ARGUMENT';
  guardOf(port).context = context;
  return 'KERN_SUCCESS';
};

/** `mach_port_get_context`; 0 for a strict port, whose guard nobody is told. */
export const getContext = (space: Space, name: PortName): number | KernFailure => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  return port.guard === null || port.guard.isStrict ? 0 : port.guard.context;
};

/** `mach_port_guard`: the receive right can be destroyed with `guard` alone. Refused for a port with a context. */
export const guardPort = (space: Space, name: PortName, guard: number, isStrict: boolean): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  if (port.guard !== null && (port.guard.isGuarded || port.guard.context !== 0)) return 'KERN_INVALID_ARGUMENT';
  Object.assign(guardOf(port), { context: guard, isGuarded: true, isStrict });
  return 'KERN_SUCCESS';
};

/** `mach_port_unguard`: the guard goes, and the context with it; what is immovable stays so. */
export const unguardPort = (space: Space, name: PortName, guard: number): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  if (port.guard === null || !port.guard.isGuarded || port.guard.context !== guard) return 'KERN_INVALID_ARGUMENT';
  Object.assign(port.guard, { context: 0, isGuarded: false, isStrict: false });
  return 'KERN_SUCCESS';
};

/** `mach_port_swap_guard`: another guard in place of the right old one; that of a strict port stays. */
export const swapGuard = (space: Space, name: PortName, old: number, guard: number): KernReturn => {
  const port = receivePort(space, name);
  if (typeof port === 'string') return port;
  const held = port.guard;
  if (held === null || !held.isGuarded || held.isStrict || held.context !== old) return 'KERN_INVALID_ARGUMENT';
  held.context = guard;
  return 'KERN_SUCCESS';
};

/** `mach_port_get_attributes`: LIMITS_INFO or RECEIVE_STATUS. `count` is the room for the answer, in words. */
export const getAttributes = (
  space: Space,
  name: PortName,
  flavor: string | number,
  count: number,
): { readonly qlimit: number } | PortStatus | KernFailure => {
  if (flavor !== 'LIMITS_INFO' && flavor !== 'RECEIVE_STATUS') return 'KERN_INVALID_ARGUMENT';
  if (count < (flavor === 'LIMITS_INFO' ? LIMITS_COUNT : STATUS_COUNT)) return 'KERN_FAILURE';
  const status = getStatus(space, name);
  return typeof status === 'string' || flavor === 'RECEIVE_STATUS' ? status : { qlimit: status.qlimit };
};

/** `mach_port_set_attributes`: LIMITS_INFO `{qlimit}`. */
export const setAttributes = (space: Space, name: PortName, flavor: string | number, info: unknown): KernReturn => {
  if (flavor !== 'LIMITS_INFO' || typeof info !== 'object' || info === null) return 'KERN_INVALID_ARGUMENT';
  const { qlimit } = info as { readonly qlimit?: unknown };
  return typeof qlimit === 'number' ? setQlimit(space, name, qlimit) : 'KERN_INVALID_ARGUMENT';
};
