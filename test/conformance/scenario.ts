/**
 * Scenario files: their types, and the gate through which they come in. What `loadFile` hands out has the shape
 * of FORMAT.md; whatever has not is refused with the file, the case and the step that are wrong.
 */
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

/** `[actor, call, args, expect]` */
export type Step = readonly [actor: string, call: string, args: JsonObject, expect: Json];

export type CaseProfile = 'mach3' | 'xnu' | 'both' | 'ext';
export type Codec = 'wire' | 'typed';

export interface Case {
  readonly id: string;
  readonly title: string;
  readonly profile: CaseProfile;
  readonly tasks: readonly string[];
  readonly relocatable: boolean;
  /** Only these tasks may be moved; absent: all. */
  readonly relocate?: readonly string[];
  readonly needs: readonly Codec[];
  readonly strict: boolean;
  readonly vary: { readonly [name: string]: readonly (string | number)[] };
  readonly given: readonly JsonObject[];
  readonly steps: readonly Step[];
}

export interface ScenarioFile {
  readonly file: string;
  readonly topic: string;
  readonly title: string;
  readonly cases: readonly Case[];
}

/** The scenario is wrong, not the kernel. */
export class ScenarioError extends Error {
  override readonly name = 'ScenarioError';
}

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const NESTING_MAX = 8; // of `repeat`, `if` and `interleave` in one another
const REPEATS_MAX = 10_000_000;
const PROFILES: readonly string[] = ['mach3', 'xnu', 'both', 'ext'];
const CODECS: readonly string[] = ['wire', 'typed'];
const WIRES: readonly string[] = [
  'receive',
  'send',
  'send_once',
  'set',
  'task_port',
  'thread_port',
  'host_priv',
  'service',
];

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);

export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);

/** The task that an actor belongs to: `A.2` is a thread of `A`. */
export const taskOf = (actor: string): string => actor.split('.', 1)[0] ?? actor;

export const loadFile = (path: string): ScenarioFile => {
  const file = basename(path);
  const size = statSync(path).size;
  if (size > FILE_BYTES_MAX) throw new ScenarioError(`${file}: ${size} bytes, more than ${FILE_BYTES_MAX}`);
  return parseFile(file, readFileSync(path, 'utf8'));
};

export const parseFile = (file: string, source: string): ScenarioFile => {
  const value = parseJson(file, source);
  if (!isObject(value)) throw new ScenarioError(`${file}: not an object`);
  const cases = list(value, 'cases', file).map((each, index) => readCase(each, `${file}: case ${index + 1}`, file));
  const seen = new Set<string>();
  for (const { id } of cases) {
    if (seen.has(id)) throw new ScenarioError(`${file}: ${id}: the id occurs twice`);
    seen.add(id);
  }
  return { file, topic: text(value, 'topic', file), title: text(value, 'title', file), cases };
};

