import type { Body } from './body.ts';
import type { PortName } from './name.ts';

/** What a sender writes into a message: names of its own space, and what becomes of the rights they denote. */
export type DraftItem =
  | { readonly kind: 'port'; readonly name: PortName; readonly disposition: number }
  | {
      readonly kind: 'ool';
      readonly address: number;
      readonly size: number;
      readonly deallocate?: boolean;
      readonly copy?: 'virtual' | 'physical';
    }
  | {
      readonly kind: 'ool_ports';
      readonly names: readonly PortName[];
      readonly disposition: number;
      readonly address?: number;
      readonly deallocate?: boolean;
    }
  /**
   * An item of typed data that is none (`wire/typed.ts`): found in its turn, when the header and the items before it
   * have been taken, which are destroyed. A wrong descriptor is refused before anything is taken (D16).
   */
  | { readonly kind: 'malformed'; readonly code: 'MACH_SEND_INVALID_TYPE' | 'MACH_SEND_MSG_TOO_SMALL' };

/** A message as its sender writes it. The body freezes when it is sent; everything else may be used again. */
export interface Draft {
  readonly remote: PortName;
  readonly remoteDisposition: number;
  readonly local?: PortName;
  readonly localDisposition?: number;
  readonly id: number;
  readonly body?: Body;
  readonly descriptors?: readonly DraftItem[];
}
