/**
 * A script for a laboratory, as text: a statement a line (`README.md`). Reading it runs nothing; what is wrong is told
 * with its line.
 */
import type { KernelRequest } from '../interface/calls.ts';
import { CALL_FORMS } from '../interface/ids.ts';

/** A value as a script writes it. */
export type ScriptValue =
  /** A word: a variable, or itself (`RECEIVE`). */
  | { readonly kind: 'word'; readonly word: string }
  /** A name and what is done to its right: `p:MAKE_SEND`. */
  | { readonly kind: 'right'; readonly name: string; readonly disposition: string }
  | { readonly kind: 'data'; readonly data: unknown };

/** A call of an actor. */
export interface CallStatement {
  readonly kind: 'call';
  readonly line: number;
  readonly actor: string;
  /** The variable that the answer is kept in. */
  readonly bind: string | null;
  /** `send`, `receive`, `rpc`, or a kernel call. */
  readonly op: string;
  /** Arguments in order; one may come several times. */
  readonly args: readonly (readonly [key: string, value: ScriptValue])[];
}

/** One line. */
export type Statement =
  | CallStatement
  | { readonly kind: 'profile'; readonly line: number; readonly name: string }
  | { readonly kind: 'task'; readonly line: number; readonly name: string }
  | { readonly kind: 'thread'; readonly line: number; readonly name: string; readonly task: string }
  | {
      readonly kind: 'give';
      readonly line: number;
      readonly from: string;
      readonly name: string;
      readonly to: string;
      readonly as: string;
      readonly disposition: string;
    }
  | { readonly kind: 'advance'; readonly line: number; readonly ms: number }
  | { readonly kind: 'show'; readonly line: number; readonly what: string }
  /** From here on only each actor's own order counts: all others are tried. */
  | { readonly kind: 'explore'; readonly line: number };

/** A script cannot be read, or a line of it cannot be done. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  readonly line: number;

  constructor(line: number, text: string) {
    super(`line ${line}: ${text}`);
    this.line = line;
  }
}

/** Lines of one script. */
const LINES_MAX = 10_000;
const WORD = '[A-Za-z_][\\w.]*';
const CALL = new RegExp(`^(${WORD})\\s+(?:(${WORD})\\s*=\\s*)?([a-z_]+)(?:\\s+(.*))?$`);
const GIVE = new RegExp(`^give\\s+(${WORD})\\.(\\w+)\\s+to\\s+(${WORD})\\s+as\\s+(\\w+)(?:\\s+with\\s+([A-Z_]+))?$`);
const THREAD = new RegExp(`^thread\\s+(${WORD})\\s+in\\s+(${WORD})$`);
const MESSAGE_CALLS: readonly string[] = ['send', 'receive', 'rpc'];

/** Reads a script. Throws a `ScriptError`. */
export const readScript = (text: string): Statement[] => {
  const lines = text.split(/\r?\n/);
  if (lines.length > LINES_MAX) throw new ScriptError(LINES_MAX, `a script has at most ${LINES_MAX} lines`);
  return lines.flatMap((raw, index) => {
    const source = raw.replace(/(^|\s)#.*$/, '').trim();
    return source === '' ? [] : [readLine(source, index + 1)];
  });
};

const readLine = (source: string, line: number): Statement => {
  const [first = '', second = ''] = source.split(/\s+/);
  switch (first) {
    case 'profile':
      return { kind: 'profile', line, name: second };
    case 'task':
      if (!new RegExp(`^${WORD}$`).test(second)) throw new ScriptError(line, 'task NAME');
      return { kind: 'task', line, name: second };
    case 'thread': {
      const [, name = '', task = ''] = THREAD.exec(source) ?? [];
      if (name === '') throw new ScriptError(line, 'thread NAME in TASK');
      return { kind: 'thread', line, name, task };
    }
    case 'give': {
      const [, from = '', name = '', to = '', as = '', disposition = 'MAKE_SEND'] = GIVE.exec(source) ?? [];
      if (from === '') throw new ScriptError(line, 'give TASK.name to TASK as name with DISPOSITION');
      return { kind: 'give', line, from, name, to, as, disposition };
    }
    case 'advance': {
      const ms = Number(second);
      if (!(ms >= 0)) throw new ScriptError(line, 'advance MILLISECONDS');
      return { kind: 'advance', line, ms };
    }
    case 'show':
      return { kind: 'show', line, what: second };
    case 'explore':
      return { kind: 'explore', line };
    default:
      return readCall(source, line);
  }
};

const readCall = (source: string, line: number): CallStatement => {
  const [, actor = '', bind, op = '', rest = ''] = CALL.exec(source) ?? [];
  if (actor === '') throw new ScriptError(line, `not understood: ${source}`);
  if (!MESSAGE_CALLS.includes(op) && !Object.hasOwn(CALL_FORMS, op)) {
    const like = Object.keys(CALL_FORMS).filter((each) => each.includes(op.split('_').at(-1) ?? op));
    throw new ScriptError(
      line,
      `there is no call ${op}${like.length > 0 ? `; there is ${like.slice(0, 4).join(', ')}` : ''}`,
    );
  }
  return { kind: 'call', line, actor, bind: bind ?? null, op, args: readArguments(rest, line) };
};

/** True for the name of a kernel call. */
export const isKernelCall = (op: string): op is KernelRequest['op'] => Object.hasOwn(CALL_FORMS, op);

/** `key=value` several times; a value is a word, `word:WORD`, a number, or JSON, in which there may be spaces. */
const readArguments = (text: string, line: number): [string, ScriptValue][] => {
  const found: [string, ScriptValue][] = [];
  let rest = text.trim();
  while (rest !== '') {
    const key = /^(\w+)=/.exec(rest)?.[1];
    if (key === undefined) throw new ScriptError(line, `an argument is key=value, not ${rest}`);
    rest = rest.slice(key.length + 1);
    const length = /^[[{"]/.test(rest) ? jsonLength(rest) : rest.search(/\s|$/);
    found.push([key, readValue(rest.slice(0, length), line)]);
    rest = rest.slice(length).trim();
  }
  return found;
};

/** Characters of the JSON value that a text begins with: strings and brackets are followed, no more. */
const jsonLength = (text: string): number => {
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? '';
    if (isString) {
      if (sign === '\\') at += 1;
      else if (sign === '"') isString = false;
    } else if (sign === '"') isString = true;
    else if (sign === '[' || sign === '{') depth += 1;
    else if (sign === ']' || sign === '}') depth -= 1;
    if (depth === 0 && !isString) return at + 1;
  }
  return text.length;
};

const readValue = (text: string, line: number): ScriptValue => {
  if (/^-?\d/.test(text) || /^[[{"]/.test(text) || /^(true|false|null)$/.test(text)) {
    try {
      return { kind: 'data', data: JSON.parse(text) as unknown };
    } catch {
      throw new ScriptError(line, `no JSON: ${text}`);
    }
  }
  const [, name, disposition] = /^([\w.]+):([A-Z_]+|\d+)$/.exec(text) ?? [];
  if (name !== undefined && disposition !== undefined) return { kind: 'right', name, disposition };
  if (!/^[\w.]+$/.test(text)) throw new ScriptError(line, `not a value: ${text}`);
  return { kind: 'word', word: text };
};
