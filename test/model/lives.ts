/** The model of tasks: what the kernel holds for them, how they begin and end [2.15, 2.19]. */
import type { ModelKernel } from './kernel.ts';
import { abandon, isWaiting } from './messages.ts';
import { type LooseRight, type ModelEntry, type ModelSpace, NULL, type Slot } from './records.ts';
import { destroyEntry, type Given, putRight, takeArgument } from './rights.ts';

const REGISTERED_MAX = 4;

/** A new child: it has what the kernel holds for its parent, and no name. Its parent gets a right to its port. */
export const spawn = (k: ModelKernel, parent: ModelSpace): Slot => {
  const child = k.newSpace();
  child.bootstrap = { ...parent.bootstrap };
  child.exception = { ...parent.exception };
  child.registered = parent.registered.map((right) => ({ ...right }));
  return putRight(k, parent, { port: child.kernelPort, type: 17 });
};

/** The end of a task: its port, its threads, its receive rights, the rest of its names, what the kernel held for it. */
export const terminate = (k: ModelKernel, space: ModelSpace): void => {
  space.alive = false;
  if (space.kernelPort !== null) k.kill(space.kernelPort);
  for (const call of k.calls) if (call.space === space && isWaiting(call)) abandon(k, call);
  const byName = (a: ModelEntry, b: ModelEntry): number => (a.name ?? 0) - (b.name ?? 0);
  const entries = [...space.entries].sort(byName);
  const own = entries.filter(({ receive }) => receive);
  for (const entry of [...own, ...entries]) if (!entry.gone) destroyEntry(k, entry);
  for (const field of ['self', 'exception', 'bootstrap'] as const) drop(k, space[field]);
  while (space.registered.length > 0) drop(k, space.registered.shift() as LooseRight);
  space.pages.clear();
};

const drop = (k: ModelKernel, right: LooseRight): void => {
  const { port, type } = right;
  right.port = null;
  k.destroyRight({ port, type });
};

const FIELDS = { TASK_KERNEL: 'self', TASK_BOOTSTRAP: 'bootstrap', TASK_EXCEPTION: 'exception' } as const;
const fieldOf = (which: string): 'self' | 'bootstrap' | 'exception' | undefined =>
  (FIELDS as Record<string, 'self' | 'bootstrap' | 'exception'>)[which];

/** `set_special_port`. */
export const setSpecial = (k: ModelKernel, space: ModelSpace, which: string, given: Given | null): string => {
  const right = given === null ? { port: null, type: 17 as const } : takeArgument(k, space, given);
  if (typeof right === 'string') return right;
  const field = fieldOf(which);
  if ((right.port !== null && right.type !== 17) || field === undefined) {
    k.destroyRight(right);
    return right.port !== null && right.type !== 17 ? 'KERN_INVALID_CAPABILITY' : 'KERN_INVALID_ARGUMENT';
  }
  const old = space[field];
  space[field] = right;
  drop(k, old);
  return 'KERN_SUCCESS';
};

/** `get_special_port`. */
export const getSpecial = (k: ModelKernel, space: ModelSpace, which: string): Slot | string => {
  const field = fieldOf(which);
  if (field === undefined) return 'KERN_INVALID_ARGUMENT';
  if (field === 'self' && space.self.port === null) space.self = { port: space.kernelPort, type: 17 };
  return putRight(k, space, space[field]);
};

/** `mach_ports_register`. */
export const registerPorts = (k: ModelKernel, space: ModelSpace, given: readonly Given[]): string => {
  const rights: LooseRight[] = [];
  k.loose.push(rights);
  const kr = registerTaken(k, space, given, rights);
  k.loose.pop();
  return kr;
};

const registerTaken = (
  k: ModelKernel,
  space: ModelSpace,
  given: readonly Given[],
  rights: LooseRight[],
): string => {
  for (const each of given) {
    const right = takeArgument(k, space, each);
    if (typeof right === 'string') {
      for (const taken of rights) drop(k, taken);
      return right;
    }
    rights.push(right);
  }
  const areSend = rights.every(({ port, type }) => port === null || type === 17);
  if (rights.length > REGISTERED_MAX || !areSend) {
    for (const right of rights) drop(k, right);
    return areSend ? 'KERN_INVALID_ARGUMENT' : 'KERN_INVALID_CAPABILITY';
  }
  const old = space.registered;
  space.registered = rights.splice(0);
  for (const right of old) drop(k, right);
  return 'KERN_SUCCESS';
};

/** `mach_ports_lookup`. */
export const lookUpPorts = (k: ModelKernel, space: ModelSpace): Slot[] =>
  Array.from({ length: REGISTERED_MAX }, (_, index) => {
    const right = space.registered[index];
    return right === undefined ? NULL : putRight(k, space, right);
  });
