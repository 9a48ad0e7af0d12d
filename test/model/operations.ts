/** Random operations: what happens, in numbers that shrink. Names are picked among those that a task has by then. */
import fc from 'fast-check';

/** Which name is meant: of a kind that the task holds, or a value that is none. */
export type Want = 'send' | 'receive' | 'once' | 'set' | 'dead' | 'any' | 'null' | 'dead value' | 'unknown';

/** A name, chosen when the operation is done. */
export interface Ref {
  readonly want: Want;
  readonly n: number;
}

/** A right: a name, and a disposition; `fits`: one that the name can give. */
export interface RightRef {
  readonly ref: Ref;
  readonly fits: boolean;
  readonly disposition: number;
}

/** One thing that a random message carries. */
export type PartRef =
  | { readonly kind: 'port'; readonly right: RightRef }
  | { readonly kind: 'ool_ports'; readonly right: RightRef; readonly also: readonly Ref[] }
  | { readonly kind: 'ool'; readonly page: number; readonly skip: number; readonly size: number; readonly deallocate: boolean };

/** A random message. */
export interface DraftRef {
  readonly remote: RightRef;
  readonly local: RightRef | null;
  readonly items: readonly PartRef[];
}

/** The receive half of a random call. */
export interface ReceiveRef {
  readonly ref: Ref;
  readonly timeoutMs: number | null;
  readonly limit: 'none' | 'tiny' | 'tiny and large';
  readonly notify: Ref | null;
}

/** One random operation of one task. `via`: which task is meant, 0 for the task itself. */
export type Operation = { readonly task: number } & (
  | { readonly op: 'allocate'; readonly kind: string; readonly name: Ref | number | null; readonly via: number }
  | { readonly op: 'deallocate' | 'destroy'; readonly ref: Ref; readonly via: number }
  | { readonly op: 'mod refs'; readonly ref: Ref; readonly kind: string | number | null; readonly delta: number }
  | { readonly op: 'rename'; readonly ref: Ref; readonly to: Ref | number }
  | { readonly op: 'insert'; readonly name: Ref | number; readonly right: RightRef; readonly via: number }
  | { readonly op: 'extract'; readonly right: RightRef; readonly via: number }
  | { readonly op: 'notification'; readonly ref: Ref; readonly kind: string; readonly sync: number; readonly told: RightRef | null }
  | { readonly op: 'qlimit' | 'mscount' | 'seqno' | 'payload'; readonly ref: Ref; readonly value: number }
  | { readonly op: 'move member' | 'insert member' | 'extract member'; readonly ref: Ref; readonly set: Ref }
  | { readonly op: 'peek'; readonly ref: Ref }
  | { readonly op: 'set special'; readonly which: string; readonly right: RightRef | null }
  | { readonly op: 'get special'; readonly which: string }
  | { readonly op: 'register'; readonly rights: readonly RightRef[] }
  | { readonly op: 'lookup' }
  | { readonly op: 'send now'; readonly draft: DraftRef }
  | { readonly op: 'poll'; readonly ref: Ref }
  | {
      readonly op: 'message';
      readonly draft: DraftRef | null;
      readonly timeoutMs: number | null;
      readonly notify: Ref | null;
      readonly cancel: Ref | null;
      readonly receive: ReceiveRef | null;
    }
  | { readonly op: 'abort' | 'end thread'; readonly n: number }
  | { readonly op: 'advance'; readonly ms: number }
  | { readonly op: 'spawn' }
  | { readonly op: 'terminate'; readonly via: number }
  | { readonly op: 'map'; readonly pages: number }
  | { readonly op: 'unmap' | 'protect' | 'read' | 'write'; readonly page: number; readonly skip: number; readonly size: number }
);

const small = fc.nat({ max: 15 });
const task = fc.nat({ max: 2 });
const ref = (...often: Want[]): fc.Arbitrary<Ref> =>
  fc.record({
    want: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom(...often) },
      { weight: 2, arbitrary: fc.constantFrom<Want>('any', 'dead') },
      { weight: 1, arbitrary: fc.constantFrom<Want>('null', 'dead value', 'unknown') },
    ),
    n: small,
  });
const rightRef = (...often: Want[]): fc.Arbitrary<RightRef> =>
  fc.record({
    ref: ref(...often),
    fits: fc.oneof({ weight: 10, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    disposition: fc.constantFrom(20, 19, 17, 21, 18, 16, 0, 22),
  });
const rare = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 1, nil: null });
const chosenName = fc.nat({ max: 7 });
const timeout = fc.constantFrom(0, null, 5, 20);

const part = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('port' as const), right: rightRef('send', 'receive', 'once', 'receive') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('ool_ports' as const),
      right: rightRef('send', 'receive', 'once'),
      also: fc.array(ref('send', 'receive'), { maxLength: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('ool' as const),
      page: small,
      skip: fc.constantFrom(0, 0, 100),
      size: fc.constantFrom(0, 10, 5000),
      deallocate: fc.boolean(),
    }),
  },
);

const draft: fc.Arbitrary<DraftRef> = fc.record({
  remote: rightRef('send', 'receive', 'receive', 'once'),
  local: fc.option(rightRef('receive', 'send'), { freq: 1, nil: null }),
  items: fc.oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: fc.array(part, { minLength: 1, maxLength: 3 }) }),
});

const receive: fc.Arbitrary<ReceiveRef> = fc.record({
  ref: ref('receive', 'receive', 'set'),
  timeoutMs: timeout,
  limit: fc.oneof(
    { weight: 12, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('tiny' as const, 'tiny and large' as const) },
  ),
  notify: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: ref('receive') }),
});

