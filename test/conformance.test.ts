import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Draft } from './conformance/draft.ts';
import { caseOf, fileOf } from './conformance/draft.ts';
import { portolan } from './conformance/driver-portolan.ts';
import { variantsOf } from './conformance/expand.ts';
import type { SuiteReport } from './conformance/report.ts';
import { reportOf } from './conformance/report.ts';
import { conclude, scenarioFiles } from './conformance/run.ts';
import type { Json } from './conformance/scenario.ts';
import { loadFile } from './conformance/scenario.ts';
import type { Outcome } from './conformance/session.ts';
import { play } from './conformance/session.ts';
import { runSuite } from './conformance/suite.ts';
import type { ToyDriver } from './conformance/toy-driver.ts';
import { toyDriver } from './conformance/toy-driver.ts';

const TOGETHER = { place: 'together', relocate: 'none', strategy: undefined } as const;

const played = (draft: Draft, driver: ToyDriver = toyDriver(), relocate: 'none' | 'every' = 'none'): Outcome[] =>
  variantsOf(caseOf(draft)).map((variant) =>
    play(driver, caseOf(draft), variant, { ...TOGETHER, relocate, profile: 'mach3' }),
  );

const suite = (driver: ToyDriver, profile: 'mach3' | 'xnu' | 'all', ...drafts: readonly Draft[]): SuiteReport =>
  reportOf([...runSuite(driver, [fileOf(...drafts)], { ...TOGETHER, profile })]);

const echo = (value: Json, wanted: Json): Json => ['A', 'echo', { value }, { kr: 'KERN_SUCCESS', value: wanted }];

const RECEIVE: Json = ['B', 'msg', { receive: { name: '$B.p' } }, { kr: 'MACH_MSG_SUCCESS', message: { id: '$B.id' } }];
const GIVEN: Json = [
  { receive: 'p', in: 'B' },
  { send: 'p', of: 'B.p', in: 'A' },
];
const send = (id: Json, wanted: Json = 'MACH_MSG_SUCCESS', actor = 'A'): Json => [
  actor,
  'msg',
  { send: { remote: '$A.p', id, body: { n: id } } },
  wanted,
];
const receive = (id: Json): Json => [
  'B',
  'msg',
  { receive: { name: '$B.p', timeout: 0 } },
  { kr: 'MACH_MSG_SUCCESS', message: { id } },
];

