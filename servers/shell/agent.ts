/** Host code that speaks by messages: what the commands see of a kernel. `boot.ts` provides it. */

import type { Answer, KernelRequest } from '../../kernel/interface/calls.ts';
import type { InOf, OutOf, Routines } from '../../kernel/interface/routine.ts';
import { releaseItems, type Subsystem } from '../../kernel/interface/subsystem.ts';
import type { ReceiveOptions, Sys } from '../../kernel/program.ts';
import type { Draft, DraftItem } from '../../ports/draft.ts';
import type { MachCode } from '../../ports/kern-return.ts';
import { isName, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { messageOf, OperatorError, systemCode } from '../node/operator-error.ts';

/** A task of the host. */
export interface Agent {
  readonly sys: Sys;
  allocate(): PortName;
  call(request: KernelRequest): Answer;
  receive(name: PortName, options?: ReceiveOptions): Promise<Received>;
  rpc(draft: Draft, name: PortName, options?: ReceiveOptions & { readonly signal?: AbortSignal }): Promise<Received>;
  kernelCall(port: PortName, request: KernelRequest, options?: { readonly signal?: AbortSignal }): Promise<Answer>;
  listen(name: PortName, options?: { readonly signal?: AbortSignal }): AsyncGenerator<Received, void, void>;
}

/** The part of a client that asks. */
export interface AskOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly descriptors?: readonly DraftItem[];
}

/** A reply as a command reads it. */
export type Replied<Out> =
  | { readonly retcode: 'KERN_SUCCESS'; readonly value: Out }
  | { readonly retcode: MachCode; readonly why: string | null };

/** A question to a service: which, where, what. */
export interface Question<R extends Routines, K extends keyof R & string> {
  readonly service: Subsystem<R>;
  readonly server: PortName;
  readonly routine: K;
  readonly args: InOf<R[K]>;
}

/** An answer, and the rights that came with it. */
export interface Answered<Out> {
  readonly reply: Replied<Out>;
  readonly rights: readonly PortName[];
}

/**
 * Asks a service and waits for the answer. Rights of a refusal are given up; without an answer in time it is
 * E_TIMEOUT.
 */
export const ask = async <R extends Routines, K extends keyof R & string>(
  agent: Agent,
  { service, server, routine, args }: Question<R, K>,
  { timeoutMs, signal, descriptors }: AskOptions,
): Promise<Answered<OutOf<R[K]>>> => {
  const port = agent.allocate();
  try {
    const request = service.request(server, port, routine, args);
    const draft = descriptors === undefined ? request : { ...request, descriptors };
    const message = await agent.rpc(draft, port, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
    const reply = service.reply(routine, message) as Replied<OutOf<R[K]>>;
    if (!('value' in reply)) releaseItems(agent.sys, message.items);
    return { reply, rights: 'value' in reply ? rightsOf(message) : [] };
  } catch (error) {
    throw asOperatorError(error, `${service.name} ${routine}`);
  } finally {
    agent.call({ op: 'port_mod_refs', name: port, right: 'RECEIVE', delta: -1 });
  }
};

const rightsOf = (message: Received): PortName[] =>
  (message.items ?? []).flatMap((item) =>
    item.kind === 'port' ? [item.name] : item.kind === 'ool_ports' ? [...item.names] : [],
  );

/** The value of an answer; a refusal is an error. */
export const valueOf = <Out>(reply: Replied<Out>, what: string): Out => {
  if ('value' in reply) return reply.value;
  const { retcode, why } = reply;
  if (retcode === 'MIG_SERVER_DIED')
    throw new OperatorError({ code: 'E_WIRE', text: `${what}: whoever was asked is gone`, outcome: 'unknown' });
  throw new OperatorError({ code: 'E_FAILED', text: `${what}: ${retcode}${why === null ? '' : ` (${why})`}` });
};

/** Calls a kernel port, wherever it is. */
export const callKernelPort = async (
  agent: Agent,
  port: PortName,
  request: KernelRequest,
  { timeoutMs, signal }: AskOptions,
): Promise<Answer> => {
  const timeout = AbortSignal.timeout(timeoutMs);
  const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  try {
    const answer = await agent.kernelCall(port, request, { signal: either });
    if (answer.kr === 'MIG_SERVER_DIED')
      throw new OperatorError({ code: 'E_WIRE', text: `${request.op}: its kernel is gone`, outcome: 'unknown' });
    return answer;
  } catch (error) {
    throw asOperatorError(error, request.op);
  }
};

/** Gives up a right. */
export const letGo = (agent: Agent, name: PortName): void => {
  if (isName(name)) agent.call({ op: 'port_deallocate', name });
};

const asOperatorError = (error: unknown, what: string): OperatorError => {
  if (error instanceof OperatorError) return error;
  const code = systemCode(error);
  if (code === 'MACH_RCV_TIMED_OUT' || (error instanceof Error && error.name === 'TimeoutError')) {
    return new OperatorError({
      code: 'E_TIMEOUT',
      text: `${what}: no answer in time`,
      hint: 'portolan node ls',
      cause: error,
    });
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new OperatorError({ code: 'E_INTERRUPTED', text: `${what}: stopped`, outcome: 'unknown', cause: error });
  }
  return new OperatorError({ code: 'E_FAILED', text: `${what}: ${messageOf(error)}`, cause: error });
};
