import { type MoveStrategy, nextUnsent } from './strategy.ts';

/** Every page goes in the freeze: the longest freeze, and nothing afterwards. */
export const eagerAll: MoveStrategy = {
  name: 'eager-all',
  k: 0,
  push: 'off',
  hasPagers: false,
  nextInFreeze: nextUnsent,
};