describe('a session', () => {
  it('passes if every answer is as expected and nothing is left', () => {
    const driver = toyDriver();
    const fresh: Json = ['A', 'port_allocate', {}, { kr: 'KERN_SUCCESS', name: { fresh: '$A.q' } }];
    expect(played({ given: GIVEN, steps: [fresh, send(7), RECEIVE, echo('$B.id', 7)] }, driver)).toEqual([
      { status: 'passed' },
    ]);
    expect(driver.log.at(-1)).toBe('close');
  });

  it('fails at the first answer that differs', () => {
    expect(played({ given: GIVEN, steps: [send(7), receive(8), ['A', 'panic', {}, {}]] })).toMatchObject([
      {
        status: 'failed',
        step: 2,
        call: 'msg',
        path: 'message.id',
        got: { kr: 'MACH_MSG_SUCCESS', message: { id: 7 } },
      },
    ]);
  });

  it('leaves a thread in its call until it is awaited', () => {
    const steps = [
      ['B', 'msg', { receive: { name: '$B.p' } }, { blocks: true }],
      ['B', 'await', {}, { blocks: true }],
      send(7),
      ['B', 'await', {}, { kr: 'MACH_MSG_SUCCESS', message: { id: 7 } }],
    ];
    expect(played({ given: GIVEN, steps })).toEqual([{ status: 'passed' }]);
  });

  it('fails if a call blocks that should not, or does not that should', () => {
    const blocking: Json = ['B', 'msg', { receive: { name: '$B.p' } }, {}];
    expect(played({ given: GIVEN, steps: [blocking] })).toMatchObject([{ status: 'failed', got: { blocks: true } }]);
    expect(played({ given: GIVEN, steps: [send(7, { blocks: true })] })).toMatchObject([
      { status: 'failed', path: 'blocks', got: { kr: 'MACH_MSG_SUCCESS' } },
    ]);
    const waiting: Json = [
      ['B', 'msg', { receive: { name: '$B.p' } }, { blocks: true }],
      ['B', 'await', {}, {}],
    ];
    expect(played({ given: GIVEN, steps: waiting })).toMatchObject([
      { status: 'failed', step: 2, got: { blocks: true } },
    ]);
  });

  it('refuses a step on a thread that is in its call, and an await on one that is not', () => {
    const waiting: Json = ['B', 'msg', { receive: { name: '$B.p' } }, { blocks: true }];
    expect(played({ given: GIVEN, steps: [waiting, waiting] })).toMatchObject([
      { status: 'failed', step: 2, got: 'ScenarioError: B is still in its call' },
    ]);
    expect(played({ steps: [['A', 'await', {}, {}]] })).toMatchObject([
      { status: 'failed', got: 'ScenarioError: await: A is in no call' },
    ]);
  });

  it('takes what comes eventually either now or at the await', () => {
    const eventually: Json = { eventually: { kr: 'MACH_MSG_SUCCESS' } };
    const now = [send(1, eventually), ['A', 'await', {}, {}], receive(1)];
    expect(played({ given: GIVEN, steps: now })).toEqual([{ status: 'passed' }]);
    const later = [send(1), send(2), send(3, eventually), receive(1), ['A', 'await', {}, {}], receive(2), receive(3)];
    expect(played({ given: GIVEN, steps: later })).toEqual([{ status: 'passed' }]);
    const wrong = [send(1), send(2), send(3, { eventually: 'KERN_FAILURE' }), receive(1), ['A', 'await', {}, {}]];
    expect(played({ given: GIVEN, steps: wrong })).toMatchObject([{ status: 'failed', step: 5, path: 'kr' }]);
    const never = [send(1), send(2), send(3, eventually)];
    expect(played({ given: GIVEN, steps: never })).toMatchObject([{ status: 'failed', step: 4 }]);
  });

  it('moves the clock', () => {
    const steps = [
      ['B', 'msg', { receive: { name: '$B.p', timeout: 20 } }, { blocks: true }],
      ['-', 'advance', { ms: 19 }, {}],
      ['B', 'await', {}, { blocks: true }],
      ['-', 'advance', { ms: 1 }, {}],
      ['B', 'await', {}, 'MACH_RCV_TIMED_OUT'],
    ];
    expect(played({ given: GIVEN, steps })).toEqual([{ status: 'passed' }]);
  });

  it('begins calls together before any kernel runs', () => {
    const call = (actor: string, id: number): Json => [actor, 'msg', { send: { remote: '$A.p', id } }];
    const calls = [call('A', 1), call('A.2', 2), call('A.3', 3)];
    const answers = { unordered: [{ kr: 'MACH_MSG_SUCCESS' }, { kr: 'MACH_MSG_SUCCESS' }, { blocks: true }] };
    const driver = toyDriver();
    const steps = [['-', 'together', { calls }, { answers }], receive(1), ['A.3', 'await', {}, 'MACH_MSG_SUCCESS']];
    expect(played({ given: GIVEN, steps }, driver)).toEqual([{ status: 'passed' }]);
    expect(driver.log.slice(1, 4)).toEqual(['A msg', 'A.2 msg', 'A.3 msg']);
  });

  it('drains a port into groups', () => {
    const one = (id: number, from: string): Json => [
      'A',
      'msg',
      { send: { remote: '$A.p', id, body: { from, n: id } } },
      'MACH_MSG_SUCCESS',
    ];
    const wanted = { count: 2, groups: { S1: [1], S2: [2] } };
    const steps = [one(1, 'S1'), one(2, 'S2'), ['B', 'drain', { name: '$B.p', by: 'from', value: 'n' }, wanted]];
    expect(played({ given: GIVEN, steps })).toEqual([{ status: 'passed' }]);
  });

  it('decides an `if` by what the steps before have bound, and fails at a `fail`', () => {
    const steps = (is: Json): Json => [
      ['A', 'echo', { kernel: 'K1' }, { kernel: '$-.k' }],
      ['-', 'if', { value: '$-.k', ...(is as object), do: [['-', 'fail', { why: 'there' }, {}]] }, {}],
    ];
    expect(played({ steps: steps({ is: 'K2' }) })).toEqual([{ status: 'passed' }]);
    expect(played({ steps: steps({ isNot: ['K1', 'NONE'] }) })).toEqual([{ status: 'passed' }]);
    expect(played({ steps: steps({ is: 'K1' }) })).toMatchObject([{ status: 'failed', trail: '2.1', got: 'there' }]);
    expect(played({ steps: steps({ isNot: ['K2'] }) })).toMatchObject([{ status: 'failed', call: 'fail' }]);
  });

  it('plays the routine of a server: its pattern, its calls, its return', () => {
    const routine = {
      match: { id: 7, body: { n: '$B.n' } },
      do: [
        ['echo', { value: '$B.n' }, { value: 7 }],
        ['port_allocate', {}, { kr: 'KERN_SUCCESS', name: '$B.q' }],
      ],
      retcode: 'KERN_SUCCESS',
      body: { q: '$B.q' },
    };
    const wanted = { replied: 'KERN_SUCCESS', body: { q: '$B.q' } };
    const serve: Json = ['B', 'server_once', { name: '$B.p', routine }, wanted];
    expect(played({ given: GIVEN, steps: [send(7), serve] })).toEqual([{ status: 'passed' }]);
    expect(played({ given: GIVEN, steps: [send(8), serve] })).toMatchObject([
      { status: 'failed', step: 2, call: 'server_once match' },
    ]);
  });

  it('notices what a terminated task leaves behind', () => {
    expect(played({ given: GIVEN, steps: [send(7)] }, toyDriver({ leaks: true }))).toMatchObject([
      {
        status: 'failed',
        step: 2,
        call: 'census',
        expected: { ports: 0 },
        got: { ports: 1, messages: 1 },
      },
    ]);
  });

  it('counts a call that the driver does not know as unsupported, and a broken driver as a failure', () => {
    expect(played({ steps: [['A', 'fly', {}, {}]] })).toEqual([{ status: 'unsupported', call: 'fly' }]);
    expect(played({ steps: [['-', 'fly', {}, {}]] })).toEqual([{ status: 'unsupported', call: 'fly' }]);
    expect(played({ steps: [['A', 'panic', {}, {}]] })).toMatchObject([
      { status: 'failed', step: 1, call: 'panic', got: 'Error: the toy broke' },
    ]);
  });

  it('plays each variant in a setting of its own', () => {
    const driver = toyDriver();
    expect(played({ given: GIVEN, vary: { n: [1, 2] }, steps: [send('{n}'), receive('{n}')] }, driver)).toEqual([
      { status: 'passed' },
      { status: 'passed' },
    ]);
    expect(driver.opened.length).toBe(2);
  });
});

