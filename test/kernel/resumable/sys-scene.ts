/**
 * Programs from their sources on two nodes with all that a node has for them: names, migration, a mover. What a
 * program logs is compared between a run in which it stays and one in which it is moved at every wait.
 */
import * as valibot from 'valibot';
import type { Task } from '../../../kernel/kernel.ts';
import { createTask, createThread } from '../../../kernel/lives.ts';
import type { Program } from '../../../kernel/program.ts';
import { programOf, type ResumableMain } from '../../../kernel/resumable/program.ts';
import type { PortName } from '../../../ports/name.ts';
import { carry } from '../../../ports/name-calls.ts';
import { COPY_SEND, MAKE_SEND } from '../../../ports/right.ts';
import { compile } from '../../../servers/compile/compile.ts';
import { nameServer } from '../../../servers/names/names.ts';
import { nameService } from '../../../servers/names/protocol.ts';
import { runtime } from '../../../servers/node/program-loader.ts';
import { asCommonJs, instantiate } from '../../programs/link.ts';
import { addServer, ask, grant } from '../../servers/server-scene.ts';
import { addMigration, type Migration, migrate, pass } from '../../support/migration-scene.ts';
import { type Actor, copyRight, type Node, World } from '../../support/two-kernels.ts';

const FILE = 'test.program.ts';
const NODES = ['a', 'b'];
const nodeOf = (host: string): string | null => (NODES.includes(host) ? host : null);

/** An instance of a program, that knows nothing of any other. */
export const programFrom = (source: string): Program => {
  const { code } = compile(source, { file: FILE, sourceMap: false });
  const { main } = instantiate(new Map([[FILE, asCommonJs(code, FILE)]]), FILE, {
    'portolan/resumable': runtime,
    valibot,
  });
  return programOf(main as ResumableMain);
};

/** A node with servers. */
export interface Site {
  readonly node: Node;
  readonly operator: Actor;
  /** The operator's right to the name service. */
  readonly names: PortName;
  readonly migration: Migration;
}

const site = (node: Node): Site => {
  const operator = node.actor('operator');
  const served = addServer(node, nameServer, (service, task) => ({
    service,
    net: node.serviceFor(task),
    nodeOf: (host: string) => (host === node.name ? 'here' : nodeOf(host)),
  }));
  const names = grant(served, operator);
  operator.ask('check_in', { name: 'names' }, [copyRight(names)]);
  const migration = addMigration(node);
  const mover = pass(migration.task.space, migration.mover, MAKE_SEND, operator.host.task.space);
  ask(operator, names, [nameService, 'check_in', { name: 'mover' }], [copyRight(mover)]);
  return { node, operator, names, migration };
};

/** Two nodes, and a task that runs a program. */
export class Stage {
  readonly world: World = new World();
  readonly sites: readonly Site[];
  readonly #log: PortName;
  readonly log: unknown[] = [];

  /** `more` are arguments of the program, which only the nodes in `known` know; `prepare` comes before it runs. */
  constructor(
    source: string,
    more: Readonly<Record<string, unknown>> = {},
    known: readonly string[] = NODES,
    prepare: (first: Site) => void = () => undefined,
  ) {
    this.sites = NODES.map((name) => site(this.world.node(name)));
    prepare(this.first);
    for (const { node } of this.sites) {
      if (!known.includes(node.name)) continue;
      const program = programFrom(source);
      node.kernel.programs.set(program.name, program);
    }
    const { node, operator, names } = this.first;
    this.#log = operator.port();
    operator.call({ op: 'port_set_qlimit', name: this.#log, qlimit: 1024 });
    const task = createTask(node.kernel, 'program');
    const bootstrap = carry(operator.host.task.space, names, COPY_SEND);
    if (typeof bootstrap === 'string') throw new Error(bootstrap);
    task.bootstrapPort = bootstrap.port;
    const log = pass(operator.host.task.space, this.#log, MAKE_SEND, task.space);
    const program = node.kernel.programs.get(FILE) as Program;
    createThread(task, program, program.start({ log, ...more }));
    this.rest();
  }

  get first(): Site {
    return this.sites[0] as Site;
  }

  /** Where the task is now, if it still runs. */
  get place(): Site | undefined {
    return this.sites.find(({ node }) => [...node.kernel.tasks].some(isOurs));
  }

  get task(): Task | undefined {
    return [...(this.place?.node.kernel.tasks ?? [])].find(isOurs);
  }

  /** Lets everything happen that needs no time. */
  rest(): void {
    this.world.run();
    const { operator } = this.first;
    for (let next = operator.take(this.#log); next !== null; next = operator.take(this.#log)) this.log.push(next.body);
  }

  pass(ms: number): void {
    this.world.pass(ms);
    this.rest();
  }

  /** Moves the task to the other node. */
  move(): void {
    const from = this.place;
    const to = this.sites.find((each) => each !== from);
    if (from === undefined || to === undefined) return;
    const record = migrate(from.operator, { task: 'program', node: to.node.name });
    if (record.outcome !== 'moved') throw new Error(JSON.stringify(record));
    this.rest();
  }

  /** What ended threads of the task have thrown. */
  get failures(): readonly string[] {
    return this.sites.flatMap(({ node }) =>
      node.kernel.life
        .read()
        .filter(({ kind }) => kind === 'failed')
        .map(({ detail }) => String(detail['why'])),
    );
  }
}

const isOurs = (task: Task): boolean => task.name === 'program' && task.husk === null && task.threads.size > 0;

/** Turns of time that a program gets to end. */
const TURNS_MAX = 400;

const ended = (stage: Stage, turn: () => void): readonly unknown[] => {
  for (let turns = 0; stage.task !== undefined; turns += 1) {
    if (turns === TURNS_MAX) throw new Error(`it does not end: ${JSON.stringify(stage.log)}`);
    turn();
  }
  stage.rest();
  if (stage.failures.length > 0) throw new Error(stage.failures.join('\n'));
  return stage.log;
};

/** What a program logs that stays where it is. */
export const stayed = (source: string): readonly unknown[] => {
  const stage = new Stage(source);
  return ended(stage, () => stage.pass(5));
};

/** What it logs if it is moved whenever all of it waits; and how often that was. */
export const moved = (source: string): { readonly log: readonly unknown[]; readonly moves: number } => {
  const stage = new Stage(source);
  let moves = 0;
  const log = ended(stage, () => {
    stage.move();
    moves += 1;
    stage.pass(5);
  });
  return { log, moves };
};
