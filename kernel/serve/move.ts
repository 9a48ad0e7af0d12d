/** The servers of the move interface: freezing and taking apart at the task port, the husk, the host. */
import { match, P } from 'ts-pattern';
import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { killPort } from '../../ports/fate.ts';
import type { KernReturn } from '../../ports/kern-return.ts';
import { type Carried, discard } from '../../ports/name-calls.ts';
import { PORT_SEND } from '../../ports/right.ts';
import type { KernelRequest } from '../interface/calls.ts';
import type { TaskImage } from '../interface/image.ts';
import type { FreezeRequest, HostRequest, HuskRequest } from '../interface/move.ts';
import type { Kernel, Task } from '../kernel.ts';
import { copySend, createTask, forgetDescribed, kernelPort, startThread, terminateTask } from '../lives.ts';
import { attachMemory, attachTask, discardRights, missingPrograms, restoreTask, serveWaiting } from '../move/attach.ts';
import { readTaskImage } from '../move/check.ts';
import { detachTask } from '../move/detach.ts';
import { blockersOf, freezeTask, thawTask } from '../move/freeze.ts';
import { RightsIn } from '../move/rights.ts';
import { freezeStates, thawStates } from '../move/states.ts';
import { weighImage } from '../move/weight.ts';
import { needsOf, readNeeds } from '../programs.ts';
import { figures } from '../vm/describe.ts';
import { ERROR, PAGED } from '../vm/frames.ts';
import { isWait, ownPage } from '../vm/obtain.ts';
import { PAGE } from '../vm/page.ts';
import { setDefaultMemoryManager } from './default-pager.ts';
import { serveFrozen } from './frozen.ts';
import { HostServer, objectServer, RequestServer, taskPort, taskSelf } from './kernel-ports.ts';
import { foreign, type GivenRight, only, type Served, settled, success } from './request.ts';

/** Serves a call that freezes, describes or takes apart. */
export const serveFreeze = (task: Task, request: FreezeRequest): Served => {
  const { kernel } = task;
  if (!task.isAlive) return only('KERN_FAILURE');
  return match(request)
    .returnType<Served>()
    .with({ op: 'task_describe' }, () => describe(task))
    .with({ op: 'task_freeze' }, () => {
      const blockers = blockersOf(task);
      if (task.isFrozen || blockers.length > 0) return { kr: 'KERN_FAILURE', fields: { blockers } };
      const [refused] = weighImage(task).obstacles;
      if (refused !== undefined) return { kr: 'KERN_FAILURE', fields: { blockers: [refused], refused } };
      freezeTask(kernel, task);
      return only('KERN_SUCCESS');
    })
    .with({ op: 'task_thaw' }, () => {
      if (!task.isFrozen) return only('KERN_FAILURE');
      thaw(task);
      return only('KERN_SUCCESS');
    })
    .with({ op: 'task_supply' }, ({ object, pages }) => {
      if (!task.isFrozen || !Array.isArray(pages)) return only('KERN_FAILURE');
      return only(supplyPages(task, object, pages));
    })
    .with({ op: 'task_detach' }, () => (task.isFrozen ? detach(task) : only('KERN_FAILURE')))
    .exhaustive();
};

const thaw = (task: Task): void => {
  forgetDescribed(task);
  thawTask(task.kernel, task);
  serveWaiting(task.kernel, task.kernelPort);
  for (const thread of task.threads) serveWaiting(task.kernel, thread.kernelPort);
};

const describe = (task: Task): Served => {
  const programs = needsOf([...task.threads].map(({ program }) => program));
  const blockers = blockersOf(task);
  if (task.pinned !== null) return success({ name: task.name, blockers, programs, ...figures(task.memory) });
  const { bytes, heaviest, obstacles } = weighImage(task);
  return success({
    name: task.name,
    blockers: [...blockers, ...obstacles],
    programs,
    image: { bytes, heaviest },
    ...figures(task.memory),
  });
};

const right = (field: string, carried: Carried, list = true): GivenRight => ({ field, list, right: carried });

/** The task's own port, whatever it has put in its place: who moves it means the task, not its interposer. */
const ownPort = (task: Task): GivenRight => right('name', { port: copySend(taskPort(task)), type: PORT_SEND }, false);

const detach = (task: Task): Served => {
  const { kernel } = task;
  const states = freezeStates(task);
  if (!('parts' in states)) return { kr: 'KERN_FAILURE', fields: { blockers: states } };
  const { image, rights } = detachTask(kernel, task, states);
  const husk = kernelPort(kernel, new RequestServer(kernel, (request, carried) => serveHusk(task, request, carried)));
  task.husk = husk;
  husk.srights = 1;
  kernel.life.record(kernel.now, 'detached', task.space.identity.token, { name: task.name });
  return {
    kr: 'KERN_SUCCESS',
    fields: { image },
    rights: [right('rights', { port: husk, type: PORT_SEND }), ...rights.map((each) => right('rights', each))],
  };
};

type HuskRead = Extract<HuskRequest, { op: 'husk_read' }>;

