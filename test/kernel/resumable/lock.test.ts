/** The language's own objects, locked: in a process of their own, as it is for good. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const file = fileURLToPath(new URL('locked-realm.ts', import.meta.url));

interface Report {
  readonly crimes: readonly string[];
  readonly before: readonly unknown[];
  readonly after: readonly unknown[];
  readonly [part: string]: unknown;
}

const report = ((): Report => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', file], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Report;
})();

describe('a locked realm', () => {
  it('answers whoever changes it with a TypeError', () => {
    expect(report.crimes).toHaveLength(24);
    expect(report.crimes.filter((each) => !each.endsWith(': TypeError'))).toEqual([]);
    expect(report['failures']).toEqual([]);
  });

  it('is as it was for everybody else, moved or not', () => {
    expect(report.before).toEqual([1, 1, 2, 'Mine: x', 'a6,2,478']);
    expect(report.after).toEqual(report.before);
  });

  it('has nothing on the list that can be changed, and can be locked twice', () => {
    expect([report['loose'], report['isIdempotent']]).toEqual([[], true]);
  });

  it('runs the libraries of a node', () => {
    expect(report['libraries']).toEqual(['4', true, false, [1, 2], 'four', 36]);
  });

  it('lets objects have properties of their own over its own', () => {
    const [mine, old, all, keys, shown, isFrozen, plain] = report['overrides'] as unknown[];
    expect([mine, old, all, keys, isFrozen]).toEqual(['Mine: x', 'Error: old', true, ['message'], true]);
    expect(shown).toMatch(/^\{ {2}a: Error: e/);
    expect(plain).toBe('{ a: [ 1 ], m: Map(1) { 1 => 2 } }');
  });

  it('keeps images as they were: what goes by name still does', () => {
    expect(report['image']).toEqual([true, 'Problem: deep', { at: 1 }]);
  });
});
