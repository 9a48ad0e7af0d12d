/** What the composition root and programs that use the net need. Inside the repository import the file, never this. */
export { type DriverParts, NetDriver } from './driver.ts';
export type { Link, LinkEvents } from './link.ts';
export { memoryLinks } from './memory-link.ts';
export { NET_LIMITS, netmsg } from './netmsg.ts';
export {
  type Census,
  type Landed,
  NET_BASE,
  NET_DROPPED,
  NET_LANDED,
  NET_STAGED,
  type NetArguments,
  type NetLimits,
  netService,
  type Staged,
} from './protocol.ts';
