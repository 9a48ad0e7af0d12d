/** Plays a shape to its end and says how it ended: the same code for the native run and the compiled one. */
import type { Probe, Shape, ShapeArgs } from './probe.ts';
import { write } from './values.program.ts';

/** A probe that can be told the end. */
export interface Stage extends Probe {
  done(outcome: string): Promise<void>;
}

/** What every shape is given. */
export const ARGS: ShapeArgs = Object.freeze({ n: 3, list: Object.freeze([5, 6, 7]), text: 'word' });

/** Plays one shape. */
export async function play(stage: Stage, shape: Shape): Promise<void> {
  let outcome: string;
  try {
    outcome = write(['ok', await shape(stage, ARGS)]);
  } catch (error) {
    outcome = write(['error', error]);
  }
  await stage.done(outcome);
}
