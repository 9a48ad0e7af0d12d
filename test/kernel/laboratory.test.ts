/** The laboratory's waits, steps, states, orders of turns and scripts; and that nothing of a watch stays behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bootKernel } from '../../kernel/boot.ts';
import type { Thread } from '../../kernel/kernel.ts';
import type { ActorCall } from '../../kernel/lab/actor.ts';
import { explore } from '../../kernel/lab/explore.ts';
import { KNOBS, knobsMarkdown } from '../../kernel/lab/knobs.ts';
import { Laboratory } from '../../kernel/lab/laboratory.ts';
import { play } from '../../kernel/lab/play.ts';
import type { Why } from '../../kernel/lab/why.ts';
import type { Names } from './lab-refusals.ts';
import { refusedCalls, refusedKernelCalls, refusedMessages } from './lab-refusals.ts';

/** Plays a script; `prepare` is handed each laboratory. */
const played = (text: string, prepare: (lab: Laboratory) => unknown = () => undefined) => [
  ...play(text, () => {
    const lab = new Laboratory(bootKernel);
    prepare(lab);
    return lab;
  }),
];

/** The explanations of the calls that were refused, at once or after a wait. */
const explained = (text: string): Why[] => {
  const labs: Laboratory[] = [];
  played(text, (lab) => labs.push(lab));
  return labs.flatMap((lab) =>
    lab.calls.flatMap(({ n, code }) => {
      const why = lab.why(n);
      return why === null || /SUCCESS|nothing/.test(String(code)) ? [] : [why];
    }),
  );
};

const PAIR = `
task A
task B
A p = port_allocate right=RECEIVE
give A.p to B as q
`;

/** Calls that wait, and others that need more than a name: scripts with the codes that they end in. */
const WAITS: readonly (readonly [codes: readonly string[], script: string])[] = [
  [['MACH_RCV_TIMED_OUT'], `${PAIR}A receive from=p timeout=50\nadvance 50`],
  [['MACH_RCV_PORT_DIED'], `${PAIR}thread A.2 in A\nA.2 receive from=p\nA port_destroy name=p`],
  [
    ['MACH_RCV_PORT_CHANGED'],
    `${PAIR}thread A.2 in A\nA.2 receive from=p
A s = port_allocate right=PORT_SET\nA port_move_member member=p after=s`,
  ],
  [['MACH_RCV_INTERRUPTED'], `${PAIR}thread A.2 in A\nA.2 t = thread_self\nA.2 receive from=p\nA thread_abort on=t`],
  [
    ['MACH_SEND_TIMED_OUT'],
    `${PAIR}A port_set_qlimit name=p qlimit=0\nB send to=q:COPY_SEND id=1 timeout=20\nadvance 20`,
  ],
  [
    ['MACH_SEND_INTERRUPTED'],
    `${PAIR}A port_set_qlimit name=p qlimit=0\nthread B.2 in B\nB.2 t = thread_self
B.2 send to=q:COPY_SEND id=1\nB thread_abort on=t`,
  ],
  [['MACH_RCV_TOO_LARGE'], `${PAIR}B send to=q:COPY_SEND id=1 body="long"\nA receive from=p limit=24`],
  [['MACH_RCV_TOO_LARGE'], `${PAIR}B send to=q:COPY_SEND id=1 body="long"\nA receive from=p limit=24 large=true`],
  [
    ['MACH_RCV_INVALID_NOTIFY'],
    `${PAIR}B r = port_allocate right=RECEIVE
B send to=q:COPY_SEND id=1 reply=r:MAKE_SEND_ONCE\nA receive from=p notify=99`,
  ],
  [['TERMINATED'], `${PAIR}thread A.2 in A\nA.2 t = thread_self\nA.2 receive from=p\nA thread_terminate on=t`],
  [
    ['KERN_PROTECTION_FAILURE'],
    `task A\nA a = vm_allocate size=4096 anywhere=true
A vm_protect address=a size=4096 protection=1 setMaximum=true
A vm_protect address=a size=4096 protection=3 setMaximum=false`,
  ],
  [['MIG_SERVER_DIED'], `${PAIR}B port_names on=q\nA m = receive from=p\nA port_deallocate name=m.reply`],
];

