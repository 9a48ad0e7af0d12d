/**
 * The stage: one kernel with a clock that the case sets, and the runner's own task in it. The runner holds the task and
 * thread ports of the puppets and moves them by kernel calls through these, so that every step comes in by the door
 * that any program uses.
 */

import { bootKernel } from '../../kernel/boot.ts';
import { HostTask } from '../../kernel/host-task.ts';
import type { Answer, KernelRequest, RightArgument } from '../../kernel/interface/calls.ts';
import { CALL_FORMS } from '../../kernel/interface/ids.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { kernelPort } from '../../kernel/lives.ts';
import { runKernel } from '../../kernel/scheduler.ts';
import { hostServer } from '../../kernel/serve/move.ts';
import type { DraftItem } from '../../ports/draft.ts';
import { MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import { land } from '../../ports/name-calls.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND, MAKE_SEND_ONCE, PORT_SEND } from '../../ports/right.ts';
import { censusOf } from './census.ts';
import type { Census } from './driver.ts';
import { puppet } from './puppet.ts';

/** Steps of one turn of the kernel. */
const TURN = 10_000;
/** A case that is not at rest by then never will be. */
const TURNS_MAX = 10_000;

/** The kernel of one setting, and the runner in it. */
export class Stage {
  readonly kernel: Kernel;
  readonly runner: HostTask;
  readonly #reply: PortName;
  readonly #host: PortName;
  #now = 0;

  constructor() {
    this.kernel = bootKernel({
      node: 'stage',
      clock: { now: () => this.#now },
      pump: { wanted: () => undefined, deadline: () => undefined },
      eventsMax: 256,
    });
    this.kernel.programs.set(puppet.name, puppet);
    this.runner = new HostTask(this.kernel, 'runner');
    this.#reply = this.runner.allocate();
    const host = kernelPort(this.kernel, hostServer(this.kernel));
    host.srights = 1;
    this.#host = land(this.runner.task.space, { port: host, type: PORT_SEND }) as PortName;
  }

  /** A send right to the kernel's host port, as whoever boots a kernel may give it. */
  hostPort(): PortName {
    return this.#host;
  }

  /** Runs the kernel until nothing is left to run at this moment. */
  rest(): void {
    for (let turns = 0; runKernel(this.kernel, TURN) > 0; turns += 1) {
      if (turns > TURNS_MAX) throw new Error('the kernel does not come to rest');
    }
  }

  /** When the next deadline is, Infinity without any. */
  get nextDeadline(): number {
    return this.kernel.timers.next;
  }

  get now(): number {
    return this.#now;
  }

  set now(time: number) {
    this.#now = time;
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
      local: this.#reply,
      localDisposition: MAKE_SEND_ONCE,
      id,
      body: Object.fromEntries(Object.entries(fields).filter(([key]) => !rights.includes(key))) as never,
      descriptors: rights.flatMap((field): DraftItem[] => {
        const right = fields[field] as RightArgument | null | undefined;
        return right === null || right === undefined ? [] : [{ kind: 'port', ...right }];
      }),
    });
    if (kr === 'MACH_SEND_INVALID_DEST') return null;
    const reply = this.runner.sys.poll(this.#reply);
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
