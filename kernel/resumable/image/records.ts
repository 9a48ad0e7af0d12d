/**
 * Objects of the runtime that a thread consists of, and how each becomes data: its fields by name, all others as the
 * constructor makes them. What the runtime relies on without looking is looked at here (`isSound`).
 */
import { KCall } from '../call.ts';
import { Fiber, Future, Group, Join, JoinSlot } from '../fiber.ts';
import { Delegate, Enter, Frame, Yielded } from '../frame.ts';
import { AsyncGen, Gen, Question } from '../generator.ts';
import {
  AsyncIter,
  AsyncStep,
  CollectionIter,
  Delegated,
  KeysIter,
  ListIter,
  TextIter,
  UserIter,
} from '../iterators.ts';

/** How objects of one class become data. */
export interface RecordCode {
  readonly name: string;
  /** What a refusal calls it. */
  readonly noun: string;
  readonly prototype: object;
  /** A new one, whose fields will be set. */
  readonly make: () => object;
  readonly fields: readonly string[];
  /** Data may hold it, too; all others are a thread's. */
  readonly isData: boolean;
  /** Why it cannot be frozen as it is now; null if it can. */
  readonly refuses: (value: object) => string | null;
  /** Whether its fields, all set, are what the runtime relies on. */
  readonly isSound: (value: object) => boolean;
}

interface Description<T extends object> {
  readonly noun: string;
  readonly of: { readonly prototype: T };
  readonly make: () => T;
  readonly fields: readonly (keyof T & string)[];
  readonly refuses?: (value: T) => string | null;
  readonly isSound?: (value: T) => boolean;
}

const code = <T extends object>(name: string, description: Description<T>): RecordCode => {
  const { noun, of, make, fields, refuses, isSound } = description;
  return {
    name,
    noun,
    prototype: of.prototype,
    make,
    fields,
    isData: false,
    refuses: (value) => refuses?.(value as T) ?? null,
    isSound: (value) => isSound?.(value as T) ?? true,
  };
};

