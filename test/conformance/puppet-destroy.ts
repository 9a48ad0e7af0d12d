/**
 * What a server loop does with a message that nobody will use: gives up its rights and memory, and reports what
 * failed.
 */

import type { Sys } from '../../kernel/program.ts';
import type { Draft } from '../../ports/draft.ts';
import { isName, type PortName, portName } from '../../ports/name.ts';
import { MOVE_RECEIVE, MOVE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';

/** A call that failed while something was destroyed. */
export interface Report {
  readonly kr: string;
  readonly name: number;
}

/** A descriptor of a received message, whether the kernel's or plain data. */
type Held =
  | { readonly kind: 'port'; readonly name: number; readonly type: number }
  | { readonly kind: 'ool'; readonly address: number; readonly size: number }
  | { readonly kind: 'ool_ports'; readonly names: readonly number[]; readonly type: number };

/** Gives up every right and all memory of a received message. */
export const destroyItems = (sys: Sys, items: readonly Held[]): Report[] => {
  const reports: Report[] = [];
  for (const item of items) {
    if (item.kind === 'port') release(sys, item.name, item.type, reports);
    else if (item.kind === 'ool_ports') for (const name of item.names) release(sys, name, item.type, reports);
    else if (item.size > 0) {
      const { kr } = sys.call({ op: 'vm_deallocate', address: item.address, size: item.size });
      if (kr !== 'KERN_SUCCESS') reports.push({ kr, name: item.address });
    }
  }
  return reports;
};

/** Gives up what a message that was not sent would have moved; what it would have copied or made was never taken. */
export const destroyDraft = (sys: Sys, draft: Draft): Report[] => {
  const reports: Report[] = [];
  release(sys, draft.remote, draft.remoteDisposition, reports);
  if (draft.local !== undefined) release(sys, draft.local, draft.localDisposition ?? 0, reports);
  for (const item of draft.descriptors ?? []) {
    if (item.kind === 'port') release(sys, item.name, item.disposition, reports);
    else if (item.kind === 'ool_ports') for (const name of item.names) release(sys, name, item.disposition, reports);
    else if (item.kind === 'ool' && item.deallocate === true)
      sys.call({ op: 'vm_deallocate', address: item.address, size: item.size });
  }
  return reports;
};

/** A received type is equal to the MOVE disposition of its right. */
const release = (sys: Sys, value: number, disposition: number, reports: Report[]): void => {
  const name = portName(value);
  if (!isName(name)) return;
  const kr = giveUp(sys, name, disposition);
  if (kr !== 'KERN_SUCCESS') reports.push({ kr, name });
};

const giveUp = (sys: Sys, name: PortName, disposition: number): string => {
  switch (disposition) {
    case MOVE_RECEIVE:
      return sys.call({ op: 'port_mod_refs', name, right: 'RECEIVE', delta: -1 }).kr;
    case MOVE_SEND:
    case MOVE_SEND_ONCE:
      return sys.call({ op: 'port_deallocate', name }).kr;
    default:
      return 'KERN_SUCCESS';
  }
};
