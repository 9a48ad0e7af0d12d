/** Programs that are brought to the node that a task is to move to: what is taken, from whom, and what never runs. */
import { describe, expect, it } from 'vitest';
import type { Kernel, Task } from '../../../kernel/kernel.ts';
import { createTask, createThread } from '../../../kernel/lives.ts';
import type { PortName } from '../../../ports/name.ts';
import { allocate } from '../../../ports/name-calls.ts';
import { MAKE_SEND } from '../../../ports/right.ts';
import type { Space } from '../../../ports/space.ts';
import { type CodeShelf, codeServer } from '../../../servers/code/code.ts';
import {
  type BringRequest,
  CODE_MAX,
  CODE_PART_MAX,
  type CodeTrouble,
  codeService,
  type ProgramCode,
} from '../../../servers/code/protocol.ts';
import { NodeCodeShelf } from '../../../servers/node/code-shelf.ts';
import { programOfCode } from '../../../servers/node/program-loader.ts';
import { addMigration, dryRun, migrate, pass, startTask, World } from '../../support/migration-scene.ts';
import { copyRight, type Node } from '../../support/two-kernels.ts';

/** A program that counts every 10 ms and writes down its version, as a compiled text. */
const textOf = (version: string, padding = 0): string => `
globalThis.evaluated = [...(globalThis.evaluated ?? []), '${version}'];
const handlers = {
  begin(sys, s) {
    s.port = sys.call({ op: 'port_allocate', right: 'RECEIVE' }).name;
    s.at = 'count';
    sys.receive(s.port, { timeoutMs: 10 });
  },
  count(sys, s) {
    s.counts.push('${version}');
    sys.receive(s.port, { timeoutMs: 10 });
  },
};
module.exports.program = {
  name: 'counter',
  hash: 'of its text',
  start: () => ({ at: 'begin', port: 0, counts: [] }),
  resume: (sys, state, result) => handlers[state.at](sys, state, result),
};
//${'x'.repeat(padding)}`;

const evaluated = (): readonly string[] => (globalThis as { evaluated?: string[] }).evaluated ?? [];
const forget = (): void => void delete (globalThis as { evaluated?: string[] }).evaluated;

type Disguise = (code: ProgramCode) => ProgramCode | null;

interface Side {
  readonly node: Node;
  readonly shelf: NodeCodeShelf;
  readonly log: readonly string[];
  /** Brings up a task of a text that this node has compiled. */
  start(name: string, text: string): Task;
}

/** Brings up a code server, registered for other nodes; answers what gives a space a right to it. */
const addCode = (
  node: Node,
  shelf: CodeShelf,
  accepts: readonly string[],
  log: string[],
): ((to: Space) => PortName) => {
  const task = createTask(node.kernel, 'code');
  const service = allocate(task.space, 'RECEIVE') as PortName;
  createThread(
    task,
    codeServer,
    codeServer.start({
      service,
      net: node.serviceFor(task),
      shelf,
      accepts: (from: string) => accepts.includes(from),
      log: (line: string) => void log.push(line),
    }),
  );
  const grant = (to: Space): PortName => pass(task.space, service, MAKE_SEND, to);
  const registrar = node.actor('registrar');
  registrar.ask('check_in', { name: 'code' }, [copyRight(grant(registrar.host.task.space))]);
  return grant;
};

/** Two nodes with migration and code servers. `b` takes code from those named; `a` shows its code disguised. */
const scene = (accepts: readonly string[], disguise: Disguise = (code) => code) => {
  forget();
  const world = new World();
  const side = (name: string, from: readonly string[]): Side => {
    const node = world.node(name);
    const log: string[] = [];
    const shelf = new NodeCodeShelf((program) => node.kernel.programs.set(program.name, program));
    const shown: CodeShelf = {
      read: (...key) => {
        const code = shelf.read(...key);
        return code === null ? null : disguise(code);
      },
      install: (need, code) => shelf.install(need, code),
    };
    addMigration(node, { code: addCode(node, shown, from, log) });
    const start = (task: string, text: string): Task => {
      const { program, code } = programOfCode('counter.ts', { text, map: '' });
      shelf.keep(program, code);
      return startTask(node, task, program, undefined);
    };
    return { node, shelf, log, start };
  };
  const [a, b] = [side('a', []), side('b', accepts)];
  return { world, a, b, operator: a.node.actor('operator') };
};

const taskOn = ({ kernel }: { readonly kernel: Kernel }, name: string): Task | undefined =>
  [...kernel.tasks].find((task) => task.name === name && !task.isFrozen);

const countsOf = (task: Task | undefined): readonly string[] =>
  [...(task?.threads ?? [])].flatMap(({ state }) => (state as { counts: string[] }).counts);