const isHusk = (request: KernelRequest): request is HuskRequest => request.op.startsWith('husk_');

const serveHusk = (task: Task, request: KernelRequest, carried: readonly Carried[]): Served => {
  const { kernel } = task;
  if (!isHusk(request)) return foreign(kernel.ipc, carried);
  return match(request)
    .returnType<Served>()
    .with({ op: 'husk_restore' }, ({ image }) => {
      const read = readTaskImage(image);
      const rights = new RightsIn(carried);
      if (typeof read === 'string') {
        discardRights(kernel, rights);
        return only('KERN_INVALID_ARGUMENT');
      }
      restoreTask(kernel, task, read, rights, objectServer);
      forgetDescribed(task);
      endHuskPort(task);
      return { kr: 'KERN_SUCCESS', rights: [ownPort(task)] };
    })
    .with({ op: 'husk_read' }, (range) => readPages(task, range))
    .with({ op: 'husk_pages' }, ({ object }) =>
      success({ bitmap: task.described?.get(object)?.ownPages() ?? new Uint8Array(0) }),
    )
    .with({ op: 'husk_release' }, () => {
      endHuskPort(task);
      releaseHusk(task);
      return only('KERN_SUCCESS');
    })
    .exhaustive();
};

/** Pages of an object of a husk. Whoever waits is given what there is as soon as the first page is here. */
const readPages = (task: Task, { object: id, page: first, count, wait }: HuskRead): Served => {
  const object = task.described?.get(id);
  const pages: { page: number; bytes: Bytes }[] = [];
  let end = first;
  for (; object !== undefined && end < first + count; end += 1) {
    const own = ownPage(object, end);
    if (own instanceof Uint8Array) pages.push({ page: end, bytes: Bytes.from(own) });
    else if (own !== 'none') {
      const shortage = own === 'KERN_RESOURCE_SHORTAGE' ? object.pool.backing.wait : null;
      const awaited = isWait(own) ? own : shortage;
      if (end === first && wait && awaited !== null) return settled({ wait: awaited }, 0);
      if (end === first && awaited === null && !isWait(own)) return { kr: own, fields: { object: id, page: first } };
      break;
    }
  }
  return success({ object: id, page: first, end, pages });
};

/** Puts pages into an object of a task that has just been put together. */
const supplyPages = (
  task: Task,
  id: number,
  pages: readonly { readonly page: number; readonly bytes: Body }[],
): KernReturn => {
  const object = task.described?.get(id);
  if (object === undefined) return 'KERN_INVALID_ARGUMENT';
  const { pool, frames } = object;
  let result: KernReturn = 'KERN_SUCCESS';
  for (const { page, bytes } of pages) {
    const isPage = bytes instanceof Bytes && bytes.length === PAGE && page >= 0 && page < object.pages;
    // A page that has come may have been paged out again while the others waited.
    if (!isPage || frames.has(page) || (frames.flags(page) & PAGED) !== 0) continue;
    if (frames.add(page, viewOfBytes(bytes), 0)) continue;
    if (pool.backing.wait !== null) return settled({ wait: pool.backing.wait }, 0);
    frames.setFlags(page, ERROR); // never zeros
    result = 'KERN_RESOURCE_SHORTAGE';
  }
  return result;
};

const endHuskPort = (task: Task): void => {
  if (task.husk !== null) killPort(task.kernel.ipc, task.husk);
  task.husk = null;
};

/** The husk's memory and names go; nobody notices, because everything that mattered has moved. */
const releaseHusk = (task: Task): void => {
  for (const thread of task.threads) {
    const held = thread.sending;
    if (held?.isWaiting) {
      held.leave();
      task.kernel.ipc.messages -= 1;
      for (const item of held.message.items ?? []) if (item.kind === 'ool') item.copy?.release();
      thread.sending = null;
    }
  }
  terminateTask(task);
};

const isHost = (request: KernelRequest): request is HostRequest =>
  request.op.startsWith('host_') || request.op === 'task_attach' || request.op === 'vm_set_default_memory_manager';

/** The server of a kernel's host port. */
export const hostServer = (kernel: Kernel): RequestServer =>
  new HostServer(kernel, (request, carried) =>
    isHost(request) ? serveHost(kernel, request, carried) : foreign(kernel.ipc, carried),
  );

const serveHost = (kernel: Kernel, request: HostRequest, carried: readonly Carried[]): Served =>
  match(request)
    .returnType<Served>()
    .with({ op: 'host_info' }, () => success(hostInfo(kernel)))
    .with({ op: 'host_tasks' }, () => listTasks(kernel))
    .with({ op: P.union('host_frozen', 'host_stacks', 'host_locals') }, (request) => serveFrozen(kernel, request))
    .with({ op: 'host_programs' }, ({ programs }) => {
      const needs = readNeeds(programs);
      return needs === null ? only('KERN_INVALID_ARGUMENT') : success({ missing: kernel.programs.lacking(needs) });
    })
    .with({ op: 'host_events' }, ({ ring, since }) =>
      ring === 'life'
        ? success({ events: kernel.life.read(since), lost: kernel.life.lost })
        : success({ events: kernel.events?.read(since) ?? [], lost: kernel.events?.lost ?? 0 }),
    )
    .with({ op: 'host_run' }, (request) => runProgram(kernel, request, carried))
    .with({ op: 'host_check' }, ({ image }) => checkImage(kernel, image))
    .with({ op: 'task_attach' }, ({ image }) => attach(kernel, image, carried))
    .with({ op: 'vm_set_default_memory_manager' }, () => setPager(kernel, carried))
    .exhaustive();

