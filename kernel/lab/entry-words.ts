/** An entry of a space in words and as data. */
import type { Entry } from '../../ports/port.ts';
import { DEAD_NAME, PORT_SET, RECEIVE, type RightKind, SEND, SEND_ONCE } from '../../ports/right.ts';

const KINDS: readonly (readonly [number, RightKind])[] = [
  [RECEIVE, 'RECEIVE'],
  [SEND, 'SEND'],
  [SEND_ONCE, 'SEND_ONCE'],
  [PORT_SET, 'PORT_SET'],
  [DEAD_NAME, 'DEAD_NAME'],
];

/** The kinds of right in a type. */
export const kindsOf = (type: number): RightKind[] =>
  KINDS.filter(([bit]) => (type & bit) !== 0).map(([, kind]) => kind);

/** `RECEIVE`, `SEND`, `SEND and RECEIVE`; `nothing` for a freed entry. */
export const typeText = (type: number): string => (type === 0 ? 'nothing' : kindsOf(type).join(' and '));

/** `SEND ×2`, `RECEIVE and SEND ×1`: references where they count. */
export const rightText = ({ type, urefs }: Pick<Entry, 'type' | 'urefs'>): string => {
  const counts = (type & (SEND | DEAD_NAME)) !== 0;
  return counts ? `${typeText(type)} ×${urefs}` : typeText(type);
};
