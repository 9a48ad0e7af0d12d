/** Moves of tasks between the kernels of a setting, made by their migration servers. */
import type { Kernel } from '../../kernel/kernel.ts';
import type { PortName } from '../../ports/name.ts';
import type { MigrateRequest, MoveRecord } from '../../servers/migration/protocol.ts';
import { MOVE_PREPARED, migrationService } from '../../servers/migration/protocol.ts';
import type { Frame } from '../../servers/net/tables/frames.ts';
import { type Answer, type Args, Unsupported } from './driver.ts';
import type { Fleet } from './fleet.ts';
import { puppet } from './puppet.ts';
import type { Site } from './site.ts';

/** Virtual milliseconds after which a move that nobody has answered for is given up. */
const PATIENCE_MS = 60_000;

type Manner = Pick<MigrateRequest, 'strategy' | 'k' | 'push'>;

/** The words of FORMAT.md for how memory follows, as this system has them. */
const STRATEGIES: ReadonlyMap<string, Manner> = new Map<string, Manner>([
  ['eager-all', { strategy: 'eager-all' }],
  ['copy-on-reference', { strategy: 'copy-on-reference' }],
  ['post-copy+push', { strategy: 'copy-on-reference', push: 'idle' }],
  ['cor', { strategy: 'copy-on-reference', k: 0, push: 'off' }],
]);

/** The strategies that tasks can be moved by. */
export const strategies: readonly string[] = [...STRATEGIES.keys()];

/** A task on its way, from the request to the answer. */
interface Journey {
  readonly from: Site;
  /** Where the runner hears of its end. */
  readonly port: PortName;
  /** Takes back what the move was watched or held up by. */
  readonly clear: () => void;
  /** When its delay is over; Infinity without one. */
  until: number;
}

/** Where tasks are by what their kernels know of them, and how they get to others. */
export class Journeys {
  readonly #fleet: Fleet;
  readonly #strategy: string | undefined;
  readonly #underWay: Map<string, Journey> = new Map();

  constructor(fleet: Fleet, strategy: string | undefined) {
    this.#fleet = fleet;
    this.#strategy = strategy;
  }

