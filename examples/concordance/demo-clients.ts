/**
 * Clients of the concordance: each keeps a number of numbered queries in flight, never pauses, and remembers what it
 * was told.
 */
import { releaseItems } from '../../kernel/interface/subsystem.ts';
import type { PortName } from '../../ports/name.ts';
import { netService } from '../../servers/net/protocol.ts';
import { type Agent, ask } from '../../servers/shell/agent.ts';
import type { Client } from '../../servers/shell/client.ts';
import type { NumberedQuery } from './queries.ts';
import { type Answered, concordanceService } from './service.ts';

/** A query and what came of it. */
export interface Told {
  readonly query: NumberedQuery;
  readonly answered: Answered | null;
  /** Why there is no answer. */
  readonly why: string;
}

/**
 * Queries that one client keeps in flight: more than the queue of the concordance holds, so that some are always on
 * their way.
 */
export const IN_FLIGHT = 64;

/** One client: its queries are numbered `client`, `client + step`, and so on. */
export class DemoClient {
  readonly told: Told[] = [];
  readonly #agent: Agent;
  readonly #server: PortName;
  readonly #next: () => NumberedQuery;
  #isStopped = false;

  constructor(agent: Agent, server: PortName, next: () => NumberedQuery) {
    this.#agent = agent;
    this.#server = server;
    this.#next = next;
  }

  /** Answers that have come. */
  get count(): number {
    return this.told.length;
  }

  /** Runs until it is told to stop; what is in flight is waited for. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: IN_FLIGHT }, () => this.#lane()));
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #lane(): Promise<void> {
    while (!this.#isStopped) {
      const query = this.#next();
      const { number, word, skip, hitsMax, wants } = query;
      const args = { number, word, skip, hitsMax, wantsContext: wants === 'context' };
      try {
        const question = { service: concordanceService, server: this.#server, routine: 'query', args } as const;
        const { reply } = await ask(this.#agent, question, { timeoutMs: 30_000 });
        const answered = 'value' in reply ? (reply.value as Answered) : null;
        this.told.push({ query, answered, why: answered === null ? reply.retcode : '' });
      } catch (error) {
        this.told.push({ query, answered: null, why: error instanceof Error ? error.message : 'unknown' });
        this.#isStopped = true;
      }
    }
  }
}

/**
 * A client whose kernel stands still during each move. What it had said before, its netmsg sends to where the task was:
 * a port set gives messages in the order in which they came, and the news that the task has moved comes later. So every
 * move has a message to forward, however little time it takes and however busy the machine is.
 */
export class SlowClient {
  readonly told: Told[] = [];
  readonly #client: Client;
  readonly #server: PortName;
  readonly #next: () => NumberedQuery;
  readonly #reply: PortName;
  #asked: NumberedQuery | null = null;

  constructor(client: Client, server: PortName, next: () => NumberedQuery) {
    this.#client = client;
    this.#server = server;
    this.#next = next;
    this.#reply = client.agent.allocate();
  }

  /** Sends a query, and stands still before it has left. */
  async speak(): Promise<void> {
    const { agent, net } = this.#client;
    // Its netmsg has heard all there was when it answers this; what comes now comes behind the query.
    await ask(agent, { service: netService, server: net, routine: 'nodes', args: null }, { timeoutMs: 30_000 });
    const { number, word, skip, hitsMax, wants } = this.#next();
    this.#asked = { number, word, skip, hitsMax, wants };
    this.#client.hold();
    const args = { number, word, skip, hitsMax, wantsContext: wants === 'context' };
    agent.sys.send(concordanceService.request(this.#server, this.#reply, 'query', args));
  }

  /** Goes on, and waits for the answer. */
  async listen(): Promise<void> {
    const query = this.#asked;
    this.#client.release();
    if (query === null) return;
    this.#asked = null;
    const { agent } = this.#client;
    const message = await agent.receive(this.#reply, { timeoutMs: 30_000 }).catch(() => null);
    const reply = concordanceService.reply('query', message);
    releaseItems(agent.sys, message?.items ?? null);
    const answered = 'value' in reply ? reply.value : null;
    this.told.push({ query, answered, why: answered === null ? reply.retcode : '' });
  }
}