const PAGED = `
task A
A p = port_allocate right=RECEIVE
A vm_map size=8192 anywhere=true offset=0 copy=false protection=3 maxProtection=7 inheritance=COPY object=p:MAKE_SEND
A m = receive from=p
A memory_object_ready on=m.0 may_cache=false copy_strategy=NONE
`;

/** What a pager may say wrong. */
const PAGERS: readonly string[] = [
  'data_supply on=m.0 offset=0 lock=0 precious=false',
  'data_unavailable on=m.0 offset=5 size=4096',
  'data_error on=m.0 offset=-4096 size=4096',
  'lock_request on=m.0 offset=0 size=4096 should_return=SOME flush=false lock=0',
  'change_attributes on=m.0 may_cache=false copy_strategy=WRONG',
];

/** The same where the task can get no more names. */
const FULL: readonly (readonly [code: string, before: string, call: string])[] = [
  ['KERN_NO_SPACE', '', 'A port_allocate right=RECEIVE'],
  ['KERN_NO_SPACE', '', 'A reply_port'],
  ['KERN_NO_SPACE', '', 'A port_allocate_name right=RECEIVE name=4000'],
  ['KERN_NO_SPACE', '', 'A port_insert_right name=4000 right=p:MAKE_SEND_ONCE'],
  [
    'MACH_RCV_HEADER_ERROR',
    'B r = port_allocate right=RECEIVE\nB send to=q:COPY_SEND reply=r:MAKE_SEND_ONCE',
    'A receive from=p',
  ],
  [
    'MACH_RCV_BODY_ERROR',
    'B r = port_allocate right=RECEIVE\nB send to=q:COPY_SEND right=r:MAKE_SEND_ONCE',
    'A receive from=p',
  ],
];

const actorOf = (lab: Laboratory, name: string): Thread => {
  const [task] = [...lab.kernel.tasks].filter((each) => each.name === name);
  return [...task!.threads][0]!;
};

const self = (request: Extract<ActorCall, { kind: 'self' }>['request']): ActorCall => ({ kind: 'self', request });

describe('why, of calls that wait', () => {
  it.each(WAITS)('%j', (codes, script) => {
    const found = explained(script);
    expect(found.map(({ code, checks, isUnknown }) => [code, checks.at(-1)?.verdict, isUnknown])).toEqual(
      codes.map((code) => [code, 'refused', false]),
    );
  });

  it('says what ended the wait', () => {
    const [died] = explained(`${PAIR}thread A.2 in A\nA.2 receive from=p\nA port_destroy name=p`);
    expect(died?.ended).toBe('it waited, until call 3 ended that');
    const [late] = explained(`${PAIR}A receive from=p timeout=50\nadvance 50`);
    expect(late?.ended).toBe('it waited, until time ended that');
  });
});

describe('why, of a pager', () => {
  it.each(PAGERS)('%s', (line) => {
    const [found] = explained(`${PAGED}A memory_object_${line}`);
    expect(found).toMatchObject({ code: 'KERN_INVALID_ARGUMENT', isUnknown: false });
    expect(found?.checks.at(-1)).toMatchObject({ verdict: 'refused', lookedAt: 'the arguments' });
  });
});

