/**
 * The kernels of a setting, the links between them and their common clock. All of it stands still unless the runner
 * lets it run, and then runs in a fixed order until nothing is left to do at this moment.
 */
import type { DraftItem } from '../../ports/draft.ts';
import { isName, MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Profile } from '../../ports/profile.ts';
import { COPY_SEND, MOVE_SEND } from '../../ports/right.ts';
import { memoryLinks } from '../../servers/net/memory-link.ts';
import { netService } from '../../servers/net/protocol.ts';
import type { Frame } from '../../servers/net/tables/frames.ts';
import type { Census } from './driver.ts';
import { Site } from './site.ts';

/** A case that is not at rest by then never will be. */
const ROUNDS_MAX = 200_000;
/** Number of the message that brings rights from one runner to another. */
const MAIL = 100;

/** A right of the runner's in one kernel. */
export interface HeldThere {
  readonly site: Site;
  readonly name: PortName;
}

type Onlooker = (from: Site, to: string, frame: Frame) => boolean;

/** See the head of this file. */
export class Fleet {
  readonly sites: Map<string, Site> = new Map();
  /** Whether kernels can be joined: a setting of one kernel stays without servers. */
  readonly isJoined: boolean;
  /** Look at what kernels say to each other. One that answers false makes it wait. */
  readonly onlookers: Set<Onlooker> = new Set();
  /** Is asked whenever something has run. */
  readonly watchers: Set<() => void> = new Set();
  readonly #baseline: Map<Site, Census> = new Map();
  readonly #links: Map<string, () => void> = new Map();
  readonly #cut: Set<string> = new Set();
  readonly #jobs: (() => void)[] = [];
  #now = 0;
  /** The dialect that its kernels speak. */
  readonly #profile: Profile;

  constructor(isJoined: boolean, profile: Profile) {
    this.isJoined = isJoined;
    this.#profile = profile;
  }

  get now(): number {
    return this.#now;
  }

  get living(): readonly Site[] {
    return [...this.sites.values()].filter(({ isUp }) => isUp);
  }

  /** The kernel of that name. It comes into being when it is first named. */
  site(name: string): Site {
    return this.sites.get(name) ?? this.#boot(name);
  }

  #boot(name: string): Site {
    const now = (): number => this.#now;
    const surroundings = {
      now,
      dial: (other: string) => this.#later(() => this.#connect(name, other)),
      guard: (to: string, frame: Frame | null) => this.#sees(name, to, frame),
    };
    const site = new Site(name, now, this.#profile, this.isJoined ? surroundings : null);
    this.sites.set(name, site);
    if (this.isJoined) site.publish((host) => this.nodeOf(site, host));
    if (this.isJoined) for (const other of this.living) this.join(site, other);
    site.stage.tasks(); // makes the servers' task ports, which belong to what a kernel has by itself
    this.#baseline.set(site, site.stage.census());
    return site;
  }

  /** What a host name means to the name server of a kernel. */
  nodeOf(site: Site, host: string): string | 'here' | null {
    if (host === site.name || host === '*') return 'here';
    return this.sites.has(host) ? host : null;
  }

  /** A site's name server may be started late: what it needs is no leak. */
  nameService(site: Site): PortName {
    const before = site.stage.census();
    site.startNames((host) => this.nodeOf(site, host));
    site.stage.tasks();
    const baseline = this.#baseline.get(site);
    if (baseline !== undefined) this.#baseline.set(site, sum(baseline, before, site.stage.census()));
    return site.nameService();
  }