describe('relocation', () => {
  const steps: Json = [send(1), send(2), receive(1)];
  const moves = (driver: ToyDriver): string[] => driver.log.filter((entry) => entry.includes('relocate'));

  it('moves every task between any two steps', () => {
    const driver = toyDriver();
    expect(played({ given: GIVEN, steps }, driver, 'every')).toEqual([{ status: 'passed' }]);
    expect(driver.log.slice(1, 8)).toEqual([
      'A msg',
      '- relocate A Relocation-2',
      '- relocate B Relocation-1',
      'A msg',
      '- relocate A Relocation-3',
      '- relocate B Relocation-3',
      'B msg',
    ]);
  });

  it('moves only the tasks that the case names, and none that is dead', () => {
    const driver = toyDriver();
    played({ given: GIVEN, relocate: ['B'], steps }, driver, 'every');
    expect(moves(driver).every((entry) => entry.includes('relocate B'))).toBe(true);
    expect(driver.opened[0]?.movable).toEqual(['B']);
    const killing: Json = [send(1), ['-', 'task_terminate', { task: 'B' }, 'KERN_SUCCESS'], echo(1, 1)];
    expect(played({ given: GIVEN, steps: killing }, toyDriver(), 'every')).toEqual([{ status: 'passed' }]);
  });

  it('becomes rare in a case of very many steps', () => {
    const driver = toyDriver();
    const many: Json = [['-', 'repeat', { times: 3_001, do: [echo(1, 1)] }, {}]];
    expect(played({ tasks: ['A'], steps: many }, driver, 'every')).toEqual([{ status: 'passed' }]);
    expect(moves(driver).length).toBe(2_010);
  });

  it('leaves a case alone that may not be moved', () => {
    const driver = toyDriver();
    expect(played({ given: GIVEN, relocatable: false, steps }, driver, 'every')).toEqual([{ status: 'passed' }]);
    expect(moves(driver)).toEqual([]);
    expect(driver.opened[0]).toMatchObject({ place: 'together', relocate: 'none', movable: [] });
  });

  it('that fails is a failure of the case', () => {
    expect(played({ given: GIVEN, steps }, toyDriver({ isRooted: true }), 'every')).toMatchObject([
      { status: 'failed', step: 1, call: 'relocate' },
    ]);
  });
});