describe('why, without room', () => {
  it.each(FULL)('%s: %s', (code, before, line) => {
    const script = `${PAIR}${before}`.trim();
    const lab = new Laboratory(bootKernel);
    const calls = play(`${script}\n${line}`, () => lab);
    let last = null;
    for (const report of calls) {
      if (report.text === script.split('\n').at(-1)) actorOf(lab, 'A').task.space.namesLeft = 0;
      last = report;
    }
    expect([last?.why?.code, last?.why?.checks.at(-1)?.verdict, last?.why?.isUnknown]).toEqual([
      code,
      'refused',
      false,
    ]);
  });

  it('of ports', () => {
    const lab = new Laboratory(bootKernel);
    lab.task('A');
    Object.assign(lab.kernel.ipc, { portsMax: 0 });
    lab.do(actorOf(lab, 'A'), self({ op: 'port_allocate', right: 'RECEIVE' }));
    expect(lab.why()).toMatchObject({ code: 'KERN_RESOURCE_SHORTAGE', isUnknown: false });
  });

  it('of a task that has ended', () => {
    const lab = new Laboratory(bootKernel);
    const task = lab.task('A');
    const { sys } = actorOf(lab, 'A');
    lab.do(actorOf(lab, 'A'), self({ op: 'task_terminate' }));
    const codes = (['port_names', 'reply_port', 'task_terminate', 'task_suspend', 'vm_get_size_limit'] as const).map(
      (op) => sys?.call({ op }).kr,
    );
    expect(task.isAlive).toBe(false);
    expect(codes).toEqual([
      'KERN_INVALID_TASK',
      'KERN_INVALID_TASK',
      'KERN_FAILURE',
      'KERN_FAILURE',
      'KERN_INVALID_ARGUMENT',
    ]);
  });
});

describe('the tables of refusals', () => {
  it('are tried with every code that the calls of ports/ and the trap can answer', () => {
    const dummy = new Proxy({}, { get: () => 1 }) as Names;
    const tried = new Set<string>([
      ...refusedCalls(dummy).map(([code]) => code),
      ...refusedKernelCalls(dummy).map(([code]) => code),
      ...refusedMessages(dummy).map(([code]) => code),
      ...WAITS.flatMap(([codes]) => codes),
      ...FULL.map(([code]) => code),
      'KERN_RESOURCE_SHORTAGE',
      'KERN_INVALID_TASK',
    ]);
    const sources = [
      ...readdirSync('ports')
        .filter((name) => /(send|receive|queue|transfer|-calls)\.ts$/.test(name))
        .map((name) => `ports/${name}`),
      'kernel/trap.ts',
      ...['port', 'task', 'thread', 'memory', 'memory-proxy', 'pager', 'move', 'frozen', 'census'].map(
        (name) => `kernel/serve/${name}.ts`,
      ),
    ];
    const codes = sources.flatMap(
      (path) => readFileSync(path, 'utf8').match(/(?<=')(KERN|MACH_SEND|MACH_RCV)_[A-Z_]+(?=')/g) ?? [],
    );
    const missing = [...new Set(codes)].filter((code) => code !== 'KERN_SUCCESS' && !tried.has(code));
    expect(missing).toEqual([]);
  });
});

