/** What a call has looked at, in words. */
import type { PortName } from '../../ports/name.ts';
import { DEAD, IN_KERNEL, IN_LIMBO, IN_SPACE, IN_TRANSIT, type Port, type PortSet } from '../../ports/port.ts';
import type { Kernel, Task, Thread } from '../kernel.ts';
import type { SeenLook } from './calls.ts';
import { rightText, typeText } from './entry-words.ts';
import type { Labels } from './labels.ts';
import type { Look } from './look.ts';

const WHERE: Readonly<Record<number, string>> = {
  [IN_SPACE]: 'received on in a space',
  [IN_LIMBO]: 'in no space',
  [IN_TRANSIT]: 'in a message',
  [IN_KERNEL]: 'served by the kernel',
  [DEAD]: 'dead',
};

interface SeenEntry {
  readonly type: number;
  readonly urefs: number;
  readonly port: Port | null;
}

const entrySaw = (saw: SeenEntry | null, labels: Labels): string => {
  if (saw === null) return 'nothing';
  const text = rightText(saw);
  return saw.port === null ? text : `${text} of ${labels.port(saw.port)}`;
};

const spaceOwner = (space: object, kernel: Kernel, labels: Labels): string => {
  for (const task of kernel.tasks) if (task.space === space) return labels.task(task);
  return 'a task that has ended';
};

const lengthOf = (queue: unknown): number =>
  typeof queue === 'number' ? queue : ((queue as { readonly length: number } | null)?.length ?? 0);

/** One look in words, as things are now. */
export const lookText = ({ kind, subject, saw, ...look }: Look, labels: Labels, kernel: Kernel): SeenLook => {
  const { key = null }: { readonly key?: SeenLook['key'] } = look;
  const seen = (of: string, text: string): SeenLook => ({ kind, of, key, saw: text });
  switch (kind) {
    case 'name':
      return seen(spaceOwner(subject, kernel, labels), entrySaw(saw as SeenEntry | null, labels));
    case 'known':
      return seen(spaceOwner(subject, kernel, labels), saw === null ? 'no name' : `name ${String(saw)}`);
    case 'room':
      return seen(spaceOwner(subject, kernel, labels), saw === true ? 'room for a name' : 'no room for a name');
    case 'task':
      return seen(taskOf(subject, kernel, labels), saw === true ? 'alive' : 'ended');
    case 'right':
      return seen(entryOf(subject), typeText(saw as number));
    case 'references':
      return seen(entryOf(subject), `${String(saw)}`);
    case 'request':
    case 'accepted':
      return seen(entryOf(subject), saw === true ? 'one is registered' : 'none');
    case 'ports': {
      const { ports, portsMax } = saw as { readonly ports: number; readonly portsMax: number };
      return seen('the kernel', `${ports} of ${portsMax}`);
    }
    case 'port':
      return seen(labels.port(subject as Port), WHERE[saw as number] ?? String(saw));
    case 'set':
      return seen(labels.port(subject as Port), saw === null ? 'in no set' : `in set ${setName(saw as PortSet)}`);
    case 'limit':
    case 'count':
    case 'senders':
    case 'makes':
      return seen(labels.port(subject as Port), String(saw));
    case 'queue':
      return seen(queueOf(subject, labels), `${lengthOf(saw)} messages`);
    case 'memory':
      return seen(labels.task(subject as Task), typeof saw === 'string' ? saw : 'granted');
    case 'thread':
      return seen(labels.thread(subject as Thread), String(saw));
    case 'suspended':
      return seen('task' in subject ? labels.thread(subject as Thread) : labels.task(subject as Task), String(saw));
    case 'frozen':
      return seen(labels.task(subject as Task), saw === true ? 'frozen' : 'not frozen');
  }
};

const taskOf = (subject: object, kernel: Kernel, labels: Labels): string =>
  'threads' in subject ? labels.task(subject as Task) : spaceOwner(subject, kernel, labels);

const entryOf = (subject: object): string => `name ${(subject as { readonly name: PortName }).name}`;

const queueOf = (subject: object, labels: Labels): string =>
  'members' in subject ? `set ${setName(subject as PortSet)}` : labels.port(subject as Port);

const setName = ({ entry }: PortSet): string => String(entry?.name ?? 'that has gone');
