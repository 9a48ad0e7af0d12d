import type { MoveStrategy } from './strategy.ts';

/** No page goes in the freeze: each comes when it is touched, `k` with it, and the rest is pushed. */
export const copyOnReference: MoveStrategy = {
  name: 'copy-on-reference',
  k: 3,
  push: 'idle',
  hasPagers: true,
  nextInFreeze: null,
};