const parseJson = (file: string, source: string): Json => {
  try {
    return JSON.parse(source) as Json;
  } catch (error) {
    throw new ScenarioError(`${file}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const readCase = (value: Json, nth: string, file: string): Case => {
  if (!isObject(value)) throw new ScenarioError(`${nth}: not an object`);
  const id = text(value, 'id', nth);
  const where = `${file}: ${id}`;
  const tasks = texts(value, 'tasks', where);
  const steps = list(value, 'steps', where);
  steps.forEach((step, index) => checkStep(step, `${where}: step ${index + 1}`, 0));
  const read: Case = {
    id,
    title: text(value, 'title', where),
    profile: oneOf(value['profile'], PROFILES, `${where}: profile`) as CaseProfile,
    tasks,
    relocatable: flag(value, 'relocatable', where),
    ...('relocate' in value ? { relocate: texts(value, 'relocate', where) } : {}),
    needs: 'needs' in value ? readNeeds(value, where) : [],
    strict: 'strict' in value ? flag(value, 'strict', where) : false,
    vary: 'vary' in value ? readVary(value['vary'], where) : {},
    given: list(value, 'given', where).map((wire, index) => readWire(wire, tasks, `${where}: given ${index + 1}`)),
    steps: steps as readonly Json[] as readonly Step[],
  };
  checkActors(read, where);
  return read;
};

const readNeeds = (value: JsonObject, where: string): readonly Codec[] =>
  texts(value, 'needs', where).map((need) => oneOf(need, CODECS, `${where}: needs`) as Codec);

const readVary = (value: Json | undefined, where: string): Case['vary'] => {
  if (!isObject(value)) throw new ScenarioError(`${where}: vary: not an object`);
  for (const [name, choices] of Object.entries(value)) {
    const fine =
      isList(choices) &&
      choices.length > 0 &&
      choices.every((choice) => typeof choice === 'string' || typeof choice === 'number');
    if (!fine) throw new ScenarioError(`${where}: vary: ${name}: not a list of strings or numbers`);
  }
  return value as Case['vary'];
};

const readWire = (wire: Json, tasks: readonly string[], where: string): JsonObject => {
  if (!isObject(wire)) throw new ScenarioError(`${where}: not an object`);
  const kinds = WIRES.filter((kind) => kind in wire);
  if (kinds.length !== 1) throw new ScenarioError(`${where}: not exactly one of ${WIRES.join(' ')}`);
  if (kinds[0] === 'service') return wire;
  const holder = text(wire, 'in', where);
  if (!holder.includes('{') && !tasks.includes(holder)) throw new ScenarioError(`${where}: no task ${holder}`);
  return wire;
};

/** A step, and the steps inside it. */
const checkStep = (step: Json, where: string, depth: number): void => {
  if (depth > NESTING_MAX) throw new ScenarioError(`${where}: nested deeper than ${NESTING_MAX}`);
  if (!isList(step) || step.length !== 4) throw new ScenarioError(`${where}: not [actor, call, args, expect]`);
  const [actor, call, args, expect] = step;
  if (typeof actor !== 'string' || actor === '') throw new ScenarioError(`${where}: the actor is not a string`);
  if (typeof call !== 'string' || call === '') throw new ScenarioError(`${where}: the call is not a string`);
  if (!isObject(args)) throw new ScenarioError(`${where}: ${call}: the args are not an object`);
  if (typeof expect !== 'string' && !isObject(expect)) {
    throw new ScenarioError(`${where}: ${call}: expect is neither a string nor an object`);
  }
  if (actor === '-') checkControl(call, args, { where, depth });
};

const checkControl = (call: string, args: JsonObject, at: { where: string; depth: number }): void => {
  const where = `${at.where}: ${call}`;
  const inner = (steps: readonly Json[], path: string): void =>
    steps.forEach((step, index) => checkStep(step, `${where}: ${path} ${index + 1}`, at.depth + 1));
  if (call === 'repeat') {
    checkCount(args['times'], `${where}: times`);
    inner(list(args, 'do', where), 'do');
  } else if (call === 'if') {
    if (!('value' in args)) throw new ScenarioError(`${where}: value is missing`);
    if ('is' in args === 'isNot' in args) throw new ScenarioError(`${where}: not exactly one of is, isNot`);
    if ('isNot' in args) list(args, 'isNot', where);
    inner(list(args, 'do', where), 'do');
  } else if (call === 'interleave') {
    list(args, 'of', where).forEach((steps, index) => {
      if (!isList(steps)) throw new ScenarioError(`${where}: of ${index + 1}: not a list of steps`);
      inner(steps, `of ${index + 1}:`);
    });
    if ('limit' in args) checkCount(args['limit'], `${where}: limit`);
  } else if (call === 'together') {
    list(args, 'calls', where).forEach((each, index) => {
      const fine =
        isList(each) &&
        each.length === 3 &&
        typeof each[0] === 'string' &&
        typeof each[1] === 'string' &&
        isObject(each[2]);
      if (!fine) throw new ScenarioError(`${where}: calls ${index + 1}: not [actor, call, args]`);
    });
  }
};

/** A count may still be an expression such as `{n}`; it is looked at again when it is known. */
export const checkCount = (count: Json | undefined, where: string): void => {
  if (typeof count === 'string' && count.includes('{')) return;
  const fine = typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= REPEATS_MAX;
  if (!fine) throw new ScenarioError(`${where}: not a whole number from 0 to ${REPEATS_MAX}`);
};

/** Every actor is a task of the case, or is made by one of its steps. */
const checkActors = ({ tasks, steps }: Case, where: string): void => {
  const known = new Set(['-', ...tasks]);
  const visit = (inner: readonly Step[], check: (actor: string, args: JsonObject) => void): void => {
    for (const [actor, call, args] of inner) {
      check(actor, args);
      if (actor !== '-') continue;
      if (call === 'repeat' || call === 'if') visit(args['do'] as readonly Json[] as readonly Step[], check);
      if (call === 'interleave') {
        for (const branch of args['of'] as readonly Json[]) visit(branch as readonly Json[] as readonly Step[], check);
      }
    }
  };
  visit(steps, (_, args) => {
    if (typeof args['as'] === 'string') known.add(taskOf(args['as']));
  });
  visit(steps, (actor) => {
    const unknown = !actor.includes('{') && !known.has(taskOf(actor));
    if (unknown) throw new ScenarioError(`${where}: no task for the actor ${actor}`);
  });
};

const text = (from: JsonObject, key: string, where: string): string => {
  const value = from[key];
  if (typeof value !== 'string' || value === '') throw new ScenarioError(`${where}: ${key} is missing or no string`);
  return value;
};

const texts = (from: JsonObject, key: string, where: string): readonly string[] =>
  list(from, key, where).map((value) => {
    if (typeof value !== 'string') throw new ScenarioError(`${where}: ${key}: not a list of strings`);
    return value;
  });

const list = (from: JsonObject, key: string, where: string): readonly Json[] => {
  const value = from[key];
  if (!isList(value)) throw new ScenarioError(`${where}: ${key} is missing or no list`);
  return value;
};

const flag = (from: JsonObject, key: string, where: string): boolean => {
  const value = from[key];
  if (typeof value !== 'boolean') throw new ScenarioError(`${where}: ${key} is missing or neither true nor false`);
  return value;
};

const oneOf = (value: Json | undefined, choices: readonly string[], where: string): string => {
  if (typeof value === 'string' && choices.includes(value)) return value;
  throw new ScenarioError(`${where}: not one of ${choices.join(' ')}`);
};