describe('steps', () => {
  it('tell what changed, and share what did not', () => {
    const lab = new Laboratory(bootKernel);
    lab.task('A');
    lab.task('B');
    const { step, outcome } = lab.do(actorOf(lab, 'A'), self({ op: 'port_allocate', right: 'RECEIVE' }));
    expect(step.lines).toEqual(['+ port1: receiver A (name 11), qlimit 5', '+ A: name 11: rights RECEIVE, port port1']);
    expect(outcome).toEqual({ kr: 'KERN_SUCCESS', name: 11 });
    expect(step.after.tasks['B']).toBe(step.before.tasks['B']);
    expect(step.before.ports).toEqual({});
    expect(Object.isFrozen(step.after.ports)).toBe(true);
  });

  it('come out the same whenever they are taken', () => {
    const script = readFileSync('examples/06-laboratory.lab', 'utf8');
    expect(JSON.stringify(played(script))).toBe(JSON.stringify(played(script)));
  });

  it('are of the thread that is chosen', () => {
    const lab = new Laboratory(bootKernel);
    for (const name of ['A', 'B', 'C']) {
      lab.task(name);
      lab.tell(actorOf(lab, name), self({ op: 'port_allocate', right: 'RECEIVE' }));
    }
    expect(lab.ready.map(({ task }) => task.name)).toEqual(['A', 'B', 'C']);
    expect(lab.step(actorOf(lab, 'C'))?.thread).toBe('C');
    expect(lab.ready.map(({ task }) => task.name)).toEqual(['A', 'B']);
    expect(lab.rest().map(({ thread }) => thread)).toEqual(['A', 'B']);
    expect(lab.step(actorOf(lab, 'A'))).toBeNull();
  });

  it('can be taken in every order', () => {
    const make = (): Laboratory => {
      const lab = new Laboratory(bootKernel);
      for (const name of ['A', 'B', 'C']) lab.task(name);
      for (const name of ['A', 'B', 'C']) lab.tell(actorOf(lab, name), self({ op: 'port_names' }));
      return lab;
    };
    const order = (lab: Laboratory): string => lab.calls.map(({ task }) => task).join('');
    const { outcomes, runs, isComplete } = explore(make, order);
    expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual(['ABC', 'ACB', 'BAC', 'BCA', 'CAB', 'CBA']);
    expect([runs, isComplete]).toEqual([6, true]);
    expect(explore(make, order, 2)).toMatchObject({ runs: 2, isComplete: false });
  });
});

describe('a watch', () => {
  it('leaves nothing behind', () => {
    const lab = new Laboratory(bootKernel);
    lab.follow();
    [...play(`${PAIR}B send to=q:COPY_SEND id=1\nB port_deallocate name=q`, () => lab)];
    const objects = [...lab.kernel.tasks].flatMap((task) => [
      task,
      task.space,
      task.threads,
      task.memory,
      ...[...task.threads].flatMap((thread) => [thread, thread.parked, thread.sys ?? {}]),
      ...task.space.entries().flatMap((entry) => [entry, entry.port ?? {}]),
    ]);
    const left = [lab.kernel.ipc, lab.kernel.tasks, ...objects].flatMap((object) =>
      Object.entries(Object.getOwnPropertyDescriptors(object))
        .filter(
          ([, { get, value }]) =>
            get !== undefined || (typeof value === 'function' && !(value.prototype instanceof Object)),
        )
        .map(([key]) => key),
    );
    expect(left).toEqual([]);
    expect(() => new Laboratory(() => lab.kernel)).not.toThrow();
  });

  it('is one at a time', () => {
    const lab = new Laboratory(bootKernel);
    expect(() => new Laboratory(() => lab.kernel)).toThrow('watched already');
  });
});

describe('a script', () => {
  it.each([
    ['A port_names', 'line 1: there is no actor A: say "task A" first'],
    ['task A\nA port_frobnicate', 'line 2: there is no call port_frobnicate'],
    ['task A\nA port_deallocate name=p', 'line 2: A has no p'],
    ['task A\nA port_deallocate port=4', 'line 2: port_deallocate takes name; not port'],
    ['task A\nA send to=4:PUSH', 'line 2: there is no disposition PUSH'],
    ['task A\nA send body={"a"', 'line 2: no JSON: {"a"'],
    ['task A\nshow everything', 'line 2: show census, growth, mermaid, dot or a task, not everything'],
    ['task A\ntask A', 'line 2: there is a task A already'],
    ['what?', 'line 1: not understood: what?'],
  ])('that is wrong is told with its line: %j', (text, message) => {
    expect(() => played(text)).toThrow(message);
  });
});

describe('the page of knobs', () => {
  it('has the values of the sources', () => {
    expect(readFileSync('kernel/lab/KNOBS.md', 'utf8')).toContain(knobsMarkdown());
    expect(KNOBS.find(({ knob }) => knob === 'queue limit of a new port')?.here).toBe('5');
  });
});