  #sees(from: string, to: string, frame: Frame | null): boolean {
    const site = this.sites.get(from);
    if (site === undefined || frame === null) return true;
    let mayGo = true;
    for (const onlooker of this.onlookers) mayGo = onlooker(site, to, frame) && mayGo;
    return mayGo;
  }

  #later(job: () => void): void {
    this.#jobs.push(job);
  }

  /** Makes a link if one is wanted and there can be one. A kernel that is gone is proof of its death. */
  #connect(from: string, to: string): void {
    const [site, other] = [this.sites.get(from), this.sites.get(to)];
    if (site?.isUp !== true || this.#cut.has(pair(from, to))) return;
    const { driver } = site.equipment;
    if (!driver.isLiving(to) || driver.nodes().includes(to)) return;
    if (other?.isUp !== true) return driver.giveUp(to, 'it is gone', 'proof');
    const [left, right] = memoryLinks((job) => this.#later(job));
    this.#links.set(pair(from, to), () => left.close('cut'));
    driver.open(left, 'self', to);
    other.equipment.driver.open(right, 'peer');
  }

  /** Joins two kernels, if they are not. */
  join(from: Site, to: Site): void {
    if (from === to || from.equipment.driver.nodes().includes(to.name) || !to.isUp) return;
    this.#connect(from.name, to.name);
    this.rest();
  }

  /** Breaks the link between two kernels, and lets none be made until `heal`. */
  cut(from: string, to: string): void {
    this.#cut.add(pair(from, to));
    this.#links.get(pair(from, to))?.();
    this.#links.delete(pair(from, to));
    this.rest();
  }

  heal(from: string, to: string): void {
    this.#cut.delete(pair(from, to));
    this.#connect(from, to);
    this.rest();
  }

  /** What two kernels say to each other waits. */
  hold(from: string, to: string): void {
    this.site(from).equipment.valve.hold(to);
    this.site(to).equipment.valve.hold(from);
  }

  release(from: string, to: string, count?: number): void {
    this.site(from).equipment.valve.release(to, count);
    this.site(to).equipment.valve.release(from, count);
    this.rest();
  }

  /** A kernel is gone from one moment to the next. */
  crash(victim: Site): void {
    if (!victim.isUp) return;
    victim.isUp = false;
    for (const [key, close] of [...this.#links]) if (key.split('\n').includes(victim.name)) this.#drop(key, close);
    for (const { equipment } of this.living) equipment.valve.forget(victim.name);
  }

  /** A kernel leaves in good order; its tasks have been terminated. */
  retire(victim: Site): void {
    this.rest();
    victim.equipment.driver.leave();
    this.rest();
    this.crash(victim);
    this.rest();
  }

  #drop(key: string, close: () => void): void {
    this.#links.delete(key);
    close();
  }

  /** Lets everything run until nothing is left to do at this moment. */
  rest(): void {
    for (let rounds = 0; this.#round(); rounds += 1) {
      if (rounds > ROUNDS_MAX) throw new Error('the kernels do not come to rest');
    }
  }

  #round(): boolean {
    let didAnything = false;
    for (const site of this.living) {
      if (!site.turn()) continue;
      didAnything = true;
      for (const watcher of [...this.watchers]) watcher();
    }
    for (const job of this.#jobs.splice(0)) {
      didAnything = true;
      job();
    }
    return didAnything;
  }

  /** The next moment at which something is due, Infinity if nothing is. */
  get nextDeadline(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const site of this.living) {
      next = Math.min(next, site.kernel.timers.next, site.isAlone ? next : site.equipment.driver.nextDeadline());
    }
    return next;
  }

  /** Sets the clock, and does what the sessions owe by then. The kernels look at it when they run. */
  set now(time: number) {
    this.#now = time;
    for (const site of this.living) if (!site.isAlone) site.equipment.driver.tick(time);
  }

  /**
   * Takes a right of the runner's to another kernel, by a message to the runner there: `COPY_SEND` leaves one here.
   * Answers a right that is the caller's to give away.
   */
  bring({ site, name }: HeldThere, disposition: number, to: Site): PortName {
    const { sys } = site.stage.runner;
    if (!isName(name)) return name;
    if (site === to) {
      if (disposition === COPY_SEND) sys.call({ op: 'port_mod_refs', name, right: 'SEND', delta: 1 });
      return name;
    }
    this.join(site, to);
    const mailbox = this.#lookUp(site, to);
    const right: DraftItem = { kind: 'port', name, disposition };
    const kr = sys.send({ remote: mailbox, remoteDisposition: MOVE_SEND, id: MAIL, descriptors: [right] });
    if (kr !== 'MACH_MSG_SUCCESS') throw new Error(`no right can be taken from ${site.name} to ${to.name}: ${kr}`);
    this.rest();
    const [item] = to.stage.runner.sys.poll(to.mailbox)?.items ?? [];
    if (item?.kind !== 'port') throw new Error(`a right from ${site.name} did not arrive at ${to.name}`);
    return item.name;
  }

  #lookUp(site: Site, to: Site): PortName {
    const { sys } = site.stage.runner;
    const { reply } = site.stage;
    sys.send(netService.request(site.equipment.net, reply, 'look_up', { node: to.name, name: 'runner' }));
    this.rest();
    const [item] = sys.poll(reply)?.items ?? [];
    return item?.kind === 'port' ? item.name : MACH_PORT_NULL;
  }

  /** What there is beyond what each kernel has by itself. */
  census(): Census {
    let total: Census = { ports: 0, messages: 0, rights: 0, residentPages: 0 };
    for (const site of this.living) {
      const own = this.#baseline.get(site);
      if (own !== undefined) total = sum(total, own, site.stage.census());
    }
    return total;
  }
}

const pair = (a: string, b: string): string => (a < b ? `${a}\n${b}` : `${b}\n${a}`);

/** `total` and what has been added between two counts. */
const sum = (total: Census, before: Census, after: Census): Census => ({
  ports: total.ports + after.ports - before.ports,
  messages: total.messages + after.messages - before.messages,
  rights: total.rights + after.rights - before.rights,
  residentPages: total.residentPages + after.residentPages - before.residentPages,
});
