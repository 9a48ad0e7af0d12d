/** Before every test file: random tests begin with the same seed each time. `FC_SEED=n npm test` takes another. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['FC_SEED'] ?? 1) });