const setPager = (kernel: Kernel, carried: readonly Carried[]): Served => {
  const [pager] = carried;
  if (pager !== undefined && pager.type !== PORT_SEND) {
    return { ...foreign(kernel.ipc, carried), kr: 'KERN_INVALID_CAPABILITY' };
  }
  const previous = setDefaultMemoryManager(kernel, kernel.pool, pager?.port ?? null);
  return previous === null
    ? only('KERN_SUCCESS')
    : { kr: 'KERN_SUCCESS', rights: [right('previous', { port: previous, type: PORT_SEND }, false)] };
};

const hostInfo = (kernel: Kernel): Record<string, unknown> => ({
  node: kernel.node,
  tasks: kernel.tasks.size,
  ports: kernel.ipc.ports,
  messages: kernel.ipc.messages,
  now: kernel.now,
  pagesMax: kernel.pool.limit,
  pagesUsed: kernel.pool.resident,
  isPaging: kernel.pool.backing.pager !== null,
});

const listTasks = (kernel: Kernel): Served => {
  const tasks = [...kernel.tasks].filter((task) => !task.isFrozen);
  return {
    kr: 'KERN_SUCCESS',
    fields: {
      tasks: tasks.map((task) => ({
        name: task.name,
        identity: task.space.identity.token,
        threads: task.threads.size,
        pinned: task.pinned,
        program: [...task.threads][0]?.program.name ?? '',
        ...figures(task.memory),
      })),
      ports: [],
    },
    // The kernel's own port, whatever the task has put in its place: this is about the task itself.
    rights: tasks.map((task) => right('ports', { port: copySend(taskPort(task)), type: PORT_SEND })),
  };
};

const runProgram = (
  kernel: Kernel,
  { program, hash, args, name }: Extract<HostRequest, { op: 'host_run' }>,
  carried: readonly Carried[],
): Served => {
  const known = hash === undefined ? kernel.programs.get(program) : kernel.programs.find(program, hash);
  const bootstrap = carried[0];
  const isRefused =
    known === undefined || (bootstrap !== undefined && bootstrap.port !== null && bootstrap.type !== PORT_SEND);
  if (isRefused) return { ...foreign(kernel.ipc, carried), kr: 'KERN_INVALID_ARGUMENT' };
  const task = createTask(kernel, name);
  task.bootstrapPort = bootstrap?.port ?? null;
  for (const extra of carried.slice(1)) discard(task.space, extra);
  if (startThread(task, known, args, false) === null) {
    terminateTask(task);
    return only('KERN_INVALID_ARGUMENT');
  }
  const { token } = task.space.identity;
  const self = right('name', { port: taskSelf(task), type: PORT_SEND }, false);
  return { kr: 'KERN_SUCCESS', fields: { identity: token }, rights: [self] };
};

/** What can be found wrong with an image before it is the only one there is. */
const checkImage = (kernel: Kernel, body: unknown): Served => {
  const image = readTaskImage(body);
  if (typeof image === 'string') return { kr: 'KERN_INVALID_ARGUMENT', fields: { why: image } };
  const missing = missingPrograms(kernel, image);
  if (missing.length > 0) return { kr: 'KERN_INVALID_ARGUMENT', fields: { why: `no program ${missing.join(', ')}` } };
  const states = thawStates(kernel, image);
  return typeof states === 'string' ? { kr: 'KERN_INVALID_ARGUMENT', fields: { why: states } } : only('KERN_SUCCESS');
};

const attach = (kernel: Kernel, body: unknown, carried: readonly Carried[]): Served => {
  const rights = new RightsIn(carried);
  const image: TaskImage | string = readTaskImage(body);
  if (typeof image === 'string' || missingPrograms(kernel, image).length > 0) {
    discardRights(kernel, rights);
    return { kr: 'KERN_INVALID_ARGUMENT', fields: { why: typeof image === 'string' ? image : 'a program is missing' } };
  }
  const states = thawStates(kernel, image);
  if (typeof states === 'string') {
    discardRights(kernel, rights);
    return { kr: 'KERN_INVALID_ARGUMENT', fields: { why: states } };
  }
  const task = createTask(kernel, image.name, { identity: image.identity });
  attachMemory(kernel, task, image.memory, rights);
  attachTask(kernel, task, { image, states }, rights, objectServer);
  discardRights(kernel, rights);
  kernel.life.record(kernel.now, 'attached', image.identity, { name: image.name });
  return { kr: 'KERN_SUCCESS', rights: [ownPort(task)] };
};