const kinds = fc.constantFrom('RECEIVE', 'RECEIVE', 'RECEIVE', 'PORT_SET', 'DEAD_NAME', 'SEND', 'SEND_ONCE');
const anyRight = ref('send', 'receive', 'once', 'set', 'dead');
const deltas = fc.constantFrom(-1, -1, -1, 1, 1, 2, 0, -2, -3, 65533, 65534, -65533, 70_000);
const via = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: 3 }) });
const others = fc.nat({ max: 3 });
const one = <K extends string>(...names: K[]): fc.Arbitrary<K> => fc.constantFrom(...names);
type Weighted = { readonly weight: number; readonly arbitrary: fc.Arbitrary<Operation> };
const w = (weight: number, fields: Record<string, fc.Arbitrary<unknown>>): Weighted => ({
  weight,
  arbitrary: fc.record({ task, ...fields }) as unknown as fc.Arbitrary<Operation>,
});
const range = { page: small, skip: fc.constantFrom(0, 0, 100), size: fc.constantFrom(1, 100, 5000) };
const nameOrNone = fc.oneof(ref('any'), chosenName);

const RIGHTS = [
  w(5, { op: one('allocate'), kind: kinds, name: fc.oneof(fc.constant(null), fc.constant(null), nameOrNone), via }),
  w(3, { op: one('deallocate'), ref: anyRight, via }),
  w(2, { op: one('destroy'), ref: anyRight, via }),
  w(4, { op: one('mod refs'), ref: anyRight, kind: rare(one('RECEIVE', 'SEND', 'SEND_ONCE', 'DEAD_NAME', 'PORT_SET')), delta: deltas }),
  w(1, { op: one('rename'), ref: anyRight, to: nameOrNone }),
  w(4, { op: one('insert'), name: nameOrNone, right: rightRef('receive', 'send', 'once'), via: others }),
  w(2, { op: one('extract'), right: rightRef('receive', 'send', 'once'), via: others }),
  w(7, {
    op: one('notification'),
    ref: ref('receive', 'send', 'once', 'dead'),
    kind: one('DEAD_NAME', 'NO_SENDERS', 'PORT_DESTROYED', 'DEAD_NAME', 'NO_SENDERS', 'PORT_DESTROYED', 'NONSENSE'),
    sync: fc.constantFrom(0, 0, 0, 1, 3),
    told: fc.option(rightRef('receive', 'once'), { freq: 5, nil: null }),
  }),
  w(1, { op: one('set special'), which: one('TASK_BOOTSTRAP', 'TASK_KERNEL', 'TASK_EXCEPTION', 'NONSENSE'), right: rare(rightRef('send', 'receive')) }),
  w(1, { op: one('get special'), which: one('TASK_BOOTSTRAP', 'TASK_KERNEL', 'TASK_EXCEPTION', 'NONSENSE') }),
  w(1, { op: one('register'), rights: fc.array(rightRef('send', 'receive'), { maxLength: 5 }) }),
  w(1, { op: one('lookup') }),
];

const MESSAGES = [
  w(8, { op: one('send now'), draft }),
  w(6, { op: one('poll'), ref: ref('receive', 'set') }),
  w(8, { op: one('message'), draft, timeoutMs: timeout, notify: rare(ref('receive')), cancel: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: ref('receive') }), receive: fc.option(receive, { freq: 1, nil: null }) }),
  w(8, { op: one('message'), draft: fc.constant(null), timeoutMs: fc.constant(null), notify: fc.constant(null), cancel: fc.constant(null), receive }),
  w(3, { op: one('qlimit'), ref: ref('receive'), value: fc.constantFrom(0, 1, 1, 2, 2, 5, 1024, 1025, -1) }),
  w(1, { op: one('mscount', 'seqno', 'payload'), ref: ref('receive'), value: fc.nat({ max: 9 }) }),
  w(3, { op: one('move member', 'insert member'), ref: ref('receive'), set: ref('set', 'set', 'set', 'null') }),
  w(1, { op: one('extract member'), ref: ref('receive'), set: ref('set') }),
  w(1, { op: one('peek'), ref: ref('receive', 'set') }),
  w(2, { op: one('abort', 'end thread'), n: small }),
  w(3, { op: one('advance'), ms: fc.constantFrom(1, 5, 20) }),
];

const LIVES = [w(1, { op: one('spawn') }), w(1, { op: one('terminate'), via })];

const MEMORY = [
  w(2, { op: one('map'), pages: fc.integer({ min: 0, max: 3 }) }),
  w(2, { op: one('write'), ...range }),
  w(1, { op: one('unmap', 'protect', 'read'), ...range }),
];

const histories = (...groups: (readonly Weighted[])[]): fc.Arbitrary<Operation[]> =>
  fc.array(fc.oneof({ withCrossShrink: true }, ...groups.flat()), { minLength: 1, maxLength: 60, size: 'max' });

/** Histories of rights and notifications, of messages and queues, of everything. */
export const RIGHTS_HISTORY: fc.Arbitrary<Operation[]> = histories(RIGHTS, MESSAGES.slice(0, 4));
export const MESSAGES_HISTORY: fc.Arbitrary<Operation[]> = histories(MESSAGES, RIGHTS.slice(0, 1), RIGHTS.slice(5, 6));
export const WHOLE_HISTORY: fc.Arbitrary<Operation[]> = histories(RIGHTS, MESSAGES, LIVES, MEMORY);
