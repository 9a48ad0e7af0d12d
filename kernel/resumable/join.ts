/** `Promise.all` and its kin, as the compiler writes them. Items begin in order, each up to its first kernel call. */
import { completeJoin, Future, type JoinKind, Join as JoinRecord, JoinSlot, settleSlot } from './fiber.ts';
import { MODE_NEXT, MODE_THROW } from './frame.ts';
import { isUnstarted, settledFuture, start, startFor } from './future.ts';

const join = (kind: JoinKind, items: Iterable<unknown>): JoinRecord => {
  const made = new JoinRecord(kind);
  const all = [...items];
  made.left = all.length;
  if (kind !== 'race') for (let i = 0; i < all.length; i += 1) made.outcomes.push(undefined);
  for (const [index, item] of all.entries()) include(new JoinSlot(made, index), item);
  completeJoin(made);
  return made;
};

const include = (slot: JoinSlot, item: unknown): void => {
  if (isUnstarted(item)) startFor(item, slot);
  else if (!(item instanceof Future)) settleSlot(slot, MODE_NEXT, item);
  else if (item.waiting !== null) item.waiting.push(slot);
  else {
    item.isHeard = true;
    settleSlot(slot, item.settled === 2 ? MODE_THROW : MODE_NEXT, item.value);
  }
};

/** What compiled code calls in place of `Promise`. Each answers a future. */
export interface Joins {
  all(items: Iterable<unknown>): Future;
  allSettled(items: Iterable<unknown>): Future;
  /** The losers run on. */
  race(items: Iterable<unknown>): Future;
  any(items: Iterable<unknown>): Future;
  resolve(value?: unknown): Future;
  reject(reason?: unknown): Future;
}

/** (Compiled code) See `Joins`. */
export const Join: Joins = Object.freeze({
  all: (items: Iterable<unknown>) => join('all', items),
  allSettled: (items: Iterable<unknown>) => join('allSettled', items),
  race: (items: Iterable<unknown>) => join('race', items),
  any: (items: Iterable<unknown>) => join('any', items),
  resolve: (value?: unknown) => {
    const started = start(value);
    return started instanceof Future ? started : settledFuture(false, value);
  },
  reject: (reason?: unknown) => settledFuture(true, reason),
});
