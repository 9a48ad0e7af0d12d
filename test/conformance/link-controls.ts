/** What the setting does to links and kernels, and what it asks their netmsgs. */
import type { Frame } from '../../servers/net/tables/frames.ts';
import { type Answer, type Args, Unsupported } from './driver.ts';
import type { Fleet } from './fleet.ts';
import type { Site } from './site.ts';

const DONE: Answer = { kr: 'KERN_SUCCESS' };

/** See the head of this file. */
export class LinkControls {
  readonly #fleet: Fleet;
  /** How often each message has been put on a link. */
  readonly #sightings: Map<string, number> = new Map();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    if (fleet.isJoined) fleet.onlookers.add((_, __, frame) => this.#note(frame));
  }

  #note(frame: Frame): true {
    if (frame.kind !== 'msg') return true;
    const key = `${frame.port} ${frame.origin} ${frame.chan} ${frame.seq}`;
    this.#sightings.set(key, (this.#sightings.get(key) ?? 0) + 1);
    return true;
  }

  /** A call of the setting. */
  control(call: string, args: Args): Answer {
    if (!this.#fleet.isJoined) throw new Unsupported(call);
    const [from = '', to = ''] = (args['between'] ?? []) as readonly string[];
    switch (call) {
      case 'kernels':
        for (const kernel of Object.values(args)) this.#fleet.site(String(kernel));
        return DONE;
      case 'crash':
        this.#fleet.crash(this.#fleet.site(String(args['kernel'])));
        return DONE;
      case 'cut':
      case 'heal':
      case 'hold':
        this.#fleet[call](from, to);
        return DONE;
      case 'release':
        this.#fleet.release(from, to, args['count'] === undefined ? undefined : Number(args['count']));
        return DONE;
      case 'net_census':
        return this.#census(this.#fleet.site(String(args['kernel'])));
      case 'net_hops':
        return this.#hops();
      default:
        throw new Unsupported(call);
    }
  }

  #census(site: Site): Answer {
    const { proxies, forwards, callbacks } = site.netCensus();
    const moves = this.#fleet.living.flatMap(({ equipment }) => equipment.migration.moves);
    const pagesPulled = moves
      .filter(({ state }) => state.node === site.name)
      .reduce((sum, { pagesOnDemand }) => sum + pagesOnDemand, 0);
    return { ...DONE, proxies, forwards, callbacks, pagesPulled };
  }

  /** A message that needs no forward is seen once. */
  #hops(): Answer {
    const max = Math.max(1, ...this.#sightings.values()) - 1;
    this.#sightings.clear();
    return { ...DONE, max };
  }
}
