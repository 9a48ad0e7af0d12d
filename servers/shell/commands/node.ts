/** `node ls`. */

import { letGo } from '../agent.ts';
import { factsOf, gather, tasksOf } from '../client.ts';
import type { Context } from '../context.ts';
import { table } from '../terminal.ts';
import { withClient } from './with-client.ts';

/** Shows the nodes, whether they answer, and how much they have to do. */
export const nodeLs = (context: Context): Promise<number> =>
  withClient(context, async (client) => {
    const { values, silent } = await gather(client, async (record) => {
      const [facts, tasks] = await Promise.all([factsOf(client, record), tasksOf(client, record)]);
      for (const task of tasks) letGo(client.agent, task.port);
      const own = tasks.filter(({ pinned }) => pinned === null);
      const pages = own.reduce((sum, task) => sum + task.pages, 0);
      return { name: facts.name, node: facts.node, pid: facts.pid, version: facts.version, tasks: own.length, pages };
    });
    const rows = values.map(({ name, pid, tasks, pages, version }) => [
      name,
      String(pid),
      String(tasks),
      String(pages),
      version,
    ]);
    const lines = [
      ...table([['NODE', 'PROCESS', 'TASKS', 'PAGES', 'VERSION'], ...rows]),
      ...silent.map((each) => `✗ ${each}`),
    ];
    context.terminal.result({ state: client.dir, nodes: values, silent }, lines);
    return 0;
  });