const NONE = null as never;
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
/** An index of an iterator; -1 if it is over. */
const isIndex = (value: unknown): boolean => value === -1 || isCount(value);
const isMode = (value: unknown): boolean => isCount(value) && (value as number) <= 4;
const isFlag = (value: unknown): boolean => typeof value === 'boolean';
const isIterateKind = (value: unknown): boolean => value === 'values' || value === 'keys' || value === 'entries';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isList = (value: unknown, holds: (item: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every((item) => holds(item));
const hasNext = (value: unknown): boolean => isObject(value) || typeof value === 'function';

const isEnd = (value: unknown): boolean => value === null || value instanceof Future || value instanceof JoinSlot;
const isWords = (value: unknown): boolean =>
  value === null || (isList(value, (word) => typeof word === 'number') && (value as unknown[]).length === 4);

const settlement: readonly (keyof Future & string)[] = ['settled', 'value', 'waiting', 'fiber'];

const isSettlement = ({ settled, waiting, fiber }: Future): boolean => {
  if (fiber !== null && !(fiber instanceof Fiber)) return false;
  if (settled !== 0) return (settled === 1 || settled === 2) && waiting === null;
  return isList(waiting, (each) => each instanceof Fiber || each instanceof JoinSlot);
};

const isJoin = (value: Join): boolean =>
  isSettlement(value) &&
  ['all', 'allSettled', 'race', 'any'].includes(value.kind) &&
  isCount(value.left) &&
  Array.isArray(value.outcomes);

/** A fiber that has a call to make, or made one, knows which. */
const isFiber = ({ group, stack, phase, wait, mode, end, isCancelled }: Fiber): boolean => {
  const isOwed = phase > 1 || wait instanceof KCall;
  const isWait = wait === null || wait instanceof KCall || wait instanceof Future;
  return (
    group instanceof Group &&
    isList(stack, (frame) => frame instanceof Frame) &&
    isCount(phase) &&
    phase <= 3 &&
    isOwed &&
    isWait &&
    isMode(mode) &&
    isEnd(end) &&
    isFlag(isCancelled)
  );
};

const threads: readonly RecordCode[] = [
  code('group', {
    noun: 'what the fibers of a program share',
    of: Group,
    make: () => new Group(),
    fields: ['lastTime', 'offset', 'random', 'sleepPort', 'replyPorts'],
    isSound: ({ lastTime, offset, random, sleepPort, replyPorts }) =>
      typeof lastTime === 'number' &&
      typeof offset === 'number' &&
      isWords(random) &&
      isCount(sleepPort) &&
      isList(replyPorts, isCount),
  }),
  code('fiber', {
    noun: 'a running thread',
    of: Fiber,
    make: () => new Fiber(NONE, null),
    fields: ['group', 'stack', 'phase', 'wait', 'mode', 'value', 'end', 'isCancelled', 'reason'],
    isSound: isFiber,
  }),
  code('future', {
    noun: 'the future of a call',
    of: Future,
    make: () => new Future(),
    fields: settlement,
    isSound: isSettlement,
  }),
  code('join', {
    noun: 'the future of several calls',
    of: Join,
    make: () => new Join('all'),
    fields: [...settlement, 'kind', 'left', 'outcomes'] as (keyof Join & string)[],
    isSound: isJoin,
  }),
  code('slot', {
    noun: 'a call that others wait for',
    of: JoinSlot,
    make: () => new JoinSlot(NONE, 0),
    fields: ['join', 'index'],
    isSound: ({ join, index }) => join instanceof Join && isCount(index) && index <= join.outcomes.length + join.left,
  }),
  code('call', {
    noun: 'a kernel call',
    of: KCall,
    make: () => new KCall('', undefined, undefined, undefined),
    fields: ['op', 'a', 'b', 'c'],
    isSound: ({ op }) => typeof op === 'string',
  }),
];

const generators: readonly RecordCode[] = [
  code('generator', {
    noun: 'a generator',
    of: Gen,
    make: () => new Gen(NONE),
    fields: ['frame', 'inner'],
    refuses: ({ isRunning }) => (isRunning ? 'is a generator that runs now' : null),
    isSound: ({ frame, inner }) => frame instanceof Frame && (inner === null || hasNext(inner)),
  }),
  code('async-generator', {
    noun: 'an async generator',
    of: AsyncGen,
    make: () => new AsyncGen(NONE),
    fields: ['frame', 'isBusy', 'turns', 'inner'],
    isSound: ({ frame, isBusy, turns, inner }) =>
      frame instanceof Frame &&
      isFlag(isBusy) &&
      isList(turns, (turn) => turn instanceof Future) &&
      (inner === null || hasNext(inner)),
  }),
  code('question', {
    noun: 'a question to an async generator',
    of: Question,
    make: () => new Question(NONE, 0, undefined),
    fields: ['$n', 'of', 'mode', 'value'],
    isSound: ({ $n, of, mode }) => isIndex($n) && $n <= 4 && of instanceof AsyncGen && isMode(mode),
  }),
  code('enter', {
    noun: 'a step of an async generator',
    of: Enter,
    make: () => new Enter(NONE, 0, undefined),
    fields: ['frame', 'mode', 'value'],
    isSound: ({ frame, mode }) => frame instanceof Frame && isMode(mode),
  }),
  code('yielded', {
    noun: 'a value on its way out of a generator',
    of: Yielded,
    make: () => new Yielded(undefined),
    fields: ['value'],
  }),
  code('delegate', {
    noun: 'an iterator that a generator delegates to',
    of: Delegate,
    make: () => new Delegate(undefined),
    fields: ['target'],
  }),
];

/** The position of a native iterator has to be found before it can be read. */
const placed = (iterator: CollectionIter): null => {
  iterator.position();
  return null;
};

const isPlaced = ({ collection, kind, index }: CollectionIter): boolean =>
  (collection instanceof Map || collection instanceof Set) &&
  isIterateKind(kind) &&
  isIndex(index) &&
  index <= collection.size;

/** From now on it keeps its place, whatever becomes of the collection before the loop's next turn. */
const stands = (iterator: CollectionIter): true => {
  iterator.open();
  return true;
};

const iterators: readonly RecordCode[] = [
  code('list-iterator', {
    noun: 'the iterator of a loop',
    of: ListIter,
    make: () => new ListIter([], 'values'),
    fields: ['list', 'kind', 'index', 'value'],
    isSound: ({ list, kind, index }) => isObject(list) && isIterateKind(kind) && isIndex(index),
  }),
  code('text-iterator', {
    noun: 'the iterator of a loop',
    of: TextIter,
    make: () => new TextIter(''),
    fields: ['text', 'index', 'value'],
    isSound: ({ text, index }) => typeof text === 'string' && isIndex(index),
  }),
  code('collection-iterator', {
    noun: 'the iterator of a loop',
    of: CollectionIter,
    make: () => new CollectionIter(new Map(), 'values'),
    fields: ['collection', 'kind', 'index', 'value'],
    refuses: placed,
    isSound: (iterator) => isPlaced(iterator) && stands(iterator),
  }),
  code('user-iterator', {
    noun: 'the iterator of a loop',
    of: UserIter,
    make: () => new UserIter(NONE),
    fields: ['iterator', 'isOver', 'value'],
    isSound: ({ iterator, isOver }) => hasNext(iterator) && isFlag(isOver),
  }),
  code('delegated-iterator', {
    noun: 'an iterator that a generator delegates to',
    of: Delegated,
    make: () => new Delegated(NONE),
    fields: ['iter'],
    isSound: ({ iter }) => iter instanceof ListIter || iter instanceof TextIter || iter instanceof CollectionIter,
  }),
  code('keys-iterator', {
    noun: 'the iterator of a loop',
    of: KeysIter,
    make: () => new KeysIter({}, []),
    fields: ['object', 'keys', 'index', 'value'],
    isSound: ({ object, keys, index }) =>
      hasNext(object) && isList(keys, (key) => typeof key === 'string') && isCount(index),
  }),
  code('async-iterator', {
    noun: 'the iterator of a loop',
    of: AsyncIter,
    make: () => new AsyncIter(NONE, false),
    fields: ['iterator', 'isSync', 'isOver'],
    isSound: ({ iterator, isSync, isOver }) => hasNext(iterator) && isFlag(isSync) && isFlag(isOver),
  }),
  code('async-step', {
    noun: 'a step of a loop',
    of: AsyncStep,
    make: () => new AsyncStep(NONE, false),
    fields: ['$n', 'of', 'isReturn'],
    isSound: ({ $n, of, isReturn }) => isIndex($n) && $n <= 1 && of instanceof AsyncIter && isFlag(isReturn),
  }),
];

const codes: readonly RecordCode[] = [...threads, ...generators, ...iterators];

const byPrototype: ReadonlyMap<unknown, RecordCode> = new Map(codes.map((each) => [each.prototype, each]));
const byName: ReadonlyMap<string, RecordCode> = new Map(codes.map((each) => [each.name, each]));

/** How this object becomes data, if it is of the runtime. */
export const recordOf = (value: object): RecordCode | undefined => byPrototype.get(Object.getPrototypeOf(value));

/** The code of a name. */
export const recordNamed = (name: string): RecordCode | undefined => byName.get(name);
