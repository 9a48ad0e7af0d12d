/**
 * Serves the node service: the one server that may wait, for it reads files and compiles. Host code, so it stays where
 * it is.
 */

import { Refusal, releaseItems } from '../../kernel/interface/subsystem.ts';
import type { Program } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import type { PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { COPY_SEND } from '../../ports/right.ts';
import type { ProgramCode } from '../code/protocol.ts';
import { clockOrigin } from '../node/clock.ts';
import { messageOf, OperatorError } from '../node/operator-error.ts';
import { loadProgram } from '../node/program-loader.ts';
import {
  type Answered,
  type NodeFacts,
  nodeService,
  type ProgramFacts,
  type RunFacts,
  type RunRequest,
} from '../node/protocol.ts';
import type { NodeRecord } from '../node/state-dir.ts';
import { type Agent, callKernelPort, letGo } from './agent.ts';

/** What the node service is given. */
export interface NodeServerParts {
  readonly agent: Agent;
  readonly service: PortName;
  /** Send rights to the host port and to the name service. */
  readonly host: PortName;
  readonly names: PortName;
  readonly record: NodeRecord;
  readonly root: string;
  /** Makes a program known to the kernel, and keeps its text for other nodes. */
  install(program: Program, code: ProgramCode): void;
  now(): number;
  stop(): void;
}

/** Tasks remembered after their start. */
const RUNS_MAX = 1000;
/** Programs whose files are remembered, versions counted apart. */
const PROGRAMS_MAX = 1000;
const LOCAL_MS = 5000;

/** Serves until the agent's task ends. */
export const serveNode = async (parts: NodeServerParts): Promise<void> => {
  const server = new NodeServer(parts);
  for await (const message of parts.agent.listen(parts.service)) void server.serve(message);
};

class NodeServer {
  readonly #parts: NodeServerParts;
  readonly #programs: Map<string, ProgramFacts> = new Map();
  readonly #runs: RunFacts[] = [];

  constructor(parts: NodeServerParts) {
    this.#parts = parts;
  }

  async serve(message: Received): Promise<void> {
    const { agent, stop } = this.#parts;
    releaseItems(agent.sys, message.items);
    const request = (message.body ?? {}) as Record<string, unknown>;
    const answer = (value: unknown): void => {
      const unused = (): Refusal => new Refusal('MIG_BAD_ID');
      const only = { info: unused, load: unused, run: unused, stop: unused, [this.#routine(message)]: () => value };
      nodeService.serve(agent.sys, { ...message, items: null } as Received, only as never);
    };
    switch (this.#routine(message)) {
      case 'info':
        return answer(this.#info());
      case 'load':
        return answer(await answered(async () => (await this.#load(request)).facts));
      case 'run':
        return answer(await answered(() => this.#run(request)));
      case 'stop':
        answer(null);
        return stop.call(this.#parts);
      default:
        return answer(null);
    }
  }

  #routine(message: Received): string {
    return ['info', 'load', 'run', 'stop'].find((each) => nodeService.id(each) === message.id) ?? 'none';
  }

  #info(): NodeFacts {
    const { record, root, now } = this.#parts;
    const { name, node, pid, version } = record;
    const programs = [...this.#programs.values()];
    return { name, node, pid, version, clockOrigin: clockOrigin(), now: now(), root, programs, runs: [...this.#runs] };
  }

  async #load(request: Record<string, unknown>): Promise<Loaded> {
    const { file, program, code } = await loadProgram(String(request['file'] ?? ''));
    this.#parts.install(program, code);
    const facts = { name: program.name, hash: program.hash, file };
    this.#programs.set(`${program.name} ${program.hash}`, facts);
    if (this.#programs.size > PROGRAMS_MAX) this.#programs.delete([...this.#programs.keys()][0] ?? '');
    return { facts, program };
  }

  async #run(request: Record<string, unknown>): Promise<RunFacts & ProgramFacts> {
    const { name: wanted, args } = request as unknown as Partial<RunRequest>;
    const { facts: program, program: code } = await this.#load(request);
    const { agent, host, names } = this.#parts;
    const name = typeof wanted === 'string' && wanted !== '' ? wanted : program.name;
    probe(name, code, args);
    const rights = [{ name: names, disposition: COPY_SEND }];
    const call = {
      op: 'host_run',
      program: program.name,
      hash: program.hash,
      args: args as Body,
      name,
      rights,
    } as const;
    const started = await callKernelPort(agent, host, call, { timeoutMs: LOCAL_MS });
    if (started.kr !== 'KERN_SUCCESS') {
      throw new OperatorError({ code: 'E_FAILED', text: `${name} was not started: ${started.kr}` });
    }
    letGo(agent, started['name'] as PortName);
    const run = { name, identity: String(started['identity']), program: program.name };
    this.#runs.push(run);
    if (this.#runs.length > RUNS_MAX) this.#runs.shift();
    return { ...program, ...run };
  }
}

interface Loaded {
  readonly facts: ProgramFacts;
  readonly program: Program;
}

/**
 * Starts a program for nothing, since a kernel only says that it does not take its arguments. What `start` answers is
 * data and does nothing, so it may be made twice.
 */
const probe = (name: string, program: Program, args: unknown): void => {
  try {
    program.start(args);
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? '').split('\n').slice(1) : [];
    throw new OperatorError({
      code: 'E_FAILED',
      text: `${name} was not started: its program does not take these arguments: ${messageOf(error)}`,
      details: stack.map((line) => line.trim()),
      hint: 'arguments follow FILE: portolan task run FILE -- ARGS',
    });
  }
};

const answered = async <T>(work: () => Promise<T>): Promise<Answered<T>> => {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    if (error instanceof OperatorError) {
      const { code, message, hint, details } = error;
      return { ok: false, trouble: { code, text: message, hint, details } };
    }
    return { ok: false, trouble: { code: 'E_FAILED', text: messageOf(error), hint: null, details: [] } };
  }
};