describe('versions of a program', () => {
  it('move side by side, each as the version that it started with', () => {
    const { world, a, b, operator } = scene(['a']);
    a.start('old', textOf('one'));
    a.start('new', textOf('two'));
    world.pass(35);
    for (const task of ['old', 'new']) {
      expect(migrate(operator, { task, node: 'b' })).toMatchObject({ outcome: 'moved', code: '', missing: [] });
    }
    world.pass(40);
    const counts = ['old', 'new'].map((name) => new Set(countsOf(taskOn(b.node, name))));
    expect(counts).toEqual([new Set(['one']), new Set(['two'])]);
    expect(countsOf(taskOn(b.node, 'old')).length).toBeGreaterThan(4);
    expect(b.node.kernel.programs.versionsOf('counter')).toHaveLength(2);
  });

  it('are named in a refusal, and the task runs on', () => {
    const { world, a, b, operator } = scene([]);
    const task = a.start('old', textOf('one'));
    b.start('other', textOf('two'));
    const [needed = ''] = a.node.kernel.programs.versionsOf('counter');
    const [present = ''] = b.node.kernel.programs.versionsOf('counter');
    const record = migrate(operator, { task: 'old', node: 'b' });
    expect(record).toMatchObject({
      outcome: 'refused',
      code: 'E_VERSION',
      missing: [{ name: 'counter', hash: needed, present: [present], modules: [] }],
    });
    expect(record.why).toContain(`only as ${present.slice(0, 12)}; version ${needed.slice(0, 12)} is needed`);
    expect(record.why).toContain('E_CODE_NOT_ACCEPTED');
    const before = countsOf(task).length;
    world.pass(50);
    expect(countsOf(task).length).toBeGreaterThan(before);
  });

  it('are refused when a module is absent whose code the task may hold', () => {
    const { a, b, operator } = scene([]);
    const { program } = programOfCode('counter.ts', { text: textOf('one'), map: '' });
    startTask(a.node, 'counter', { ...program, modules: ['m1', 'm2'] }, undefined);
    b.node.kernel.programs.set('counter', { ...program, modules: ['m1'] });
    expect(migrate(operator, { task: 'counter', node: 'b' })).toMatchObject({
      outcome: 'refused',
      code: 'E_VERSION',
      missing: [{ name: 'counter', modules: ['m2'] }],
    });
  });
});

