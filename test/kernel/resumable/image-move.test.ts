/** Threads of programs, from their sources, moved between two kernels in the middle of what they do. */
import { describe, expect, it } from 'vitest';
import { figures } from '../../../kernel/vm/describe.ts';
import { dryRun, migrate } from '../../support/migration-scene.ts';
import { moved, Stage, stayed } from './sys-scene.ts';

const HEAD = `import { type Sys, SysError } from 'portolan/resumable';\n`;

const NESTED = `${HEAD}
class Tally {
  constructor(name) { this.name = name; this.seen = new Map(); }
  add(key) { this.seen.set(key, (this.seen.get(key) ?? 0) + 1); return this; }
}
async function inner(sys, tally, words) {
  let at = 0;
  const next = () => words[at++ % words.length];
  for (const [i, word] of words.entries()) {
    try { await sys.sleep(3); tally.add(next()); if (i === 2) throw new RangeError(word); }
    catch (error) { await sys.sleep(1); tally.add(error.message); }
    finally { await sys.sleep(1); tally.add('finally'); }
  }
  return next;
}
async function outer(sys, tally) {
  const all = await Promise.all([inner(sys, tally, ['a', 'b', 'c', 'd']), inner(sys, tally, ['x', 'y']), sys.sleep(2)]);
  return all.slice(0, 2).map((next) => next());
}
export async function main(sys: Sys, { log }) {
  const tally = new Tally('words');
  const shared = { tally, self: null };
  shared.self = shared;
  const beside = outer(sys, tally);
  await sys.sleep(1);
  const last = await outer(sys, shared.self.tally);
  await sys.send(log, [last, await beside, [...tally.seen].sort(), tally instanceof Tally]);
}`;

const WAITING = `${HEAD}
export async function main(sys: Sys, { log }) {
  const inbox = await sys.port();
  const began = sys.now();
  try { await sys.receive(inbox, { timeoutMs: 50 }); }
  catch (error) { await sys.send(log, [error.code, sys.now() - began]); }
}`;

const BOXED = `${HEAD}
export async function main(sys: Sys, { log }) {
  const rows = Array.from({ length: 3000 }, (_, id) => ({ id, name: 'row ' + id }));
  rows.push(rows);
  const box = await sys.vm.box(rows);
  rows.length = 0;
  await sys.sleep(10);
  const there = await box.open();
  await sys.send(log, [there.length, there[2999].name, there[3000] === there, (await box.open()) === there]);
  await box.replace({ small: [1, -0] });
  await sys.sleep(10);
  await sys.send(log, [(await box.open()).small, box.size < 100]);
  await box.free();
  await box.free();
  try { await box.open(); } catch (error) { await sys.send(log, error.code); }
  try { await sys.vm.box({ deep: [Symbol('mine')] }); } catch (error) { await sys.send(log, [error.code, error.why]); }
}`;

const BOXED_SAYS = [
  [3001, 'row 2999', true, false],
  [[1, -0], true],
  'E_BOX_FREE',
  ['E_BOX_REFUSED', expect.stringContaining('F08: deep > 0 is Symbol(mine)')],
];

describe('a thread that is moved', () => {
  it('goes on in the middle of nested calls, joins and closures, sharing what it shared', () => {
    const there = moved(NESTED);
    expect(there.log).toEqual(stayed(NESTED));
    expect(there.moves).toBeGreaterThan(3);
  });

  it('waits elsewhere for no longer than it had left', () => {
    const stage = new Stage(WAITING);
    stage.pass(30);
    stage.move();
    stage.pass(19);
    expect(stage.log).toEqual([]);
    stage.pass(1);
    expect(stage.failures).toEqual([]);
    expect(stage.log).toEqual([['MACH_RCV_TIMED_OUT', 50]]);
  });

  it('leaves what is in a box behind until it opens it', () => {
    const stage = new Stage(BOXED);
    const [thread] = stage.task?.threads ?? [];
    expect(stage.task === undefined ? 0 : figures(stage.task.memory).pages).toBeGreaterThan(8);
    expect(thread?.program.image?.encode([thread.program], [thread.state])).toMatchObject({
      kind: 'frozen',
      bytes: expect.toSatisfy((bytes: number) => bytes < 2000),
    });
    expect(moved(BOXED).log).toEqual(BOXED_SAYS);
    expect(stayed(BOXED)).toEqual(BOXED_SAYS);
  });
});

describe('a move of what cannot be frozen', () => {
  const holding = (value: string): Stage =>
    new Stage(`${HEAD}
export async function main(sys: Sys, { log }) {
  const held = { list: [0, ${value}] };
  await sys.sleep(1000);
  await sys.send(log, Object.keys(held));
}`);

  it('is refused with the path, in a dry run and in earnest, and the task goes on', () => {
    const stage = holding("Symbol('mine')");
    const { operator } = stage.first;
    const says = /^frame main \(test\.program\.ts:5:3\) > local held > list > 1 is Symbol\(mine\).*\(F08\)$/;
    expect(dryRun(operator, 'program', 'b')).toEqual([expect.stringMatching(says)]);
    expect(migrate(operator, { task: 'program', node: 'b' })).toMatchObject({ outcome: 'refused' });
    stage.pass(1000);
    expect(stage.log).toEqual([['list']]);
  });

  it('is refused if it is too much, with the heaviest part', () => {
    const stage = holding('new Float64Array(200000)');
    expect(dryRun(stage.first.operator, 'program', 'b')).toEqual([
      expect.stringMatching(/has 16\d{5} bytes, and \d+ may move; put frame main .* > local held > list > 1 > buffer/),
    ]);
  });
});
