/** The concordance as the demonstration handles it: started on one node, moved between two, asked how far it is. */
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { LifeEvent } from '../../kernel/events.ts';
import { viewOfBytes } from '../../ports/bytes.ts';
import type { PortName } from '../../ports/name.ts';
import { type MoveRecord, migrationService } from '../../servers/migration/protocol.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { type Census, netService } from '../../servers/net/protocol.ts';
import { OperatorError } from '../../servers/node/operator-error.ts';
import { nodeService } from '../../servers/node/protocol.ts';
import type { NodeRecord } from '../../servers/node/state-dir.ts';
import { type Agent, ask, callKernelPort, letGo, valueOf } from '../../servers/shell/agent.ts';
import { type Client, factsOf, serviceOf } from '../../servers/shell/client.ts';
import { standstillOf } from '../../servers/shell/fates.ts';
import type { NodeLife } from './demo-check.ts';
import type { PlannedFile } from './file-table.ts';
import { type ConcordanceProgress, concordanceService } from './service.ts';

const WAIT = { timeoutMs: 30_000 };
const LOOK_MS = 10;
/** Files in one message of the list. */
const BATCH = 200;
const PAGES = 16;
const PAGE = 4096;

/** A move, with what the nodes on its way have seen of it. */
export interface MoveReport extends MoveRecord {
  readonly fromName: string;
  readonly toName: string;
  readonly forwarded: number;
  readonly retargeted: number;
  readonly filesIndexed: number;
}

const pause = (): Promise<void> => new Promise((go) => void setTimeout(go, LOOK_MS));

/** The task, and where it is. */
export class Concordance {
  readonly identity: string;
  readonly #client: Client;
  readonly #port: PortName;
  readonly #home: NodeRecord;
  #at: NodeRecord;
  #other: NodeRecord;