describe('code that is brought', () => {
  it('comes from a node that is trusted, in pieces, before the task is frozen, and is told of', () => {
    const { world, a, b, operator } = scene(['a']);
    a.start('counter', textOf('big', 3 * CODE_PART_MAX));
    expect(migrate(operator, { task: 'counter', node: 'b' })).toMatchObject({ outcome: 'moved' });
    world.pass(30);
    expect(countsOf(taskOn(b.node, 'counter')).length).toBeGreaterThan(1);
    const [hash = ''] = b.node.kernel.programs.versionsOf('counter');
    expect(b.log).toEqual([`took the code of counter ${hash} from a`]);
    expect(b.shelf.read('counter', hash)?.text).toBe(textOf('big', 3 * CODE_PART_MAX)); // for the next node
  });

  it('is not brought by a dry run, which says that it would be', () => {
    const { world, a, b } = scene(['a']);
    a.start('counter', textOf('one'));
    const operator = a.node.actor('dry');
    expect(dryRun(operator, 'counter', 'b')).toEqual([]);
    world.run();
    expect(b.node.kernel.programs.versionsOf('counter')).toEqual([]);
    const { a: distrusted } = scene([]);
    distrusted.start('counter', textOf('one'));
    expect(dryRun(distrusted.node.actor('dry'), 'counter', 'b').join()).toContain('E_CODE_NOT_ACCEPTED');
  });

  const refused: readonly (readonly [string, readonly string[], Disguise, string])[] = [
    ['from a node that is not trusted', ['c'], (code) => code, 'E_CODE_NOT_ACCEPTED'],
    ['with another digest', ['a'], ({ map }) => ({ text: textOf('evil'), map }), 'E_CODE_DIGEST'],
    ['too large', ['a'], ({ map }) => ({ text: 'x'.repeat(CODE_MAX + 1), map }), 'E_CODE_SIZE'],
    ['with too large a map', ['a'], ({ text }) => ({ text, map: 'x'.repeat(CODE_MAX + 1) }), 'E_CODE_SIZE'],
    ['that was not kept', ['a'], () => null, 'E_CODE_ABSENT'],
  ];
  it.each(refused)('is refused %s, and none of it is run', (_, accepts, disguise, code) => {
    const { world, a, b, operator } = scene(accepts, disguise);
    const task = a.start('counter', textOf('good'));
    const before = evaluated();
    const record = migrate(operator, { task: 'counter', node: 'b' });
    expect(record).toMatchObject({ outcome: 'refused', code: 'E_VERSION' });
    expect(record.why).toContain(code);
    expect(evaluated()).toEqual(before);
    expect(b.node.kernel.programs.versionsOf('counter')).toEqual([]);
    const counted = countsOf(task).length;
    world.pass(50);
    expect(countsOf(task).length).toBeGreaterThan(counted);
  });

  it('is refused if it is no program, though its digest is right', () => {
    const { a, b, operator } = scene(['a']);
    const { program, code } = programOfCode('counter.ts', { text: textOf('one'), map: '' });
    a.shelf.keep({ name: 'tally', hash: program.hash }, code);
    startTask(a.node, 'tally', { ...program, name: 'tally' }, undefined);
    const record = migrate(operator, { task: 'tally', node: 'b' });
    expect(record.why).toContain('E_CODE_BROKEN: what came as tally calls itself counter');
    expect(b.node.kernel.programs.versionsOf('tally')).toEqual([]);
  });

  it('is asked for eight times at once and no more: the next task stays, and moves when there is room', () => {
    const { world, a, b, operator } = scene(['a', 'c']);
    const task = a.start('counter', textOf('one'));
    const stranger = b.node.actor('stranger');
    const server = stranger.lookUp(b.node, 'code');
    for (const each of world.node('c').kernel.tasks) each.suspendCount = 1; // it says nothing to anybody
    const programs = [{ name: 'counter', hash: 'f'.repeat(64) }];
    const replies = Array.from({ length: 9 }, () => {
      const reply = stranger.port();
      stranger.host.sys.send(codeService.request(server, reply, 'bring', { node: 'c', programs, isTrial: false }));
      return reply;
    });
    const codes = (): unknown[] =>
      replies.flatMap((reply) => {
        const message = stranger.take(reply);
        const answer = message === null ? null : codeService.reply('bring', message);
        return answer !== null && 'value' in answer ? [(answer.value as CodeTrouble | null)?.code] : [];
      });
    world.run();
    expect(codes()).toEqual(['E_CODE_BUSY']); // the ninth, at once
    const record = migrate(operator, { task: 'counter', node: 'b' });
    expect(record).toMatchObject({ outcome: 'refused', code: 'E_VERSION' });
    expect(record.why).toContain('E_CODE_BUSY: 8 requests for code wait already');
    expect(b.log.filter((line) => line.includes('E_CODE_BUSY'))).toHaveLength(2);
    const counted = countsOf(task).length;
    world.pass(5000);
    expect(countsOf(task).length).toBeGreaterThan(counted);
    expect(codes()).toEqual(Array.from({ length: 8 }, () => 'E_CODE_TIMEOUT'));
    expect(migrate(operator, { task: 'counter', node: 'b' })).toMatchObject({ outcome: 'moved' });
  });

  it('is refused to who asks for what cannot be read, or for more than 64 programs', () => {
    const { world, b } = scene(['a']);
    const stranger = b.node.actor('stranger');
    const server = stranger.lookUp(b.node, 'code');
    const need = { name: 'counter', hash: 'f'.repeat(64) };
    const requests: readonly unknown[] = [
      null,
      { node: 7, programs: [], isTrial: false },
      { node: 'a', programs: [{ name: 'counter' }], isTrial: false },
      { node: 'a', programs: Array.from({ length: 65 }, () => need), isTrial: false },
    ];
    for (const request of requests) {
      const reply = stranger.port();
      stranger.host.sys.send(codeService.request(server, reply, 'bring', request as BringRequest));
      world.run();
      expect(codeService.reply('bring', stranger.take(reply))).toMatchObject({ retcode: 'MIG_BAD_ARGUMENTS' });
    }
  });

  it('does not keep an offer for ever if the node that has it says nothing', () => {
    const { world, a, b, operator } = scene(['a']);
    const task = a.start('counter', textOf('one'));
    for (const each of a.node.kernel.tasks) if (each.name === 'code') each.suspendCount = 1;
    const record = migrate(operator, { task: 'counter', node: 'b' });
    expect(record).toMatchObject({ outcome: 'refused', code: 'E_VERSION' });
    expect(record.why).toContain('E_CODE_TIMEOUT');
    expect(b.log.join()).toContain('E_CODE_TIMEOUT: a does not answer');
    const counted = countsOf(task).length;
    world.pass(50);
    expect(countsOf(task).length).toBeGreaterThan(counted);
  });
});

describe('a shelf of texts', () => {
  const need = (name: string) => ({ name, hash: `hash of ${name}` });

  it('keeps 64 Mi characters, and gives the oldest up for a new one', () => {
    const shelf = new NodeCodeShelf(() => undefined);
    const code = { text: 'x'.repeat(CODE_MAX), map: 'y'.repeat(CODE_MAX) };
    for (let at = 0; at < 9; at += 1) shelf.keep(need(`${at}`), code);
    expect(shelf.read('0', need('0').hash)).toBeNull();
    for (let at = 1; at < 9; at += 1) expect(shelf.read(`${at}`, need(`${at}`).hash)).toBe(code);
  });

  it('keeps no text that could not be sent, and leaves a map away that could not', () => {
    const shelf = new NodeCodeShelf(() => undefined);
    const long = 'x'.repeat(CODE_MAX + 1);
    shelf.keep(need('long'), { text: long, map: '' });
    shelf.keep(need('mapped'), { text: 'short', map: long });
    expect(shelf.read('long', need('long').hash)).toBeNull();
    expect(shelf.read('mapped', need('mapped').hash)).toEqual({ text: 'short', map: '' });
  });
});
