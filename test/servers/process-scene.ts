/** Nodes that are processes, started as `portolan up` starts them, and tasks that only one of them has the code of. */
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import type { Answered, RunFacts } from '../../servers/node/protocol.ts';
import { nodeService } from '../../servers/node/protocol.ts';
import { ask, letGo, valueOf } from '../../servers/shell/agent.ts';
import { type Client, nodeNamed, serviceOf } from '../../servers/shell/client.ts';
import type { NodeWord } from '../../servers/shell/commands/node-run.ts';
import { fileOf } from './shell-scene.ts';

/** A node in a process of its own. It ends with this one, however that ends. */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #printed = new EventEmitter();
  #log = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#log += text.toString();
        this.#printed.emit('more');
      });
    }
  }

  /** Resolves when it has printed that: what comes through a pipe may come later than what its node answers. */
  async hasPrinted(text: string): Promise<void> {
    while (!this.#log.includes(text)) await once(this.#printed, 'more');
  }

  /** Resolves when the node can be reached. */
  static start(state: string, name: string, ...options: readonly string[]): Promise<NodeProcess> {
    const args = ['node-run', name, '--state', state, '--root', state, '--no-journal', '--tied', ...options];
    const child = fork(fileOf('../../servers/shell/main.ts'), args, {
      cwd: fileOf('../../'),
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const node = new NodeProcess(child);
    return new Promise((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`${name} ended with ${code}: ${node.#log}`)));
      child.once('message', (word: NodeWord) => {
        if (word.type === 'ready') resolve(node);
        else reject(new Error(`${name} did not start: ${JSON.stringify(word.error)}`));
      });
    });
  }

  /** Resolves when the process is gone; it is not asked. */
  kill(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once('exit', () => resolve());
      this.#child.kill('SIGKILL');
    });
  }
}

/** Starts a task on one node, and has no other node load its program, as `portolan task run` would. */
export const runOnly = async (
  client: Client,
  node: string,
  request: { readonly file: string; readonly name: string; readonly args: readonly string[] },
): Promise<RunFacts & { readonly hash: string }> => {
  const server = await serviceOf(client, nodeNamed(client, node), 'node');
  const question = { service: nodeService, server, routine: 'run', args: request } as const;
  const { reply } = await ask(client.agent, question, { timeoutMs: 30_000 });
  letGo(client.agent, server);
  const answered = valueOf(reply, request.name) as Answered<RunFacts & { readonly hash: string }>;
  if (!answered.ok) throw new Error(answered.trouble.text);
  return answered.value;
};
