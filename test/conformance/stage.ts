/**
 * The stage: one kernel, and the runner's own task in it. The runner holds the task and
 * thread ports of the puppets and moves them by kernel calls through these, so that every step comes in by the door
 * that any program uses.
 */

import type { HostTask } from '../../kernel/host-task.ts';
import type { Answer, KernelRequest, RightArgument } from '../../kernel/interface/calls.ts';
import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { kernelPort } from '../../kernel/lives.ts';
import { hostServer } from '../../kernel/serve/move.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import { land } from '../../ports/name-calls.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, PORT_SEND } from '../../ports/right.ts';
import { censusOf } from './census.ts';
import type { Census } from './driver.ts';

/** A kernel of the setting, and the runner in it. */
export class Stage {
  readonly kernel: Kernel;
  readonly runner: HostTask;
  /** The runner's receive right for answers. */
  readonly reply: PortName;
  /** Its send right to the kernel's host port, as whoever boots a kernel may give it. */
  readonly host: PortName;
  /** Its receive right for exceptions of threads that catch them. */
  readonly exceptions: PortName;
  /** Runs this kernel, and no other, until nothing is left to run at this moment. */
  readonly rest: () => void;

  constructor(kernel: Kernel, runner: HostTask, rest: () => void) {
    this.kernel = kernel;
    this.runner = runner;
    this.rest = rest;
    this.reply = runner.allocate();
    this.exceptions = runner.allocate();
    const port = kernelPort(kernel, hostServer(kernel));
    port.srights = 1;
    this.host = land(runner.task.space, { port, type: PORT_SEND }) as PortName;
  }

  /** The tasks that run here, by what their kernel knows them and by the runner's names for their ports. */
  tasks(): readonly { readonly identity: string; readonly port: PortName }[] {
    const { tasks, ports } = this.demand(this.host, { op: 'host_tasks' }) as unknown as {
      readonly tasks: readonly { readonly identity: string }[];
      readonly ports: readonly PortName[];
    };
    for (const name of ports) this.runner.sys.call({ op: 'port_deallocate', name });
    return tasks.map(({ identity }, index) => ({ identity, port: ports[index] ?? MACH_PORT_NULL }));
  }

  census(): Census {
    return censusOf(this.kernel, this.runner.task);
  }

  /** A kernel call of the runner through one of its rights, as the message that it is. Null if the port is dead. */
  ask(port: PortName, request: KernelRequest): Answer | null {
    const { op, ...fields } = request as KernelRequest & { readonly [field: string]: unknown };
    const { id, rights } = CALL_FORMS[op];
    const kr = this.runner.sys.send({
      remote: port,
      remoteDisposition: COPY_SEND,
      local: this.reply,
      localDisposition: MAKE_SEND_ONCE,
      id,
      body: Object.fromEntries(Object.entries(fields).filter(([key]) => !rights.includes(key))) as never,
      descriptors: rights.flatMap((field): DraftItem[] => {
        const right = fields[field] as RightArgument | null | undefined;
        return right === null || right === undefined ? [] : [{ kind: 'port', ...right }];
      }),
    });
    if (kr === 'MACH_SEND_INVALID_DEST') return null;
    const reply = this.runner.sys.poll(this.reply);
    if (kr !== 'MACH_MSG_SUCCESS' || reply === null) throw new Error(`${op}: ${kr}`);
    return answerIn(reply);
  }

  /** The same where nothing can go wrong. */
  demand(port: PortName, request: KernelRequest): Answer {
    const answer = this.ask(port, request);
    if (answer?.kr !== 'KERN_SUCCESS') throw new Error(`${request.op}: ${answer?.kr ?? 'the port is dead'}`);
    return answer;
  }
}

const answerIn = ({ body, items }: Received): Answer => {
  const {
    retcode,
    rights = [],
    ...fields
  } = body as { readonly retcode: Answer['kr']; readonly rights?: readonly string[] };
  const answer: { [field: string]: unknown } = { ...fields };
  for (const [index, field] of rights.entries()) {
    const item = items?.[index];
    const name = item?.kind === 'port' ? item.name : MACH_PORT_NULL;
    if (field.endsWith('[]')) {
      const key = field.slice(0, -2);
      answer[key] = [...((answer[key] as PortName[] | undefined) ?? []), name];
    } else answer[field] = name;
  }
  return { ...answer, kr: retcode };
};

/** The name that an answer gives. */
export const nameIn = (answer: Answer): PortName => portName(answer['name'] as number);
