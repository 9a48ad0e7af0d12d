/**
 * Nodes in processes of their own, over Unix sockets, and a small kernel in this process that asks them: exactly what
 * `portolan up` and the commands after it are.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OutOf, Routines } from '../../kernel/interface/routine.ts';
import type { Subsystem } from '../../kernel/interface/subsystem.ts';
import type { PortName } from '../../ports/name.ts';
import { COPY_SEND } from '../../ports/right.ts';
import { type MigrateRequest, type MoveRecord, migrationService } from '../../servers/migration/protocol.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { nodeService } from '../../servers/node/protocol.ts';
import type { NodeRecord } from '../../servers/node/state-dir.ts';
import { ask, callKernelPort, letGo, type Question, valueOf } from '../../servers/shell/agent.ts';
import { connect, type NodeSettings } from '../../servers/shell/boot.ts';
import { type Client, nodeNamed, serviceOf } from '../../servers/shell/client.ts';
import { standstillOf } from '../../servers/shell/fates.ts';
import { taskNamed } from '../../servers/shell/find-task.ts';
import type { Run } from './bench.ts';
import type { Child } from './children.ts';

/** How a node process is told to be. */
export type NodeOrder = Pick<NodeSettings, 'name' | 'journal' | 'limits'> & { readonly stateDir: string };

/** How the nodes of a cluster are to be. */
export interface ClusterSettings {
  readonly nodes: readonly string[];
  readonly journal: 'on' | 'off';
  /** Pages that each kernel may have resident. */
  readonly pagesMax?: number;
}

/** A task of a cluster, and where it is now. */
export interface RunningTask {
  readonly identity: string;
  readonly port: PortName;
  node: string;
}

/** A move, as its source and whoever asked for it saw it. */
export interface Move {
  readonly record: MoveRecord;
  /** From the request to its answer. */
  readonly wholeMs: number;
}

/**
 * A node that puts a GiB of eager pages into place says nothing for seconds, on a busy machine for longer than a
 * session waits. It is not dead, and its slowness is what is measured.
 */
const PATIENT = { suspectAfterMs: 60_000, deadAfterMs: 240_000 } as const;

const WAIT_MS = 300_000;
const LOOK_MS = 5;

/** The nodes, and who asks them. */
export class Cluster implements AsyncDisposable {
  readonly #client: Client;
  readonly #children: readonly Child[];
  readonly #signal: AbortSignal;

  private constructor(client: Client, children: readonly Child[], signal: AbortSignal) {
    this.#client = client;
    this.#children = children;
    this.#signal = signal;
  }

