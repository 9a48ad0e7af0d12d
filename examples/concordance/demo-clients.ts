/**
 * Clients of the concordance: each keeps a number of numbered queries in flight, never pauses, and remembers what it
 * was told.
 */
import type { PortName } from '../../ports/name.ts';
import { type Agent, ask } from '../../servers/shell/agent.ts';
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
