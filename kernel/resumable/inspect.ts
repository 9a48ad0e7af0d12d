/**
 * What a fiber at rest shows to whoever debugs: its logical stack, each call with the variables that are live in it.
 */
import type { HeldCall } from '../program.ts';
import type { Fiber } from './fiber.ts';
import { ENDED, type Frame } from './frame.ts';
import { framesOf, placeOf } from './trace.ts';

/** The calls of a fiber and of the fibers that wait for it, innermost first. */
export const heldCalls = (fiber: Fiber): HeldCall[] =>
  framesOf(fiber).flatMap((frame) => {
    const place = placeOf(frame);
    return place === null ? [] : [{ ...place, locals: localsOf(frame) }];
  });

/**
 * Variables by their source names. Those that closures share live in environment records, one slot for each scope;
 * temporaries of the compiler are left out.
 */
const localsOf = (frame: Frame): (readonly [string, unknown])[] => {
  const { $meta, $n } = frame;
  if ($meta === null || $n === ENDED) return [];
  const held = frame as unknown as Readonly<Record<string, unknown>>;
  return ($meta.live[$n] ?? []).flatMap((index): (readonly [string, unknown])[] => {
    const slot = $meta.slots[index];
    if (slot === undefined) return [];
    const value = held[slot];
    if (/^\$s\d/.test(slot)) return typeof value === 'object' && value !== null ? Object.entries(value) : [];
    const name = $meta.names?.[slot] ?? (slot === '$this' ? 'this' : slot);
    return name.startsWith('$') ? [] : [[name, value]];
  });
};