describe('the suite', () => {
  const fine = { given: GIVEN, steps: [send(7), receive(7)] };

  it('counts every run of profile, variation and merge', () => {
    const varied = { ...fine, profile: 'both', vary: { n: [1, 2, 3] } };
    expect(suite(toyDriver({ profiles: ['mach3', 'xnu'] }), 'all', varied)).toMatchObject({ passed: 6, total: 6 });
    expect(suite(toyDriver(), 'all', varied)).toMatchObject({ passed: 3, total: 3 });
    const merged = { ...fine, steps: [['-', 'interleave', { of: [[send(1)], [echo(1, 1)]] }, {}]] };
    expect(suite(toyDriver(), 'all', merged)).toMatchObject({ passed: 2, total: 2 });
  });

  it('counts a case whose codec or profile is not there as unsupported', () => {
    const varied = { ...fine, profile: 'xnu', vary: { n: [1, 2] } };
    const drafts = [{ ...fine, needs: ['wire'] }, varied, { ...fine, profile: 'ext' }];
    expect(suite(toyDriver(), 'all', ...drafts)).toMatchObject({ passed: 1, failed: 0, unsupported: 3, total: 4 });
    expect(suite(toyDriver({ codecs: ['wire'] }), 'all', ...drafts)).toMatchObject({ passed: 2, unsupported: 2 });
  });

  it('runs only the profile asked for', () => {
    const drafts = ['mach3', 'xnu', 'both', 'ext'].map((profile) => ({ ...fine, profile }));
    const driver = toyDriver({ profiles: ['mach3', 'xnu'] });
    expect(suite(driver, 'mach3', ...drafts)).toMatchObject({ passed: 3, total: 3 });
    expect(suite(driver, 'xnu', ...drafts)).toMatchObject({ passed: 2, total: 2 });
    expect(suite(toyDriver(), 'xnu', ...drafts)).toMatchObject({ unsupported: 2, total: 2 });
  });
});

describe('the command', () => {
  const inFolder = (text: string, run: (file: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
    try {
      writeFileSync(join(folder, 'TOY.json'), text);
      run(join(folder, 'TOY.json'));
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const text = (steps: Json): string =>
    JSON.stringify({
      topic: 'TOY',
      title: 'toys',
      cases: [{ id: 'TOY-1', title: 'a toy', profile: 'mach3', tasks: ['A'], relocatable: true, given: [], steps }],
    });

  it('prints the report as JSON and exits with 1 if a run failed', () =>
    inFolder(text([echo(1, 2)]), (file) => {
      const { exitCode, output } = conclude(['--json', file], toyDriver());
      expect(exitCode).toBe(1);
      expect(JSON.parse(output)).toEqual({
        passed: 0,
        failed: 1,
        unsupported: 0,
        total: 1,
        cases: [
          {
            id: 'TOY-1',
            file: 'TOY.json',
            status: 'failed',
            step: 1,
            call: 'echo',
            expected: { kr: 'KERN_SUCCESS', value: 2 },
            got: { kr: 'KERN_SUCCESS', value: 1 },
          },
        ],
      });
    }));

  it('prints a table and the failures for a reader', () =>
    inFolder(text([echo(1, 2)]), (file) => {
      const { output } = conclude([file], toyDriver());
      expect(output).toMatch(/TOY +0 +1 +0 +1 +toys/);
      expect(output).toContain('FAILED TOY-1 [mach3] a toy\n  step 1: echo, at value\n');
    }));

  it('exits with 0 if no run failed, unsupported or not', () =>
    inFolder(text([['A', 'fly', {}, {}]]), (file) => {
      const { exitCode, output } = conclude(['--json', file], toyDriver());
      expect(exitCode).toBe(0);
      expect((JSON.parse(output) as SuiteReport).cases).toEqual([
        { id: 'TOY-1', file: 'TOY.json', status: 'unsupported', call: 'fly' },
      ]);
    }));

  it('exits with 2 for a wrong option or file', () => {
    expect(conclude(['--place', 'nowhere'], toyDriver()).exitCode).toBe(2);
    expect(conclude(['--fly'], toyDriver()).exitCode).toBe(2);
    expect(conclude(['no-such.json'], toyDriver()).exitCode).toBe(2);
    inFolder('{', (file) =>
      expect(conclude([file], toyDriver())).toEqual({
        exitCode: 2,
        output: expect.stringMatching(/^TOY\.json: not JSON/),
      }),
    );
  });
});

describe('Portolan', () => {
  const TOPICS = ['NAM', 'DSP', 'HDR', 'BDY', 'QUE', 'RCV', 'SET', 'NOT', 'DTH', 'API', 'PSR', 'RPC'];

  it.each(TOPICS)('answers as Mach does: %s', (topic) => {
    const files = scenarioFiles()
      .filter((path) => path.endsWith(`${topic}.json`))
      .map(loadFile);
    const report = reportOf([...runSuite(portolan, files, { ...TOGETHER, profile: 'mach3' })]);
    expect(report.cases.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(report.unsupported).toBe(0);
    expect(report.passed).toBeGreaterThan(0);
  });
});