  private constructor(client: Client, nodes: readonly [NodeRecord, NodeRecord], identity: string, port: PortName) {
    this.#client = client;
    this.#home = nodes[0];
    [this.#at, this.#other] = nodes;
    this.identity = identity;
    this.#port = port;
  }

  /** Loads the program of a module beside this one on both nodes and starts it on the first. */
  static async start(client: Client, module: string): Promise<Concordance> {
    const [first, second] = client.records;
    if (first === undefined || second === undefined)
      throw new OperatorError({ code: 'E_NO_KERNEL', text: 'two nodes are needed' });
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const file = fileURLToPath(new URL(`./${module}${extension}`, import.meta.url));
    const run = await askNode(client, first, 'run', { file, name: 'concordance', args: null });
    await askNode(client, second, 'load', { file });
    const port = await lookUp(client.agent, await serviceOf(client, first, 'names'));
    return new Concordance(client, [first, second], (run as { identity: string }).identity, port);
  }

  /** A send right of its own for another agent of this kernel. */
  async grantTo(net: PortName, agent: Agent): Promise<PortName> {
    const question = {
      service: netService,
      server: net,
      routine: 'look_up',
      args: { node: this.#home.node, name: 'names' },
    } as const;
    const { rights } = await ask(agent, question, WAIT);
    const names = rights[0];
    if (names === undefined) throw new OperatorError({ code: 'E_FAILED', text: 'the name service does not answer' });
    return lookUp(agent, names);
  }

  /** Tells it which files to index, in which order, and lets it begin. */
  async enlist(files: readonly PlannedFile[]): Promise<void> {
    for (let first = 0; first < files.length; ) {
      const args = { first, files: files.slice(first, first + BATCH) };
      const question = { service: concordanceService, server: this.#port, routine: 'enlist', args } as const;
      const { listed } = valueOf((await ask(this.#client.agent, question, WAIT)).reply, 'enlist');
      if (listed > first) first = listed;
    }
    const begin = { service: concordanceService, server: this.#port, routine: 'begin', args: null } as const;
    valueOf((await ask(this.#client.agent, begin, WAIT)).reply, 'begin');
  }

  async progress(): Promise<ConcordanceProgress> {
    const question = { service: concordanceService, server: this.#port, routine: 'progress', args: null } as const;
    return valueOf((await ask(this.#client.agent, question, WAIT)).reply, 'progress');
  }

  /** Asks how far it is until that will do. */
  async waitUntil(holds: (progress: ConcordanceProgress) => boolean, signal: AbortSignal): Promise<void> {
    while (!holds(await this.progress())) {
      signal.throwIfAborted();
      await pause();
    }
  }

  /**
   * Moves it to the other node, has `meanwhile` done while pages follow, and waits until it needs nothing of this one.
   */
  async moveOn(meanwhile: () => Promise<void>): Promise<MoveReport> {
    const [from, to] = [this.#at, this.#other];
    const before = await this.#passed();
    const told = await this.retargeted();
    const server = await serviceOf(this.#client, from, 'migration');
    const question = {
      service: migrationService,
      server,
      routine: 'migrate',
      args: { task: this.identity, node: to.node },
    } as const;
    const { record } = valueOf((await ask(this.#client.agent, question, WAIT)).reply, 'migrate');
    if (record === null || record.outcome !== 'moved') {
      throw new OperatorError({
        code: 'E_MIGRATION_ABORTED',
        text: `the concordance stays on ${from.name}: ${record?.why ?? ''}`,
      });
    }
    [this.#at, this.#other] = [to, from];
    await meanwhile();
    const { filesIndexed } = await this.progress();
    const records = valueOf(
      (await ask(this.#client.agent, { service: migrationService, server, routine: 'drain', args: null }, WAIT)).reply,
      'drain',
    );
    letGo(this.#client.agent, server);
    const whole = records.find(({ mid }) => mid === record.mid) ?? record;
    return {
      ...whole,
      freezeMs: await standstillOf(this.#client, this.identity, [from, to]),
      fromName: from.name,
      toName: to.name,
      forwarded: (await this.#passed()) - before,
      retargeted: (await this.retargeted()) - told,
      filesIndexed,
    };
  }

  /** Messages that either node has passed on so far. */
  async #passed(): Promise<number> {
    const nodes = await Promise.all([this.#at, this.#other].map((node) => this.#census(node)));
    return nodes.reduce((sum, { forwarded }) => sum + forwarded, 0);
  }

  async #census(record: NodeRecord): Promise<Census> {
    const server = await serviceOf(this.#client, record, 'net');
    const { reply } = await ask(
      this.#client.agent,
      { service: netService, server, routine: 'census', args: null },
      WAIT,
    );
    letGo(this.#client.agent, server);
    return valueOf(reply, 'census');
  }

  /** Times that senders of this kernel have learnt a new place. */
  async retargeted(): Promise<number> {
    const question = { service: netService, server: this.#client.net, routine: 'census', args: null } as const;
    return valueOf((await ask(this.#client.agent, question, WAIT)).reply, 'census').retargeted;
  }

  /** Waits until nothing that has left a node is needed there. */
  async drain(): Promise<void> {
    const server = await serviceOf(this.#client, this.#other, 'migration');
    await ask(this.#client.agent, { service: migrationService, server, routine: 'drain', args: null }, WAIT);
    letGo(this.#client.agent, server);
  }

  /** SHA-256 of each page of the index, as it is now. */
  async pageDigests(pages: number): Promise<string[]> {
    const digests: string[] = [];
    for (let page = 0; page < pages; page += PAGES) {
      const args = { page, count: Math.min(PAGES, pages - page) };
      const question = { service: concordanceService, server: this.#port, routine: 'pages', args } as const;
      const bytes = viewOfBytes(valueOf((await ask(this.#client.agent, question, WAIT)).reply, 'pages').bytes);
      for (let at = 0; at < bytes.length; at += PAGE) {
        digests.push(
          createHash('sha256')
            .update(bytes.subarray(at, at + PAGE))
            .digest('hex'),
        );
      }
    }
    return digests;
  }
}

const askNode = async (client: Client, node: NodeRecord, routine: 'run' | 'load', args: object): Promise<unknown> => {
  const server = await serviceOf(client, node, 'node');
  const { reply } = await ask(client.agent, { service: nodeService, server, routine, args: args as never }, WAIT);
  letGo(client.agent, server);
  const answered = valueOf(reply, routine) as { ok: boolean; value: unknown; trouble: { text: string } };
  if (!answered.ok) throw new OperatorError({ code: 'E_NOT_A_PROGRAM', text: answered.trouble.text });
  return answered.value;
};

/** The concordance registers itself when it is ready; until then there is no such name. */
const lookUp = async (agent: Agent, names: PortName): Promise<PortName> => {
  for (let tries = 0; tries < 500; tries += 1) {
    const question = {
      service: nameService,
      server: names,
      routine: 'look_up',
      args: { name: 'concordance' },
    } as const;
    const { rights } = await ask(agent, question, WAIT);
    if (rights[0] !== undefined) return rights[0];
    await pause();
  }
  throw new OperatorError({ code: 'E_TIMEOUT', text: 'the concordance does not register' });
};

/** The life rings of nodes: of all, unless it is said of which. */
export const collectLives = async (
  client: Client,
  records: readonly NodeRecord[] = client.records,
): Promise<{ readonly nodes: NodeLife[]; readonly lost: number }> => {
  const nodes: NodeLife[] = [];
  let lost = 0;
  for (const record of records) {
    const host = await serviceOf(client, record, 'host');
    const answer = await callKernelPort(client.agent, host, { op: 'host_events', ring: 'life', since: 0 }, WAIT);
    const { clockOrigin } = await factsOf(client, record);
    nodes.push({ node: record.node, events: answer['events'] as LifeEvent[], clockOrigin });
    lost += answer['lost'] as number;
  }
  return { nodes, lost };
};
