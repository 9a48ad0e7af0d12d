/** Finds the task that a user means. */
import { OperatorError } from '../node/operator-error.ts';
import { letGo } from './agent.ts';
import { type Client, type FoundTask, gather, tasksOf } from './client.ts';
import { fateOf, fateText } from './fates.ts';
import { diedWith } from './last-seen.ts';

/** The one task that is called `name`, or whose name begins so. Tasks of the node itself must be named in full. */
export const taskNamed = async (client: Client, name: string): Promise<FoundTask> => {
  const { values, silent } = await gather(client, (record) => tasksOf(client, record));
  const all = values.flat();
  const exact = all.filter((task) => task.name === name || task.identity === name);
  const near = all.filter((task) => task.pinned === null && task.name.startsWith(name));
  const found = exact.length > 0 ? exact : near;
  for (const task of all) if (found.length !== 1 || task !== found[0]) letGo(client.agent, task.port);
  if (found.length === 1 && found[0] !== undefined) return found[0];
  if (found.length > 1) {
    throw new OperatorError({
      code: 'E_AMBIGUOUS',
      text: `${found.length} tasks are meant by "${name}"`,
      details: found.map((task) => `${task.name} on ${task.node} (${task.identity})`),
      hint: 'say more of the name, or the identity in brackets',
    });
  }
  throw await unknown(client, name, all, silent);
};

const unknown = async (
  client: Client,
  name: string,
  all: readonly FoundTask[],
  silent: readonly string[],
): Promise<OperatorError> => {
  const fate = await fateOf(client, name);
  const grave = fate === undefined ? await diedWith(client, name) : null;
  const own = all.filter(({ pinned }) => pinned === null).map((task) => task.name);
  const running = own.length === 0 ? 'no task runs' : `tasks that run: ${own.join(', ')}`;
  const seen = fate === undefined ? [] : [fateText(fate)];
  if (grave !== null) seen.push(`it had moved to ${grave}, whose process has died, and the task with it`);
  return new OperatorError({
    code: silent.length > 0 ? 'E_NO_KERNEL' : 'E_NO_SUCH_TASK',
    text: `there is no task ${name}${silent.length > 0 ? ' on the nodes that answer' : ''}`,
    hint: fate === undefined ? 'portolan task ls' : `portolan task show ${fate.name}`,
    details: [...seen, running, ...silent],
  });
};