  /** Starts nodes that know the programs of the bench. */
  static async start({ children, signal }: Run, settings: ClusterSettings): Promise<Cluster> {
    const stateDir = mkdtempSync(join(children.folder, 'state-'));
    const { journal, pagesMax } = settings;
    const limits = { sessions: PATIENT, ...(pagesMax === undefined ? {} : { pagesMax }) };
    const started = settings.nodes.map((name) => {
      const order: NodeOrder = { name, journal, stateDir, limits };
      return children.start('entries/node', [JSON.stringify(order)]);
    });
    const words = await Promise.all(started.map((child) => child.ask<{ ok: boolean; why?: string }>('ready')));
    for (const word of words) if (!word.ok) throw new Error(`a node did not start: ${word.why}`);
    const cluster = new Cluster(await connect(stateDir, limits), started, signal);
    await Promise.all(
      settings.nodes.flatMap((name) => ['holder', 'asker'].map((program) => cluster.#load(name, program))),
    );
    return cluster;
  }

  /** Starts a task and waits until it has registered under its name. */
  async run(node: string, program: 'holder' | 'asker', args: { readonly name: string }): Promise<RunningTask> {
    const request = { file: fileOf(program), name: args.name, args };
    const run = await this.#askNode(node, 'run', request);
    const names = await serviceOf(this.#client, this.#record(node), 'names');
    for (;;) {
      this.#signal.throwIfAborted();
      const question = { service: nameService, server: names, routine: 'look_up', args: { name: args.name } } as const;
      const { rights } = await ask(this.#client.agent, question, this.#wait());
      const [port] = rights;
      if (port !== undefined) {
        letGo(this.#client.agent, names);
        return { identity: (run as { identity: string }).identity, port, node };
      }
      await new Promise((resolve) => void setTimeout(resolve, LOOK_MS));
    }
  }

  /** Asks a task something. `right` goes with it. */
  async ask<R extends Routines, K extends keyof R & string>(
    question: Question<R, K>,
    right?: PortName,
  ): Promise<OutOf<R[K]>> {
    const descriptors =
      right === undefined ? {} : { descriptors: [{ kind: 'port', name: right, disposition: COPY_SEND } as const] };
    const { reply } = await ask(this.#client.agent, question, { ...this.#wait(), ...descriptors });
    return valueOf(reply, question.routine);
  }

  /** Moves a task. It runs there when this resolves; its pages may still follow. */
  async move(task: RunningTask, to: string, how: Pick<MigrateRequest, 'strategy' | 'k' | 'push'>): Promise<Move> {
    const server = await serviceOf(this.#client, this.#record(task.node), 'migration');
    const began = performance.now();
    const args = { task: task.identity, node: this.#record(to).node, ...how };
    const asked = await this.ask({ service: migrationService, server, routine: 'migrate', args });
    const record = await this.#settled(server, asked.record);
    const wholeMs = performance.now() - began;
    letGo(this.#client.agent, server);
    if (record?.outcome !== 'moved') throw new Error(`the move to ${to} failed: ${record?.why ?? 'no record'}`);
    task.node = to;
    return { record, wholeMs };
  }

  /** A destination that has much to put into place says late that the task runs: its move is under way until then. */
  async #settled(server: PortName, asked: MoveRecord | null): Promise<MoveRecord | null> {
    let record = asked;
    while (record?.outcome === 'under way') {
      await new Promise((resolve) => void setTimeout(resolve, 20));
      const { mid } = record;
      const records = (await this.ask({ service: migrationService, server, routine: 'moves', args: null })) ?? [];
      record = records.find((each) => each.mid === mid) ?? null;
    }
    return record;
  }

  /** Milliseconds that a task stood still in its last move, by the clock of both nodes. */
  standstill({ identity }: RunningTask, from: string, to: string): Promise<number> {
    return standstillOf(this.#client, identity, [this.#record(from), this.#record(to)]);
  }

  /** Waits until nothing that has left a node is needed there, and answers its moves. */
  async drain(node: string): Promise<readonly MoveRecord[]> {
    const server = await serviceOf(this.#client, this.#record(node), 'migration');
    const service: Subsystem<never> = migrationService as never;
    const question = { service, server, routine: 'drain', args: null } as never;
    const records = (await this.ask(question)) as readonly MoveRecord[];
    letGo(this.#client.agent, server);
    return records;
  }

  /** Ends a task, wherever it is. */
  async end(task: RunningTask): Promise<void> {
    const { port } = await taskNamed(this.#client, task.identity);
    await callKernelPort(this.#client.agent, port, { op: 'task_terminate' }, this.#wait());
    letGo(this.#client.agent, port);
    letGo(this.#client.agent, task.port);
  }

  /** Lets every node collect its garbage now rather than in the middle of a measurement. */
  async rest(): Promise<void> {
    for (const child of this.#children) await child.ask('rest');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
    await Promise.all(this.#children.map((child) => child.close()));
  }

  #record(name: string): NodeRecord {
    return nodeNamed(this.#client, name);
  }

  #wait(): { readonly timeoutMs: number; readonly signal: AbortSignal } {
    return { timeoutMs: WAIT_MS, signal: this.#signal };
  }

  #load(node: string, program: string): Promise<unknown> {
    return this.#askNode(node, 'load', { file: fileOf(program) });
  }

  async #askNode(node: string, routine: 'run' | 'load', args: object): Promise<unknown> {
    const server = await serviceOf(this.#client, this.#record(node), 'node');
    const question = { service: nodeService, server, routine, args: args as never } as const;
    const answered = (await this.ask(question)) as { ok: boolean; value: unknown; trouble: { text: string } };
    letGo(this.#client.agent, server);
    if (!answered.ok) throw new Error(answered.trouble.text);
    return answered.value;
  }
}

const fileOf = (program: string): string => fileURLToPath(new URL(`./programs/${program}.ts`, import.meta.url));
