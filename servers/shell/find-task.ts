/** Finds the task that a user means, also while it moves. */
import { OperatorError } from '../node/operator-error.ts';
import { letGo } from './agent.ts';
import { type Client, type FoundTask, gather, tasksOf } from './client.ts';
import { fateOf, fateText } from './fates.ts';
import { type FrozenTask, frozenError, frozenTasks } from './frozen.ts';
import { diedWith } from './last-seen.ts';

/** How often a task is looked for that is frozen: as a rule it is in the middle of a move, and runs in a moment. */
const FROZEN_LOOKS = 10;
/** How often one is looked for that no node has: it may have moved between two answers. */
const ABSENT_LOOKS = 3;
const LOOK_MS = 20;

/** The one task that is called `name`, or whose name begins so; E_FROZEN if it does not run, nor in a moment. */
export const taskNamed = async (client: Client, name: string): Promise<FoundTask> => {
  for (let looks = 1; ; looks += 1) {
    const found = await anyTaskNamed(client, name);
    if ('port' in found) return found;
    if (looks === FROZEN_LOOKS) throw frozenError(found);
    await pause();
  }
};

/** The one task that is meant, as it is now. Tasks of the node itself must be named in full. */
export const anyTaskNamed = async (client: Client, name: string): Promise<FoundTask | FrozenTask> => {
  for (let looks = 1; ; looks += 1) {
    const { values, silent } = await gather(client, (record) => tasksOf(client, record));
    const all = values.flat();
    const found = meant(all, name);
    for (const task of all) if (found.length !== 1 || task !== found[0]) letGo(client.agent, task.port);
    const frozen = found.length > 0 ? [] : await frozenTasks(client, new Set(all.map(({ identity }) => identity)));
    const [one, ...others] = [...found, ...meant(frozen, name)];
    if (one !== undefined && others.length === 0) return one;
    if (one !== undefined) throw ambiguous(name, [one, ...others]);
    if (looks === ABSENT_LOOKS) throw await unknown(client, name, all, silent);
    await pause();
  }
};

const pause = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, LOOK_MS));

type Named = { readonly name: string; readonly identity: string; readonly pinned?: string | null };

/** Those that are called so; if there is none, those whose names begin so. */
const meant = <T extends Named>(all: readonly T[], name: string): readonly T[] => {
  const exact = all.filter((task) => task.name === name || task.identity === name);
  return exact.length > 0 ? exact : all.filter((task) => (task.pinned ?? null) === null && task.name.startsWith(name));
};

const ambiguous = (name: string, found: readonly (FoundTask | FrozenTask)[]): OperatorError =>
  new OperatorError({
    code: 'E_AMBIGUOUS',
    text: `${found.length} tasks are meant by "${name}"`,
    details: found.map((task) => `${task.name} on ${task.node} (${task.identity})`),
    hint: 'say more of the name, or the identity in brackets',
  });

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
