import { describe, expect, it } from 'vitest';
import { components } from '../../../servers/compile/module-graph.ts';
import { isProgramModule } from '../../../servers/compile/plugin.ts';
import { codeFrame } from '../../../servers/compile/trouble.ts';

describe('a program module', () => {
  it.each([
    ['count.program.ts', '', true],
    ['count.program.mts', '', true],
    ['count.program.js', '', true],
    ['node_modules/some/count.program.js', '', true],
    ['count.ts', '"use resumable";', true],
    ['count.ts', "#!/usr/bin/env node\n// words\n/* and\nmore */ 'use strict';\n  'use resumable'", true],
    ['count.ts', `${'/'.repeat(10_000)}\n"use resumable"`, true],
    ['count.ts', `${'/'.repeat(10_000)}\n"use strict"; f("use resumable")`, false],
    ['count.ts', '/* unclosed "use resumable"', false],
    ['count.ts', '// "use resumable"', false],
    ['count.program.d.ts', '', false],
    ['program.ts', '', false],
    ['count.css', '"use resumable"', false],
    ['node_modules/some/count.js', '"use resumable"', false],
  ])('%s %j: %s', (path, source, answer) => {
    expect(isProgramModule(`/project/${path}`, source)).toBe(answer);
  });
});

describe('components', () => {
  const graph = (edges: Readonly<Record<string, string>>) =>
    new Map(Object.entries(edges).map(([from, to]) => [from, new Set(to)]));

  it('stand behind what they import', () => {
    expect(components(graph({ a: 'bc', b: 'd', c: 'd', d: '' }))).toEqual([['d'], ['b'], ['c'], ['a']]);
  });

  it('hold the modules of a circle, and of all circles that meet', () => {
    expect(components(graph({ a: 'b', b: 'ac', c: 'dx', d: 'ec', e: '' }))).toEqual([['e'], ['c', 'd'], ['a', 'b']]);
    expect(components(graph({ a: 'a' }))).toEqual([['a']]);
  });

  it('are found in a chain of any length', () => {
    const chain = new Map(Array.from({ length: 20_000 }, (_, at) => [String(at), new Set([String(at + 1)])]));
    expect(components(chain)).toHaveLength(20_000);
  });
});

describe('a code frame', () => {
  it('marks the place between its neighbours', () => {
    expect(codeFrame('one\ntwo\nthree\nfour', { line: 2, column: 2 })).toBe('1 | one\n2 | two\n  |  ^\n3 | three');
    expect(codeFrame('one', { line: 1, column: 1 })).toBe('1 | one\n  | ^');
  });
});
