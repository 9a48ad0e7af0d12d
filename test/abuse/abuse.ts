/** One run of abuse: vandals and honest tasks in one kernel, looked at all along. The same seed is the same run. */
import { createThread, terminateTask } from '../../kernel/lives.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { portName } from '../../ports/name.ts';
import { COPY_SEND, MAKE_SEND } from '../../ports/right.ts';
import { type Actor, portAt, Troupe } from '../model/actors.ts';
import { leftOver } from '../model/count.ts';
import { violations } from './census.ts';
import { type ClientState, client, server } from './honest.ts';
import { vandals } from './vandal.ts';

const VANDALS = 5;
const CLIENTS = 2;
/** Parked calls between two looks at the kernel. */
const ROUND = 40;
const HISTORY = 60;
/** The name of the server's port, wherever it is known. */
const SERVER = portName(0x3001);

/** What a run came to. */
export interface Run {
  readonly seed: number;
  readonly rounds: number;
  readonly traps: number;
  /** Questions of honest clients that were answered. */
  readonly answers: number;
  /** What did not hold; null if everything did. */
  readonly broken: string | null;
  /** What the vandals did last. */
  readonly history: readonly string[];
}

/** The scene of a run. */
class Scene {
  readonly troupe: Troupe = new Troupe(VANDALS);
  readonly history: string[] = [];
  readonly clients: ClientState[] = [];
  readonly #victims: Actor[] = [];
  traps = 0;

  constructor(seed: number) {
    const { kernel } = this.troupe;
    const first = this.troupe.actors[0] as Actor;
    const [serverPort, serverTask] = this.#victim(first);
    serverTask.call({ op: 'port_allocate_name', right: 'RECEIVE', name: SERVER });
    const { name } = first.call({ op: 'port_extract_right', name: SERVER, disposition: MAKE_SEND }, serverPort);
    const right = { name: portName(name as number), disposition: COPY_SEND };
    const give = (to: number): unknown => first.call({ op: 'port_insert_right', name: SERVER, right }, to);
    for (let i = 1; i < VANDALS; i += 1) give(portAt(i));
    // From the first of these on the kernel is never at rest.
    const waiting = [() => createThread(serverTask.task, server, server.start(SERVER))];
    for (let i = 0; i < CLIENTS; i += 1) {
      const [port, { task }] = this.#victim(first);
      give(port);
      first.call({ op: 'port_destroy', name: portName(port) });
      const state = client.start(SERVER) as ClientState;
      this.clients.push(state);
      waiting.push(() => createThread(task, client, state));
    }
    first.call({ op: 'port_destroy', name: portName(serverPort) });
    const program = vandals(seed, (who, what) => {
      this.traps += 1;
      this.history.push(`${who} ${what}`);
      if (this.history.length > HISTORY) this.history.shift();
    });
    kernel.programs.set(program.name, program);
    for (const begin of waiting) begin();
    for (const { task } of this.troupe.actors.slice(0, VANDALS)) createThread(task, program, program.start(null));
  }

  /** A task that no vandal has a right to, once its creator has given up its own. */
  #victim(parent: Actor): [number, Actor] {
    const port = this.troupe.spawn(parent);
    const actor = this.troupe.actors.at(-1) as Actor;
    this.#victims.push(actor);
    return [port, actor];
  }

  /** What does not hold now. */
  broken(): string | null {
    const wrong = this.clients.find((each) => each.wrong !== null)?.wrong;
    if (wrong != null) return `an honest client got ${wrong}`;
    if (this.#victims.some(({ task }) => !task.isAlive)) return 'an honest task has died';
    return violations(this.troupe.kernel)[0] ?? null;
  }

  get vandals(): number {
    return this.troupe.actors.slice(0, VANDALS).filter(({ task }) => task.isAlive).length;
  }

  /** Everything ends; what is left over. */
  end(): string | null {
    const { kernel } = this.troupe;
    for (const task of [...kernel.tasks]) terminateTask(task);
    this.troupe.advance(1000);
    const left = JSON.stringify(leftOver(kernel));
    return left === NOTHING ? null : `left over: ${left}`;
  }
}

const NOTHING = JSON.stringify({ tasks: 0, ports: 0, messages: 0, pages: 0, timers: 'none' });

/** Runs at most so many rounds of a seed; ends early with what is broken, or when no vandal is left. */
export const abuse = (seed: number, rounds: number): Run => {
  const scene = new Scene(seed);
  let round = 0;
  let broken: string | null = null;
  try {
    for (; round < rounds && broken === null && scene.vandals > 0; round += 1) {
      runKernel(scene.troupe.kernel, ROUND);
      scene.troupe.pass(1);
      broken = scene.broken();
    }
    const answers = scene.clients.map(({ n }) => n);
    if (round > 20 && Math.min(...answers) === 0) broken ??= `an honest client waits: ${answers} answers`;
    broken ??= scene.end();
  } catch (thrown) {
    broken = `thrown: ${thrown instanceof Error ? thrown.stack : String(thrown)}`;
  }
  const answers = scene.clients.reduce((sum, { n }) => sum + n, 0);
  return { seed, rounds: round, traps: scene.traps, answers, broken, history: scene.history };
};

/** The same, made as short as it can be: the first round in which it is broken. */
export const shortest = (found: Run): Run => {
  for (let rounds = 1; rounds < found.rounds; rounds += Math.max(1, Math.floor(found.rounds / 50))) {
    const shorter = abuse(found.seed, rounds);
    if (shorter.broken !== null) return shorter;
  }
  return found;
};
