/**
 * A rehearsal of moves. The first moves of a process cost several times what later ones do, since their code has not
 * been compiled yet, and a task stands still meanwhile. So a node that has nothing to do moves a small task between
 * two kernels of its own, by the servers that all nodes have, over a link in memory; then both are gone.
 */
import { HostTask } from '../../kernel/host-task.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program } from '../../kernel/program.ts';
import type { PortName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';
import { migrationCourier } from '../migration/courier.ts';
import { migrationService } from '../migration/protocol.ts';
import { migrationServer, migrationState } from '../migration/server.ts';
import { NetDriver } from '../net/driver.ts';
import { memoryLinks } from '../net/memory-link.ts';
import { netService } from '../net/protocol.ts';
import { monotonicClock } from '../node/clock.ts';
import { noJournal } from '../node/journal.ts';
import { ask, letGo, valueOf } from './agent.ts';
import { type Carrying, Composition } from './composition.ts';

/** How long a rehearsal may be. Its pumps give way every 2 ms, as those of all kernels. */
export interface RehearsalLimits {
  readonly movesMax: number;
  /** No move begins later than that after the first. */
  readonly ms: number;
}

/** Half of what there is to gain is gained by so many. */
const LIMITS: RehearsalLimits = { movesMax: 10, ms: 1000 };
const TICK_MS = 25;
const ASK_MS = 5000;
const PAGE = 4096;
const PAGES = 8;

interface State {
  at: string;
  inbox: PortName;
}

/** It has memory, a port and a wait, as tasks have. */
const actor: Program = machine<State>({
  name: 'actor',
  start: () => ({ at: 'begin', inbox: 0 as PortName }),
  handlers: {
    begin(sys, s) {
      const address = sys.call({ op: 'vm_allocate', size: PAGES * PAGE, anywhere: true })['address'] as number;
      for (let page = 0; page < PAGES; page += 1) sys.vm.setU32(address + page * PAGE, page + 1);
      s.inbox = sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;
      s.at = 'wait';
      sys.receive(s.inbox, { timeoutMs: ASK_MS });
    },
    wait: (sys, s) => sys.receive(s.inbox, { timeoutMs: ASK_MS }),
  },
});

class MemoryNet implements Carrying {
  readonly driver: NetDriver;
  readonly #ticking: NodeJS.Timeout;

  constructor(node: string, ring: () => void) {
    const now = (): number => monotonicClock.now();
    this.driver = new NetDriver({ self: { node, incarnation: node }, now, ring, dial: () => undefined });
    this.#ticking = setInterval(() => this.driver.tick(now()), TICK_MS).unref();
  }

  close(): Promise<void> {
    clearInterval(this.#ticking);
    this.driver.leave();
    return Promise.resolve();
  }
}

interface Stage {
  readonly name: string;
  readonly parts: Composition<MemoryNet>;
  readonly agent: HostTask;
}

const newStage = (name: string): Stage => {
  const parts = new Composition(name, (ring) => new MemoryNet(name, ring));
  return { name, parts, agent: new HostTask(parts.kernel, 'prompter') };
};

/** Brings up a migration server. */
const furnish = async ({ name, parts, agent }: Stage): Promise<void> => {
  parts.kernel.programs.set(actor.name, actor);
  const task = parts.task('migration', 'it moves the others');
  task.isUrgent = true;
  const service = parts.receive(task);
  let moves = 0;
  const newId = (): string => `${name}-${(moves += 1)}`;
  const rights = { host: parts.grantHost(task), net: parts.grantNet(task), service };
  const state = migrationState({ node: name, ...rights, journal: noJournal(), newId });
  parts.start(task, migrationServer, state);
  parts.start(task, migrationCourier, state);
  const right = parts.grant(task, service, agent.task);
  const descriptors = [{ kind: 'port', name: right, disposition: COPY_SEND } as const];
  const server = parts.grantNet(agent.task);
  const question = { service: netService, server, routine: 'check_in', args: { name: 'migration' } } as const;
  valueOf((await ask(agent, question, { timeoutMs: ASK_MS, descriptors })).reply, name);
};

/** Moves the actor from one stage to the other, and waits until nothing is left of it. */
const move = async ({ name, parts, agent }: Stage, to: string, signal: AbortSignal): Promise<boolean> => {
  const wait = { timeoutMs: ASK_MS, signal };
  const net = parts.grantNet(agent.task);
  const where = {
    service: netService,
    server: net,
    routine: 'look_up',
    args: { node: name, name: 'migration' },
  } as const;
  const [server] = (await ask(agent, where, wait)).rights;
  if (server === undefined) return false;
  const about = { service: migrationService, server } as const;
  const args = { task: actor.name, node: to };
  const { record } = valueOf((await ask(agent, { ...about, routine: 'migrate', args }, wait)).reply, name);
  await ask(agent, { ...about, routine: 'drain', args: null }, wait);
  letGo(agent, server);
  return record?.outcome === 'moved';
};

/** Rehearses, and answers how many moves were made: fewer if the time is up, or the signal fires. */
export const rehearse = async (signal: AbortSignal, { movesMax, ms }: RehearsalLimits = LIMITS): Promise<number> => {
  const stages = [newStage('left'), newStage('right')] as const;
  try {
    const [left, right] = memoryLinks((job) => void setImmediate(job));
    stages[0].parts.net.driver.open(left, 'self', stages[1].name);
    stages[1].parts.net.driver.open(right, 'peer');
    for (const stage of stages) await furnish(stage);
    const task = stages[0].parts.task(actor.name, '');
    task.pinned = null;
    stages[0].parts.start(task, actor, undefined);
    const end = monotonicClock.now() + ms;
    let moves = 0;
    while (moves < movesMax && monotonicClock.now() < end && !signal.aborted) {
      const [from, to] = moves % 2 === 0 ? stages : [stages[1], stages[0]];
      if (!(await move(from, to.name, signal))) break;
      moves += 1;
    }
    return moves;
  } finally {
    for (const { parts } of stages) await parts.close();
  }
};
