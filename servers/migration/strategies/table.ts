/** The strategies: whoever asks for a move can name these. The first is meant where none is named. */
import { copyOnReference } from './copy-on-reference.ts';
import { eagerAll } from './eager-all.ts';
import type { MoveStrategy } from './strategy.ts';

/** See the head of this file. */
export const STRATEGIES: readonly MoveStrategy[] = [copyOnReference, eagerAll];

/** The strategy of that name; undefined if there is none. */
export const strategyNamed = (name: string): MoveStrategy | undefined => STRATEGIES.find((each) => each.name === name);
