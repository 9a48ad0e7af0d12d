import type { OperatorCode } from '../node/operator-error.ts';

/**
 * What the process answers: 0 done, 1 failed, 2 not understood, 3 not found, 4 not known, 5 called off and as before,
 * 130 stopped.
 */
export const EXIT_CODES: Readonly<Record<OperatorCode, number>> = {
  E_USAGE: 2,
  E_AMBIGUOUS: 2,
  E_NO_KERNEL: 3,
  E_NO_SUCH_NODE: 3,
  E_NO_SUCH_TASK: 3,
  E_NO_INPUT: 3,
  E_TIMEOUT: 4,
  E_MIGRATION_ABORTED: 5,
  E_ADDRESS_IN_USE: 1,
  E_NOT_A_PROGRAM: 1,
  E_FROZEN: 1,
  E_NOT_MIGRATABLE: 1,
  E_VERSION: 1,
  E_STORE: 1,
  E_WIRE: 1,
  E_FAILED: 1,
  E_INTERRUPTED: 130,
};
