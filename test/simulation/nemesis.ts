/** Who sees to it that things go wrong, as long as they may. */
import type { Network } from './network.ts';
import type { SimNode } from './node.ts';
import type { SeededRandom } from './random.ts';
import type { Timeline } from './timeline.ts';

/** What the nemesis works on. */
export interface Prey {
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  readonly network: Network;
}

/** Plans faults of connections until `untilMs`: cuts, and times in which everything is slow. */
export const planFaults = (prey: Prey, untilMs: number): void => {
  const { random, timeline, network } = prey;
  timeline.after(random.between(5, 900), 'a fault', () => {
    if (timeline.now >= untilMs) return;
    planFaults(prey, untilMs);
    if (random.chance(0.75)) network.cut();
    else network.stall();
  });
};

/**
 * Swizzle-clogging: now and then some nodes, one after the other, get nothing through, and some time later they are let
 * go in another order. All have been let go at `untilMs`.
 */
export const planClogs = (prey: Prey, untilMs: number): void => {
  const { random, timeline, network } = prey;
  timeline.after(random.between(400, 2500), 'a clog', () => {
    const left = untilMs - timeline.now;
    if (left < 100) return;
    planClogs(prey, untilMs);
    const longest = Math.min(left, 1500);
    for (const name of network.nodes.keys()) {
      if (!random.chance(0.6)) continue;
      const from = random.between(0, longest / 3);
      timeline.after(from, `${name} is clogged`, () => network.clog(name));
      timeline.after(random.between(from + 1, longest), `${name} is let go`, () => network.unclog(name));
    }
  });
};

/** Plans the crash of one node, in three of ten cases. `before` hears of it in time. */
export const planCrash = (prey: Prey, untilMs: number, before: (victim: SimNode) => void): void => {
  const { random, timeline, network } = prey;
  if (!random.chance(0.3)) return;
  timeline.after(random.between(500, untilMs), 'a crash', () => {
    const victim = network.node(random.pick([...network.nodes.keys()]));
    before(victim);
    network.crash(victim);
  });
};
