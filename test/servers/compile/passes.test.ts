import { parseSync, type types as t } from '@babel/core';
import { transformSync } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { countTurns } from '../../../servers/compile/budget.ts';
import { buildFlow } from '../../../servers/compile/flow.ts';
import { analyseLiveness } from '../../../servers/compile/liveness.ts';
import { analyseScopes } from '../../../servers/compile/scopes.ts';
import { compileNormal } from './drive.ts';

const treeOf = (source: string): t.Program =>
  (parseSync(source, { sourceType: 'module', configFile: false, babelrc: false }) as t.File).program;

const bodyOf = (source: string): t.BlockStatement => {
  const [statement] = treeOf(`async function f(sys) {${source}}`).body;
  return (statement as t.FunctionDeclaration).body;
};

/** What is live after each suspension of a body, in order. */
const liveAfter = (source: string): string[][] => {
  const flow = buildFlow(bodyOf(source), 'async', ['sys']);
  const { liveAt } = analyseLiveness(flow, new Set(['sys']));
  return flow.blocks.filter(({ resumes }) => resumes !== null).map((block) => [...liveAt(block)].sort());
};

describe('scopes', () => {
  it('name a local anew where it would hide another of the same step', () => {
    const program = treeOf('async function f() { let x = 1; { let x = 2; g(x); } return () => y; let y; }');
    const { functions } = analyseScopes(program);
    const [fn] = functions.values();
    const variables = fn?.scopes.flatMap(({ variables }) => [...variables.values()]) ?? [];
    expect(variables.map(({ id, captured }) => [id, captured])).toEqual([
      ['x', false],
      ['y', true],
      ['x$1', false],
    ]);
  });
});

describe('liveness', () => {
  it('keeps what is read later and nothing else', () => {
    expect(liveAfter('let a = 1; let b = 2; await sys.x(a); a = 3; await sys.x(a, b); return a;')).toEqual([
      ['b', 'sys'],
      ['a'],
    ]);
  });

  it('keeps what a handler reads, although the way without an exception assigns it first', () => {
    expect(liveAfter('let a = 1; try { await sys.x(); a = 2; } catch { return a; } return 0;')).toEqual([['a']]);
  });
});

describe('the budget', () => {
  it('counts every loop, and none in a function inside', () => {
    expect(countTurns(bodyOf('for (;;) { while (a) { do {} while (b); } } const f = () => { for (;;) {} };'))).toBe(3);
  });
});

describe('compiled code', () => {
  it('keeps what the runtime needs to know when it is minified', () => {
    const source = 'export async function main(sys) { const next = () => sys; await sys.call(next); return next(); }';
    const { code } = transformSync(compileNormal(source), { format: 'esm', minify: true });
    expect(code).toContain('"main"');
    expect(code.match(/\.closure\(1,/g)).toHaveLength(1);
    expect(code.match(/\.frame\(1,/g)).toHaveLength(1);
  });
});
