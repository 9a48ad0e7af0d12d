/**
 * Descriptors as data. What a sender writes may be anything, accessors and proxies too: every field is read once,
 * before any right is looked at, and what comes after works on copies.
 */
import type { Body } from './body.ts';
import type { Draft, DraftItem } from './draft.ts';
import type { MachMsgReturn } from './kern-return.ts';
import { DESCRIPTORS_MAX, OOL_PORTS_MAX } from './limits.ts';
import { MACH_PORT_NULL, type PortName } from './name.ts';

/** A draft whose descriptors have been read. */
export class ReadDraft implements Draft {
  readonly remote: PortName;
  readonly remoteDisposition: number;
  readonly local: PortName;
  readonly localDisposition: number;
  readonly id: number;
  readonly body: Body;
  readonly descriptors: readonly DraftItem[];

  constructor(draft: Draft, descriptors: readonly DraftItem[]) {
    this.remote = draft.remote;
    this.remoteDisposition = draft.remoteDisposition;
    const { local = MACH_PORT_NULL, localDisposition = 0 } = draft;
    this.local = local;
    this.localDisposition = localDisposition;
    this.id = draft.id;
    this.body = draft.body;
    this.descriptors = descriptors;
  }
}

/**
 * The draft with its descriptors read; the same object if it has none. MACH_SEND_INVALID_DATA if it cannot be read,
 * INVALID_TYPE or NO_BUFFER for descriptors that are none or too many. Takes nothing.
 */
export const readDraft = (draft: Draft): Draft | MachMsgReturn => {
  try {
    if (typeof draft !== 'object') return 'MACH_SEND_INVALID_DATA';
    const given: unknown = draft.descriptors;
    if (given === undefined || draft instanceof ReadDraft) return draft;
    const items = readItems(given);
    return typeof items === 'string' ? items : new ReadDraft(draft, items);
  } catch {
    return 'MACH_SEND_INVALID_DATA';
  }
};

const readItems = (given: unknown): DraftItem[] | MachMsgReturn => {
  if (!Array.isArray(given)) return 'MACH_SEND_INVALID_TYPE';
  const count = given.length;
  if (count > DESCRIPTORS_MAX) return 'MACH_SEND_NO_BUFFER';
  const items: DraftItem[] = [];
  let rights = 0;
  for (let i = 0; i < count; i += 1) {
    const item = readItem(given[i], OOL_PORTS_MAX - rights);
    if (typeof item === 'string') return item;
    if (item.kind === 'ool_ports') rights += item.names.length;
    items.push(item);
  }
  return items;
};

const isNumber = (value: unknown): value is number => typeof value === 'number';
const isOptional = (value: unknown, type: 'boolean' | 'number'): boolean =>
  value === undefined || typeof value === type;

const readItem = (given: unknown, rightsMax: number): DraftItem | MachMsgReturn => {
  if (typeof given !== 'object' || given === null) return 'MACH_SEND_INVALID_TYPE';
  const item = given as Record<string, unknown>;
  const kind = item['kind'];
  switch (kind) {
    case 'port': {
      const { name, disposition } = item;
      return isNumber(name) && isNumber(disposition)
        ? { kind, name: name as PortName, disposition }
        : 'MACH_SEND_INVALID_TYPE';
    }
    case 'ool': {
      const { address, size, deallocate, copy } = item;
      const isWhole = isNumber(size) && (size === 0 || (Number.isSafeInteger(size) && Number.isSafeInteger(address)));
      if (!isWhole || !isOptional(deallocate, 'boolean')) return 'MACH_SEND_INVALID_TYPE';
      const range = { kind, address: address as number, size, deallocate: deallocate === true } as const;
      return copy === undefined ? range : { ...range, copy: copy as 'virtual' };
    }
    case 'ool_ports':
      return readArray(item, rightsMax);
    case 'malformed': {
      const code = item['code'];
      return code === 'MACH_SEND_MSG_TOO_SMALL' ? { kind, code } : { kind, code: 'MACH_SEND_INVALID_TYPE' };
    }
    default:
      return 'MACH_SEND_INVALID_TYPE';
  }
};

const readArray = (item: Record<string, unknown>, rightsMax: number): DraftItem | MachMsgReturn => {
  const { names: given, disposition, address, deallocate } = item;
  const isWhole = isNumber(disposition) && isOptional(address, 'number') && isOptional(deallocate, 'boolean');
  if (!isWhole || !Array.isArray(given)) return 'MACH_SEND_INVALID_TYPE';
  const count = given.length;
  if (count > rightsMax) return 'MACH_SEND_NO_BUFFER';
  const names: PortName[] = [];
  for (let i = 0; i < count; i += 1) {
    const name: unknown = given[i];
    if (!isNumber(name)) return 'MACH_SEND_INVALID_TYPE';
    names.push(name as PortName);
  }
  const array = { kind: 'ool_ports', names, disposition, deallocate: deallocate === true } as const;
  return address === undefined ? array : { ...array, address: address as number };
};
