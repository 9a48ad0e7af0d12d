/** The kernel does what a naive model of Mach says, whatever is done to it; `MODEL_RUNS` sets how often each property is tried. */
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { MESSAGES_HISTORY, type Operation, RIGHTS_HISTORY, WHOLE_HISTORY } from './operations.ts';
import { Worlds } from './worlds.ts';

const numRuns = Number(process.env['MODEL_RUNS'] ?? 60);

const agree = (operations: readonly Operation[]): void => {
  const worlds = new Worlds();
  for (const operation of operations) worlds.do(operation);
  worlds.end();
};

describe('the kernel and a naive model of Mach', () => {
  it.each([
    ['rights and notifications', RIGHTS_HISTORY],
    ['messages, queues, sets and time', MESSAGES_HISTORY],
    ['tasks that come and go, memory and everything', WHOLE_HISTORY],
  ])(
    'agree about %s, and nothing is left over',
    (_, histories) => {
      fc.assert(fc.property(histories, agree), { numRuns });
    },
    600_000,
  );
});
