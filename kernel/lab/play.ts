/** Plays a script in a laboratory: each call, its code, what has changed, and why it was refused. */
import type { Draft, DraftItem } from '../../ports/draft.ts';
import { MACH_PORT_DEAD, MACH_PORT_NULL, type PortName, portName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import * as dispositions from '../../ports/right.ts';
import type { KernelRequest } from '../interface/calls.ts';
import { CALL_FORMS } from '../interface/ids.ts';
import type { Task, Thread } from '../kernel.ts';
import type { MsgCall, ReceiveOptions, SendOptions } from '../program.ts';
import type { ActorCall, Outcome } from './actor.ts';
import { type Census, growth } from './census.ts';
import { changeLines, changeOf } from './diff.ts';
import { censusTable, dotOf, growthTable, mermaidOf, spaceTable } from './draw.ts';
import { type Exploration, explore } from './explore.ts';
import type { Laboratory, Step } from './laboratory.ts';
import {
  type CallStatement,
  isKernelCall,
  readScript,
  ScriptError,
  type ScriptValue,
  type Statement,
} from './script.ts';
import { callText, type Why } from './why.ts';

/** What came of one statement. */
export interface Report {
  readonly line: number;
  /** The statement as it stands. */
  readonly text: string;
  /** The code of a call; null if it waits, or if the statement is no call. */
  readonly code: string | number | null;
  readonly waits: boolean;
  /** Fields of the answer. */
  readonly answer: Readonly<Record<string, unknown>> | null;
  /** What has changed, a line each. */
  readonly changed: readonly string[];
  /** Of a call that was refused. */
  readonly why: Why | null;
  /** Calls of others that had waited, and were answered by this. */
  readonly answered: readonly { readonly who: string; readonly call: string; readonly code: string | number | null }[];
  /** What `show` shows. */
  readonly shown: readonly string[];
  /** What `explore` has found: by actor, the codes of its calls. */
  readonly explored: Exploration<Readonly<Record<string, readonly (string | number | null)[]>>> | null;
}

const REPORT: Omit<Report, 'line' | 'text'> = {
  code: null,
  waits: false,
  answer: null,
  changed: [],
  why: null,
  answered: [],
  shown: [],
  explored: null,
};

const SUCCESS: readonly unknown[] = ['KERN_SUCCESS', 'MACH_MSG_SUCCESS', null];

/** Makes a laboratory of a profile; throws if there is no such profile. */
export type MakeLaboratory = (profile: string | null) => Laboratory;

/** Plays a script, and reports of each statement as it is done. Throws a `ScriptError`. */
export function* play(text: string, make: MakeLaboratory): Generator<Report, void> {
  const statements = readScript(text);
  const lines = text.split(/\r?\n/);
  const profile = statements.find((each) => each.kind === 'profile');
  const fresh = (): Player => new Player(make(profile?.kind === 'profile' ? profile.name : null));
  const player = fresh();
  const at = statements.findIndex(({ kind }) => kind === 'explore');
  for (const statement of at < 0 ? statements : statements.slice(0, at)) {
    const source = (lines[statement.line - 1] ?? '').replace(/(^|\s)#.*$/, '').trim();
    yield { line: statement.line, text: source, ...REPORT, ...player.play(statement) };
  }
  player.end();
  const line = statements[at]?.line;
  if (line !== undefined) {
    const explored = exploreAll(fresh, statements.slice(0, at), statements.slice(at + 1));
    yield { line, text: 'explore', ...REPORT, explored };
  }
}

const exploreAll = (
  fresh: () => Player,
  before: readonly Statement[],
  after: readonly Statement[],
): Report['explored'] => {
  const calls = after.map((statement) => {
    if (statement.kind !== 'call') throw new ScriptError(statement.line, 'behind explore there are calls only');
    return statement;
  });
  let first = 0;
  const make = (): Laboratory => {
    const player = fresh();
    for (const statement of before) player.play(statement);
    first = player.lab.calls.at(-1)?.n ?? 0;
    for (const statement of calls) player.tell(statement);
    return player.lab;
  };
  const actors = [...new Set(calls.map(({ actor }) => actor))];
  return explore(make, (lab) => {
    const made = lab.calls.filter(({ n }) => n > first);
    return Object.fromEntries(
      actors.map((actor) => [actor, made.filter(({ thread }) => thread === actor).map(({ code }) => code)]),
    );
  });
};

/** A script's variables, tasks and actors. */
class Player {
  readonly lab: Laboratory;
  readonly #tasks: Map<string, Task> = new Map();
  readonly #actors: Map<string, Thread> = new Map();
  readonly #variables: Map<string, number> = new Map();
  /** Variables that calls which still wait are to bind. */
  readonly #bindings: Map<Thread, string> = new Map();
  #census: Census | null = null;

  constructor(lab: Laboratory) {
    this.lab = lab;
  }

  end(): void {
    this.lab.end();
  }

  play(statement: Statement): Partial<Report> {
    switch (statement.kind) {
      case 'profile':
      case 'explore':
        return {};
      case 'task': {
        const task = this.lab.task(statement.name);
        this.#tasks.set(statement.name, task);
        const [actor] = task.threads;
        if (actor !== undefined) this.#actors.set(statement.name, actor);
        return {};
      }
      case 'thread':
        this.#actors.set(statement.name, this.lab.actor(this.#task(statement.task, statement.line), statement.name));
        return {};
      case 'give':
        return this.#give(statement);
      case 'advance': {
        const step = this.lab.advance(statement.ms);
        return this.#reportOf([step, ...this.lab.rest()]);
      }
      case 'show':
        return { shown: this.#show(statement.what, statement.line) };
      case 'call':
        return this.#call(statement);
    }
  }

  /** Gives an actor a call without a turn. */
  tell(statement: CallStatement): void {
    this.lab.tell(this.#actor(statement), this.#actorCall(statement));
  }

  #task(name: string, line: number): Task {
    const task = this.#tasks.get(name);
    if (task === undefined) throw new ScriptError(line, `there is no task ${name}: say "task ${name}" first`);
    return task;
  }

  #actor({ actor, line }: CallStatement): Thread {
    const thread = this.#actors.get(actor);
    if (thread === undefined) throw new ScriptError(line, `there is no actor ${actor}: say "task ${actor}" first`);
    if (thread.run === 'dead') throw new ScriptError(line, `${actor} has ended`);
    return thread;
  }

  #give({ from, name, to, as, disposition, line }: Extract<Statement, { kind: 'give' }>): Partial<Report> {
    const held = this.#variables.get(`${from}.${name}`);
    if (held === undefined) throw new ScriptError(line, `${from} has no ${name}`);
    const given = this.lab.give(
      this.#task(from, line),
      portName(held),
      dispositionOf(disposition, line),
      this.#task(to, line),
    );
    if (typeof given === 'string') return { code: given };
    this.#variables.set(`${to}.${as}`, given);
    return { answer: { name: given } };
  }

  #call(statement: CallStatement): Partial<Report> {
    const thread = this.#actor(statement);
    const call = this.#actorCall(statement);
    if (this.lab.outcome(thread) === null && thread.run === 'waiting' && thread.waitsFor !== 'state') {
      throw new ScriptError(statement.line, `${statement.actor} still waits in its last call`);
    }
    const { step, outcome } = this.lab.do(thread, call);
    if (statement.bind !== null) this.#bindings.set(thread, statement.bind);
    const report = this.#reportOf([step, ...this.lab.rest()]);
    const own = step.calls.at(-1);
    const code = own === undefined ? (outcome?.kr ?? null) : own.code;
    const why = own === undefined || SUCCESS.includes(code) ? null : this.lab.why(own.n);
    return { ...report, code, waits: code === null, answer: outcome === null ? null : answerOf(outcome), why };
  }

  #reportOf(steps: readonly Step[]): Partial<Report> {
    const answered = steps.flatMap((step) =>
      step.answered.map(({ thread, call, code }) => ({ who: thread, call: callText(call), code })),
    );
    const renamed: [string, string][] = [];
    for (const [thread, variable] of this.#bindings) {
      const outcome = this.lab.outcome(thread);
      if (outcome === null) continue;
      this.#bindings.delete(thread);
      const label = this.#bind(thread, variable, outcome);
      if (label !== null) renamed.push(label);
    }
    if (renamed.length > 0) this.lab.look();
    return { changed: linesOf(steps, renamed), answered };
  }

  /** `x` is the name or address of an answer, `x.field` any number of it; of a message `x.reply`, `x.0`, `x.1` … */
  #bind(thread: Thread, variable: string, outcome: Outcome): [was: string, is: string] | null {
    const set = (key: string, value: unknown): void => {
      if (typeof value === 'number') this.#variables.set(`${thread.task.name}.${key}`, value);
    };
    const answer = answerOf(outcome);
    set(variable, answer['name'] ?? answer['address'] ?? answer['refs'] ?? answer['reply']);
    for (const [key, value] of Object.entries(answer)) {
      set(`${variable}.${key}`, value);
      if (Array.isArray(value)) value.forEach((each, at) => set(`${variable}.${at}`, each));
    }
    const port = thread.task.space.lookup(portName(Number(answer['name'] ?? 0)))?.port;
    if (port === undefined || port === null || port.space !== thread.task.space) return null;
    const was = this.lab.labels.port(port);
    const label = `${thread.task.name}.${variable}`;
    if (!/^port\d+$/.test(was)) return null;
    this.lab.labels.call(port, label);
    return [was, label];
  }

  #show(what: string, line: number): readonly string[] {
    const { lab } = this;
    if (this.#tasks.has(what)) return spaceTable(lab.state, what);
    switch (what) {
      case 'census':
        this.#census = lab.census();
        return censusTable(this.#census);
      case 'growth':
        return this.#census === null
          ? ['there is no census to compare with']
          : growthTable(growth(this.#census, lab.census()));
      case 'mermaid':
        return mermaidOf(lab.state);
      case 'dot':
        return dotOf(lab.state);
      default:
        throw new ScriptError(line, `show census, growth, mermaid, dot or a task, not ${what}`);
    }
  }

  #value(statement: CallStatement, value: ScriptValue): unknown {
    if (value.kind === 'data') return value.data;
    const word = value.kind === 'word' ? value.word : value.name;
    const variable = this.#variables.get(`${this.#actor(statement).task.name}.${word}`);
    const plain = variable ?? (word === 'NULL' ? MACH_PORT_NULL : word === 'DEAD' ? MACH_PORT_DEAD : null);
    if (value.kind === 'right') {
      const name = plain ?? (/^\d+$/.test(word) ? Number(word) : null);
      if (name === null) throw new ScriptError(statement.line, `${statement.actor} has no ${word}`);
      return { name, disposition: dispositionOf(value.disposition, statement.line) };
    }
    if (plain === null && /^[a-z]/.test(word))
      throw new ScriptError(statement.line, `${statement.actor} has no ${word}`);
    return plain ?? word;
  }

  #actorCall(statement: CallStatement): ActorCall {
    const args = statement.args.map(([key, value]) => [key, this.#value(statement, value)] as const);
    const at = `line ${statement.line}`;
    if (!isKernelCall(statement.op)) return { kind: 'msg', call: messageCall(statement, args), at };
    const { on, ...fields } = Object.fromEntries(args);
    const form = CALL_FORMS[statement.op];
    for (const key of Object.keys(fields)) {
      const known = Object.hasOwn(form.fields, key) || form.rights.some((each) => each.replace('[]', '') === key);
      if (known) continue;
      const takes = [...Object.keys(form.fields), ...form.rights].join(', ');
      throw new ScriptError(statement.line, `${statement.op} takes ${takes === '' ? 'nothing' : takes}; not ${key}`);
    }
    const request = { op: statement.op, ...fields } as unknown as KernelRequest;
    return on === undefined ? { kind: 'self', request, at } : { kind: 'kernel', port: on as PortName, request, at };
  }
}

/** What several steps have changed in all; ports by the labels that they have got meanwhile. */
const linesOf = (steps: readonly Step[], renamed: readonly (readonly [string, string])[]): string[] => {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return [];
  const lines = steps.length === 1 ? first.lines : changeLines(changeOf(first.before, last.after));
  return lines.map((line) =>
    renamed.reduce((text, [was, is]) => text.replaceAll(new RegExp(`\\b${was}\\b`, 'g'), is), line),
  );
};

const DISPOSITIONS: Readonly<Record<string, unknown>> = dispositions;

const dispositionOf = (text: string, line: number): number => {
  const found = /^\d+$/.test(text) ? Number(text) : /^(MAKE|MOVE|COPY)_/.test(text) ? DISPOSITIONS[text] : undefined;
  if (typeof found !== 'number') throw new ScriptError(line, `there is no disposition ${text}`);
  return found;
};

type Arguments = readonly (readonly [key: string, value: unknown])[];

const MESSAGE_ARGUMENTS: readonly string[] = [
  'to',
  'reply',
  'id',
  'body',
  'right',
  'memory',
  'from',
  'timeout',
  'limit',
  'large',
  'notify',
];

const messageCall = ({ op, line }: CallStatement, args: Arguments): MsgCall => {
  const wrong = args.find(([key]) => !MESSAGE_ARGUMENTS.includes(key));
  if (wrong !== undefined) throw new ScriptError(line, `${op} takes ${MESSAGE_ARGUMENTS.join(', ')}; not ${wrong[0]}`);
  const of = (key: string): unknown => args.find(([each]) => each === key)?.[1];
  const options = {
    ...(of('timeout') === undefined ? {} : { timeoutMs: of('timeout') as number }),
    ...(of('notify') === undefined ? {} : { notify: of('notify') as PortName }),
  };
  const receive = op === 'send' ? undefined : (of('from') as PortName | undefined);
  if (op !== 'send' && receive === undefined) throw new ScriptError(line, `${op} from=NAME`);
  const receiveOptions: ReceiveOptions = {
    ...options,
    ...(of('limit') === undefined ? {} : { limit: of('limit') as number }),
    ...(of('large') === undefined ? {} : { large: of('large') as boolean }),
  };
  return {
    ...(op === 'receive'
      ? {}
      : { send: draftOf(args, line), ...(op === 'send' ? { sendOptions: options as SendOptions } : {}) }),
    ...(receive === undefined ? {} : { receive, receiveOptions }),
  };
};

interface Right {
  readonly name: PortName;
  readonly disposition: number;
}

const draftOf = (args: Arguments, line: number): Draft => {
  const of = (key: string): unknown => args.find(([each]) => each === key)?.[1];
  const to = of('to');
  if (typeof to !== 'object' || to === null) throw new ScriptError(line, 'to=NAME:DISPOSITION');
  const reply = of('reply') as Right | undefined;
  const descriptors = args.flatMap(([key, value]): DraftItem[] => {
    if (key === 'right') return [{ kind: 'port', ...(value as Right) }];
    return key === 'memory' ? [{ kind: 'ool', ...(value as { address: number; size: number }) }] : [];
  });
  return {
    remote: (to as Right).name,
    remoteDisposition: (to as Right).disposition,
    ...(reply === undefined ? {} : { local: reply.name, localDisposition: reply.disposition }),
    id: (of('id') as number | undefined) ?? 0,
    ...(of('body') === undefined ? {} : { body: of('body') as NonNullable<Draft['body']> }),
    ...(descriptors.length === 0 ? {} : { descriptors }),
  };
};

/** An answer as a script sees it: of a message its id, body, reply and rights. */
const answerOf = (outcome: Outcome): Readonly<Record<string, unknown>> => {
  const { kr: _, message, ...fields } = outcome;
  if (!('message' in outcome)) return fields;
  if (message === null || message === undefined) return {};
  if (outcome['returned'] === true) return { returned: true };
  const { id, body, remote, items, seqno } = message as Received;
  const rights = (items ?? []).flatMap((item) =>
    item.kind === 'port' ? [item.name] : item.kind === 'ool_ports' ? item.names : [],
  );
  return {
    id,
    seqno,
    ...(body === undefined ? {} : { body }),
    ...(remote === 0 ? {} : { reply: remote }),
    ...(rights.length === 0 ? {} : { rights }),
  };
};
