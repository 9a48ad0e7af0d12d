/** Puts a fault into the code as it is loaded, and runs the test that must notice. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { startVitest, type TestCase } from 'vitest/node';
import type { Fault } from './fault.ts';

/** What became of a planted fault: caught by the named test, missed by it, or no such test ran. */
export type Verdict = 'caught' | 'missed' | 'no such test';

/** The text of a file with the fault in it. Throws if its text does not stand there exactly once. */
export const planted = (fault: Fault, code: string): string => {
  const parts = code.split(fault.text);
  if (parts.length === 2) return parts.join(fault.planted);
  throw new Error(
    `fault "${fault.name}": its text stands ${parts.length - 1} times in ${fault.file}; it must stand there once. ` +
      'Adapt the fault in test/faults/faults.ts to the code as it is now',
  );
};

/** Reads the file of a fault and plants it, as a check that it can be planted. */
export const plantable = (root: string, fault: Fault): string =>
  planted(fault, readFileSync(path.join(root, fault.file), 'utf8'));

/** Runs the named test with the fault in the code. Takes as long as the test; writes nothing. */
export const runPlanted = async (root: string, fault: Fault): Promise<Verdict> => {
  plantable(root, fault);
  process.env['PLANTED_FAULT'] = fault.name;
  const target = path.join(root, fault.file);
  const name = fault.caughtBy.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const vitest = await startVitest(
    'test',
    [fault.caughtIn],
    { root, watch: false, reporters: [{}], testNamePattern: `^${name}$`, bail: 1, passWithNoTests: true },
    {
      plugins: [
        {
          name: 'planted-fault',
          enforce: 'pre',
          transform: (code: string, id: string) => (id.split('?')[0] === target ? planted(fault, code) : null),
        },
      ],
    },
  );
  const tests = vitest.state.getTestModules().flatMap((module) => [...module.children.allTests()]);
  const verdict = verdictOf(tests, fault);
  await vitest.close();
  process.exitCode = 0; // the failure was wanted
  return verdict;
};

const verdictOf = (tests: readonly TestCase[], fault: Fault): Verdict => {
  const named = tests.find((test) => test.fullName.replaceAll(' > ', ' ') === fault.caughtBy);
  if (named === undefined) return 'no such test';
  return named.result().state === 'failed' ? 'caught' : 'missed';
};
