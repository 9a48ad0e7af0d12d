/**
 * The module that the facade's own frames and functions belong to. Every runtime of this version has it, so its hash
 * is no digest: it names the version, and changes with the frames.
 */
import type { Frame } from '../frame.ts';
import { ABI, type Module, module } from '../module.ts';

/** See the head of this file. */
export const builtin: Module = module({
  abi: ABI,
  id: 'portolan/resumable',
  hash: 'portolan/resumable-2'.padEnd(64, '0'),
  file: 'portolan/resumable',
});

/** A frame that is written by hand: all of its slots are live in all of its states. */
export interface HandWritten {
  readonly name: string;
  readonly slots: readonly string[];
  readonly states: number;
}

/** Makes a class of frames known under a number, which must not change while `builtin.hash` does not. */
export const handWritten = (number: number, make: new () => Frame, { name, slots, states }: HandWritten): void => {
  const all = slots.map((_, index) => index);
  builtin.frame(number, make, {
    name,
    kind: 'async',
    line: 1,
    column: 1,
    slots,
    live: Array.from({ length: states }, () => all),
    places: Array.from({ length: states }, (): [number, number] => [1, 1]),
  });
};
