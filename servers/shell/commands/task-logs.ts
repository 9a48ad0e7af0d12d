/** `task logs`: what a task has printed, wherever it was when it did; also if it has ended since. */

import type { PortName } from '../../../ports/name.ts';
import { type ConsoleLine, consoleService } from '../../console/protocol.ts';
import { OperatorError } from '../../node/operator-error.ts';
import type { NodeRecord } from '../../node/state-dir.ts';
import { ask, letGo, valueOf } from '../agent.ts';
import { ASK, type Client, factsOf, gather, serviceOf } from '../client.ts';
import type { Context, TaskLogsOptions } from '../context.ts';
import { endOf, type Fate, fateOf, fateText } from '../fates.ts';
import { taskNamed } from '../find-task.ts';
import { withClient } from './with-client.ts';

/** How often a console is looked at while its task runs. */
const LOOK_MS = 100;

/** Shows the lines; with `follow`, also those that are still to come, until the task ends. */
export const taskLogs = (context: Context, name: string, { follow }: TaskLogsOptions): Promise<number> =>
  withClient(context, async (client) => {
    const { identity, port } = await meant(client, name);
    const reader = new LogReader(client, identity);
    const shown = (lines: readonly ConsoleLine[]): void => show(context, lines);
    if (follow === true && port !== null) await followTask(client, { reader, port, signal: context.signal }, shown);
    else if (follow === true || !context.terminal.isJson) shown(await reader.next());
    else context.terminal.result({ identity, lines: await reader.next(), silent: reader.silent }, []);
    if (port !== null) letGo(client.agent, port);
    for (const each of reader.silent) context.terminal.say(`✗ ${each}`);
    const fate = await fateOf(client, identity);
    if (fate?.state === 'failed') context.terminal.say(`✗ ${fateText(fate)}`);
    return 0;
  });

/** Lines as they are, or as data, one object to a line. */
export const show = ({ terminal }: Pick<Context, 'terminal'>, lines: readonly ConsoleLine[]): void => {
  for (const line of lines) terminal.stream(line, line.text);
};

/** What is followed. */
export interface Followed {
  readonly reader: LogReader;
  /** The task's port; it stays the caller's. */
  readonly port: PortName;
  readonly signal: AbortSignal;
}

/** Hands over what a task prints until it ends, and answers how it ended, if that is known. */
export const followTask = async (
  client: Client,
  { reader, port, signal }: Followed,
  hand: (lines: readonly ConsoleLine[]) => void,
): Promise<Fate | undefined> => {
  let hasEnded = false;
  const end = endOf(client, port, signal).then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    hand(await reader.next());
    await Promise.race([end, pause()]);
  }
  // The last lines may still be on their way home from the node where it ended.
  for (let [quiet, lines] = [0, await reader.next()]; quiet < 2; lines = await reader.next()) {
    hand(lines);
    quiet = lines.length === 0 ? quiet + 1 : 0;
    await pause();
  }
  return fateOf(client, reader.identity);
};

const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, LOOK_MS));

interface Meant {
  readonly identity: string;
  /** The port of a task that runs. */
  readonly port: PortName | null;
}

const meant = async (client: Client, name: string): Promise<Meant> => {
  try {
    const { identity, port } = await taskNamed(client, name);
    return { identity, port };
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== 'E_NO_SUCH_TASK') throw error;
    const { values } = await gather(client, (record) => factsOf(client, record));
    const run = values.flatMap(({ runs }) => runs).findLast((each) => each.name === name || each.identity === name);
    if (run === undefined) throw error;
    return { identity: run.identity, port: null };
  }
};

/** Reads what one task has printed on all consoles, each line once. */
export class LogReader {
  readonly identity: string;
  /** Nodes that did not answer when they were last asked, and why. */
  silent: readonly string[] = [];
  readonly #client: Client;
  readonly #read: Map<string, number> = new Map();

  constructor(client: Client, identity: string) {
    this.#client = client;
    this.identity = identity;
  }

  /** The lines since the last time. */
  async next(): Promise<readonly ConsoleLine[]> {
    const { values, silent } = await gather(this.#client, (record) => this.#linesOf(record));
    this.silent = silent;
    return values.flat();
  }

  async #linesOf(record: NodeRecord): Promise<readonly ConsoleLine[]> {
    const { agent } = this.#client;
    const server = await serviceOf(this.#client, record, 'console');
    const lines: ConsoleLine[] = [];
    for (let more = true; more; ) {
      const args = { since: this.#read.get(record.node) ?? 0, task: this.identity };
      const { reply } = await ask(agent, { service: consoleService, server, routine: 'read', args }, ASK);
      const part = valueOf(reply, record.name);
      lines.push(...part.lines);
      this.#read.set(record.node, part.lines.at(-1)?.n ?? args.since);
      more = part.more;
    }
    letGo(agent, server);
    return lines;
  }
}
