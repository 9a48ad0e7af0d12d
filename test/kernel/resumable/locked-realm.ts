/**
 * A process whose realm is locked before anything runs: `node --import tsx locked-realm.ts`. It cannot be unlocked, so
 * no test file can do it for itself. Tells what came of it, as JSON.
 */
import process from 'node:process';
import { inspect } from 'node:util';
import { Command } from 'commander';
import { produce } from 'immer';
import { match } from 'ts-pattern';
import { v4 } from 'uuid';
import * as v from 'valibot';
import { LOCKED, lockIntrinsics } from '../../../kernel/resumable/lock/lock.ts';
import { OVERRIDABLE } from '../../../kernel/resumable/lock/overridable.ts';
import { moved as asImage, Problem } from './image-scene.ts';
import { moved, Stage, stayed } from './sys-scene.ts';

/** Assignments that others would notice, each as a program writes it. */
const CRIMES = [
  'Array.prototype.map = () => []',
  'Array.prototype.toString = () => "mine"',
  'Array.prototype.extra = 1',
  'Object.prototype.extra = 1',
  'Object.prototype.toString = () => "mine"',
  'Object.prototype.constructor = null',
  'Map.prototype.get = () => 0',
  'Map.prototype.get.call = null',
  'Error.prototype.name = "Mine"',
  'TypeError.prototype.name = "Mine"',
  'Error.prepareStackTrace = () => "mine"',
  'Error.stackTraceLimit = 0',
  'RegExp.input = "mine"',
  'Object.keys = () => []',
  'Math.max = () => 0',
  'JSON.stringify = () => ""',
  'Object.getPrototypeOf([][Symbol.iterator]()).next = () => ({ done: true })',
  'Object.getPrototypeOf(new Map().keys()).next = null',
  'Object.getPrototypeOf(Uint8Array.prototype).set = null',
  'Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())).extra = 1',
  'Object.setPrototypeOf(Array.prototype, null)',
  'Object.defineProperty(Set.prototype, "has", { value: () => true })',
  'delete String.prototype.at',
  'Date.prototype.getTime = () => 0',
] as const;

const VANDAL = `export async function main(sys, { log }) {
  const tries = [${CRIMES.map((crime) => `() => { ${crime}; }`).join(', ')}];
  for (const attempt of tries) {
    let came = 'done';
    try { attempt(); } catch (error) { came = error instanceof TypeError ? 'TypeError' : String(error); }
    await sys.send(log, came);
  }
}`;

/** What a neighbour of it relies on, with waits in between. */
const NEIGHBOUR = `class Mine extends Error { constructor(text) { super(text); this.name = 'Mine'; } }
export async function main(sys, { log }) {
  const counts = {};
  for (const word of ['constructor', 'toString', 'constructor']) {
    counts[word] = (Object.hasOwn(counts, word) ? counts[word] : 0) + 1;
    await sys.send(log, counts[word]);
  }
  const own = { n: 1 };
  own.toString = () => 'own ' + own.n;
  own.valueOf = () => 7;
  try { await sys.sleep(1); throw new Mine('x'); } catch (error) { await sys.send(log, String(error)); }
  const seen = new Map([['a', [3, 1, 2].map((each) => each * 2)]]);
  for (const [key, list] of seen) await sys.send(log, key + list + own + (own + 1));
}`;

/** Whether an object and the functions that it has can still be changed. */
const isLoose = (value: unknown): boolean => !Object.isFrozen(value);

const loose = (): string[] =>
  LOCKED.filter((name) => {
    const found = (globalThis as unknown as Record<string, { readonly prototype?: object } | undefined>)[name];
    return found !== undefined && (isLoose(found) || isLoose(found.prototype ?? null));
  });

/** Libraries that a node is made of, at work. */
const libraries = (): unknown[] => {
  const command = new Command('x').option('-n <n>').exitOverride();
  command.parse(['-n', '4'], { from: 'user' });
  const schema = v.object({ name: v.pipe(v.string(), v.minLength(2)) });
  const draft = produce({ list: [1], map: new Map([['a', 1]]) }, (state) => {
    state.list.push(2);
  });
  return [
    command.opts()['n'],
    v.safeParse(schema, { name: 'ab' }).success,
    v.safeParse(schema, { name: 'a' }).success,
    draft.list,
    match<number, string>(4)
      .with(4, () => 'four')
      .otherwise(() => 'other'),
    v4().length,
  ];
};

/** Assignments over what is locked, in objects of one's own. */
const overrides = (): unknown[] => {
  class Mine extends TypeError {
    constructor(text: string) {
      super(text);
      this.name = 'Mine';
    }
  }
  const old = Object.create(Error.prototype) as Error;
  old.message = 'old';
  const all = [...OVERRIDABLE].flatMap(([, keys]) =>
    keys.map((key) => Reflect.set(Object.create(Object.prototype) as object, key, 1)),
  );
  const frozen = Object.freeze({});
  return [String(new Mine('x')), String(old), all.every(Boolean), Reflect.ownKeys(old), inspect({ a: new Error('e') })]
    .concat([Object.isFrozen(frozen), inspect({ a: [1], m: new Map([[1, 2]]) })])
    .map((each) => (typeof each === 'string' ? each.split('\n').slice(0, 2).join('') : each));
};

const main = (): unknown => {
  const before = stayed(NEIGHBOUR);
  lockIntrinsics();
  const names = Object.getOwnPropertyDescriptor(Object.prototype, 'toString')?.get;
  lockIntrinsics();
  const vandal = new Stage(VANDAL);
  while (vandal.task !== undefined) vandal.pass(5);
  const problem = asImage({ toString: Object.prototype.toString, error: new Problem('deep', { at: 1 }) });
  return {
    crimes: vandal.log.map((came, at) => `${CRIMES[at] ?? 'none'}: ${String(came)}`),
    failures: vandal.failures,
    before,
    after: moved(NEIGHBOUR).log,
    loose: loose(),
    isIdempotent: Object.getOwnPropertyDescriptor(Object.prototype, 'toString')?.get === names,
    libraries: libraries(),
    overrides: overrides(),
    image: [problem.toString === Object.prototype.toString, String(problem.error), problem.error.detail],
  };
};

process.stdout.write(JSON.stringify(main()));
