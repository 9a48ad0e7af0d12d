/** `try { return await call } finally { await last }`, as a frame. */
import { type Awaitable, ENDED, Frame, MODE_NEXT, type Mode } from '../frame.ts';
import { handWritten } from './builtin.ts';

/** Awaits `call`, then `last` whatever came of it. Its value, or what it throws, is that of `call`, unless `last` throws. */
export class Ensuring extends Frame {
  call: unknown = undefined;
  last: Awaitable | undefined = undefined;
  isThrown = false;
  outcome: unknown = undefined;

  override $step(mode: Mode, value: unknown): unknown {
    if (this.$n === 0) {
      this.$n = 1;
      return this.call;
    }
    if (this.$n === 1) {
      this.call = undefined;
      this.isThrown = mode !== MODE_NEXT;
      this.outcome = value;
      this.$n = 2;
      return this.last;
    }
    this.$n = ENDED;
    if (mode !== MODE_NEXT) throw value;
    if (this.isThrown) throw this.outcome;
    return this.outcome;
  }
}

handWritten(19, Ensuring, { name: 'finally', slots: ['call', 'last', 'isThrown', 'outcome'], states: 3 });

/** See `Ensuring`. Neither has begun. */
export const ensuring = (call: unknown, last: Awaitable): Ensuring => {
  const frame = new Ensuring();
  frame.call = call;
  frame.last = last;
  return frame;
};