  /** Every place where a task could run. */
  placesOf(identity: string): readonly Site[] {
    return this.#fleet.living.filter(({ kernel }) =>
      [...kernel.tasks].some((task) => task.isAlive && !task.isFrozen && task.space.identity.token === identity),
    );
  }

  /** Moves a task, and answers when it runs at `to`, or still where it was. */
  relocate(identity: string, from: Site, args: Args): Answer {
    const to = this.#fleet.site(String(args['to']));
    if (from === to) return { kr: 'KERN_SUCCESS', frozenBytes: 0 };
    this.#fleet.join(from, to);
    const clear = this.#complicate(identity, from, to, args);
    const port = this.#ask(from, { task: identity, node: to.name, ...this.#manner(args['strategy']) });
    const until = this.#fleet.now + Number(args['duration'] ?? Number.POSITIVE_INFINITY);
    this.#underWay.set(identity, { from, port, clear, until });
    this.#fleet.rest();
    return args['begin'] === true ? { kr: 'KERN_SUCCESS' } : this.await(identity);
  }

  #manner(wanted: unknown): Manner {
    const name = wanted === undefined ? this.#strategy : String(wanted);
    if (name === undefined) return {};
    const manner = STRATEGIES.get(name);
    if (manner === undefined) throw new Unsupported(`relocate ${name}`);
    return manner;
  }

  #ask({ stage, equipment }: Site, request: MigrateRequest): PortName {
    const port = stage.runner.allocate();
    stage.runner.sys.send(migrationService.request(equipment.migrate, port, 'migrate', request));
    return port;
  }

  /** The end of a move that has begun. */
  await(identity: string): Answer {
    const journey = this.#underWay.get(identity);
    if (journey === undefined) throw new Error('the task is not on its way');
    journey.clear();
    this.#fleet.rest();
    const record = this.#answer(journey);
    this.#underWay.delete(identity);
    if (record === null) return { kr: 'KERN_FAILURE', why: 'the migration server does not answer' };
    const { outcome, why, bytesInFreeze } = record;
    return outcome === 'moved' ? { kr: 'KERN_SUCCESS', frozenBytes: bytesInFreeze } : { kr: 'KERN_FAILURE', why };
  }

  #answer({ from: { stage }, port }: Journey): MoveRecord | null {
    const until = this.#fleet.now + PATIENCE_MS;
    let message = stage.runner.sys.poll(port);
    while (message === null && this.#fleet.nextDeadline <= until) {
      this.#fleet.now = Math.max(this.#fleet.now, this.#fleet.nextDeadline);
      this.#fleet.rest();
      message = stage.runner.sys.poll(port);
    }
    stage.runner.sys.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
    const reply = message === null ? null : migrationService.reply('migrate', message);
    return reply !== null && 'value' in reply ? (reply.value as { readonly record: MoveRecord | null }).record : null;
  }

  /** The next moment at which a move that is held up may go on. */
  get nextDeadline(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...[...this.#underWay.values()].map(({ until }) => until));
  }

  /** Lets moves go on whose time of being held up is over. */
  pass(): void {
    for (const journey of this.#underWay.values()) {
      if (journey.until > this.#fleet.now) continue;
      journey.until = Number.POSITIVE_INFINITY;
      journey.clear();
    }
  }

  /** What is to go wrong with a move, or to hold it up. Answers how to put an end to that. */
  #complicate(identity: string, from: Site, to: Site, { begin, failAt, fault }: Args): () => void {
    if (begin === true) return this.#holdUp(from, to);
    if (failAt === undefined) return () => undefined;
    switch (fault) {
      case 'crash':
        return this.#crashAt(from, to, Number(failAt));
      case 'refuse':
        return this.#refuseAt(identity, to, Number(failAt), lackProgram(to.kernel));
      case 'no_space':
        return this.#refuseAt(identity, to, Number(failAt), lackRoom(to.kernel));
      default:
        throw new Unsupported(`relocate fault ${String(fault)}`);
    }
  }

  /** The word that the target is ready waits: the task is frozen and complete, and nothing is decided. */
  #holdUp(from: Site, to: Site): () => void {
    const isReady = (site: Site, peer: string, frame: Frame): boolean =>
      site !== to || peer !== from.name || frame.kind !== 'msg' || frame.message.id !== MOVE_PREPARED;
    this.#fleet.onlookers.add(isReady);
    return () => {
      this.#fleet.onlookers.delete(isReady);
      if (to.isUp) to.equipment.valve.release(from.name);
    };
  }

  /** The target crashes in place of hearing the n-th thing that its source says to it. */
  #crashAt(from: Site, to: Site, n: number): () => void {
    let heard = 0;
    const listen = (site: Site, peer: string): boolean => {
      if (site !== from || peer !== to.name || !to.isUp) return true;
      heard += 1;
      if (heard === n) this.#fleet.crash(to);
      return true;
    };
    this.#fleet.onlookers.add(listen);
    return () => this.#fleet.onlookers.delete(listen);
  }

  /**
   * The target says no at the n-th of the places where its answer is asked for: the offer, and the image. What it needs
   * to say yes is taken from it there.
   */
  #refuseAt(identity: string, to: Site, n: number, lack: Lack): () => void {
    const isAsked = (): boolean =>
      n === 1 || (n === 2 && [...to.equipment.migration.arrivals.values()].some(({ hasLanded }) => !hasLanded));
    const watch = (): void => {
      if (isAsked() && this.placesOf(identity).every((site) => site !== to)) lack.take();
    };
    watch();
    this.#fleet.watchers.add(watch);
    return () => {
      this.#fleet.watchers.delete(watch);
      lack.giveBack();
    };
  }
}

/** Something that a kernel needs to take a task. */
interface Lack {
  take(): void;
  giveBack(): void;
}

const lackProgram = ({ programs }: Kernel): Lack => ({
  take: () => programs.delete(puppet.name),
  giveBack: () => programs.set(puppet.name, puppet),
});

const lackRoom = ({ pool }: Kernel): Lack => {
  const { limit } = pool;
  return {
    take: () => {
      pool.limit = 0;
    },
    giveBack: () => {
      pool.limit = limit;
    },
  };
};
