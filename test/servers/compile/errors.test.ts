/** The error table: what a program may not say, with its code, its place and what to write instead. */
import { describe, expect, it } from 'vitest';
import { check } from '../../../servers/compile/check.ts';
import { FUNCTIONS_MAX, SOURCE_CHARS_MAX } from '../../../servers/compile/limits.ts';
import { parse } from '../../../servers/compile/parse.ts';
import { ProgramError } from '../../../servers/compile/program-error.ts';

const file = 'bad.program.ts';

const refusalOf = (source: string): ProgramError => {
  try {
    check(parse(source, file), file);
  } catch (error) {
    if (error instanceof ProgramError) return error;
    throw error;
  }
  throw new Error('it is accepted');
};

/** Code, source with `‸` before the place, and a part of the hint. */
const table: readonly (readonly [code: string, source: string, hint: string])[] = [
  ['R100', 'let x =‸;', 'correct the syntax'],
  ['R100', 'const a = 1;\nconst ‸a = 2;', 'correct the syntax'],
  ['R103', `async function f(sys, x) { return ‸x\`\${await sys.now()}\`; }`, 'into a variable'],
  ['R104', 'async function f(sys, o) { ‸delete o?.[await sys.f()]; }', 'into a variable'],
  ['R106', 'function f() { ‸class A {} return new A(); }', 'at module level'],
  ['R106', '{ let a = 1; ‸class A { async f(sys) { await sys.yield(); return a; } } }', 'at module level'],
  [
    'R106',
    'let A;\nfor (const a of [1]) A = ‸class { async f(sys) { await sys.yield(); return a; } };',
    'at module level',
  ],
  ['R106', 'let A;\ntry {} catch (a) { A = ‸class { f() { return a; } }; }', 'at module level'],
  ['R106', 'class A { static { const a = 1; A.b = ‸class { async f() { return a; } }; } }', 'at module level'],
  ['R106', 'const A = class B { async f(sys) { await sys.yield(); return ‸B; } };', '`class B`'],
  ['R107', 'class A extends Array {\n  async f() { return ‸super.at(0); }\n}', 'neither async nor a generator'],
  ['R107', 'class A extends Array { f() { return () => ‸super.at(0); } }', 'neither async nor a generator'],
  ['R108', 'export const f = () => ‸eval("1");', 'write the function'],
  ['R108', 'export const f = new ‸Function("1");', 'write the function'],
  ['R109', 'async function f() {}\nasync function g() { ‸f(); }', 'write `await`'],
  ['R109', 'export async function main(sys) {\n  ‸sys.vm.setU8(1, 2);\n}', 'write `await`'],
  ['R109', 'async function g(a) { ‸Promise.all(a); }', 'write `await`'],
  ['R109', 'class A { async f() {} async g() { ‸this.f(); } }', 'write `await`'],
  ['R110', 'function f(a) { ‸using b = a; }', '`finally`'],
  ['R110', 'async function f(a) { ‸await using b = a; }', '`finally`'],
  ['R111', 'function F() { return ‸new.target; }', 'as an argument'],
  ['R112', 'const a = 1;\nfunction f() { ‸a = 2; }', '`let`'],
  ['R112', "import { a } from './a.ts';\nfunction f() { ‸a++; }", '`let`'],
  ['R112', 'function f(b) { const a = 1; [‸a] = b; }', '`let`'],
  ['R113', 'function f() { return ‸arguments[0]; }', '`...rest`'],
  ['R114', 'let a = 1;\nexport const f = () => { ‸a += 1; };', 'keep it in the function'],
  ['R114', 'let a = 1;\nexport const f = (b) => { for (‸a of b) {} };', 'keep it in the function'],
  ['R115', 'export const f = () => ‸process.exit(1);', 'as an argument'],
  ['R115', 'export const f = () => ‸fetch("http://a");', 'a message to a server'],
  ['R115', 'export const f = () => ‸setTimeout(f, 1);', 'sys.sleep'],
  ['R115', 'export const f = () => ‸console.log(1);', 'a message to a server'],
  ['R115', 'export const f = () => ‸Date.now();', 'sys.now()'],
  ['R115', 'export const f = () => ‸new Date();', 'sys.now()'],
  ['R115', 'export const f = () => ‸Math.random();', 'sys.random()'],
  ['R115', 'export const f = () => ‸Math["random"]();', 'sys.random()'],
  ['R115', 'export const f = () => ‸performance.now();', 'sys.now()'],
  ['R115', 'export const f = () => new ‸WeakMap();', 'a Map'],
  ['R115', 'export const f = () => ‸globalThis;', 'import'],
  ['R115', 'export const f = () => ‸import.meta.url;', 'as an argument'],
  ['R115', 'export const f = () => ‸forgotten + 1;', 'declare or import'],
  ['R115', 'export const f = () => { ‸forgotten = 1; };', 'declare or import'],
  ['R117', 'export const f = (g) => ‸new Promise(g);', 'Promise.all'],
  ['R117', 'export const f = () => ‸Promise.withResolvers();', 'Promise.all'],
  ['R117', 'export const f = (x) => x instanceof ‸Promise;', 'Promise.all'],
  ['R118', 'export const f = (‸$rt) => $rt;', 'another name'],
  ['R118', 'let ‸$t1 = 1;', 'another name'],
  ['R118', '‸$l1: for (;;) break $l1;', 'another name'],
  ['R119', 'class A { ‸#x = 1; }', 'without `#`'],
  ['R119', 'class A { ‸#f() {} }', 'without `#`'],
  ['R120', "import { readFileSync } from ‸'node:fs';\nreadFileSync('a');", 'portolan/'],
  ['R120', "import fs from ‸'fs';\nfs.a();", 'portolan/'],
  ['R120', "export * from ‸'https://a.b/c.js';", 'portolan/'],
  ['R120', "import a from ‸'/etc/a.js';\na();", 'portolan/'],
  ['R120', "export const f = () => ‸import('./a.ts');", 'at the head'],
  ['R122', '‸@a class B {}\nfunction a() {}', 'call the function'],
  ['R122', '‸namespace A { export const b = 1; }', 'a module of its own'],
  ['R122', "‸import a = require('a');\na();", 'import and export'],
  ['R122', 'export const a = { ‸get b() { return 1; } };', 'a method'],
  ['R122', 'export const a = { ‸set b(c) {} };', 'a method'],
  ['R122', 'class A { ‸accessor b = 1; }', 'a field'],
  ['R122', '‸await 1;', 'within an async function'],
  ['R122', 'export async function main(sys) {\n  return sys.sleep(1).‸then(() => 2);\n}', 'await it'],
  ['R122', 'async function f() {}\nexport const g = () => f().‸catch(() => 1);', 'await it'],
];

const allowed = [
  "import type { Stats } from 'node:fs';\nexport const f = (x: Stats) => x;",
  "import { type Sys } from 'portolan/resumable';\nexport const f = (sys: Sys) => sys.now();",
  "import a from '@a/b/c';\nimport b from './b.ts';\nimport c from 'd';\nexport const f = () => [a, b, c];",
  'export async function main(sys) { void sys.sleep(1); const p = sys.sleep(2); sys.spawn(main); await p; }',
  'const enum A { B = 1 }\nenum C { D }\nexport const f = (x = A.B): C => C.D + x;',
  'class A { constructor(private readonly b: number) {} get c() { return this.b; } }\nexport const f = () => new A(1);',
  'class A extends Array { f() { return super.at(0); } }\nexport const f = () => new A();',
  'const A = class A { async f() { return A; } };\nexport const f = () => new A();\nconst B = class C {};\nexport const g = () => B;',
  'export const f = (x) => { x: for (const y of new Map(x)) { try { y(); } catch ({ message }) { break x; } } };',
  'let a = 1;\na = 2;\nexport const f = () => new Date(a).getTime();',
  'export const f = (process, Date) => Date.now(process);',
  'declare module "x" { export const y: number; }\nexport const f = () => Promise.all([1]);',
];

describe('what a program may not say', () => {
  it.each(table)('%s: %s', (code, marked, hint) => {
    const at = marked.indexOf('‸');
    const before = marked.slice(0, at);
    const error = refusalOf(before + marked.slice(at + 1));
    expect(error).toMatchObject({ code, file, line: before.split('\n').length, column: at - before.lastIndexOf('\n') });
    expect(error.hint).toContain(hint);
    expect(error.message).toContain(`${file}:${error.line}:${error.column}: ${code}: `);
  });

  it('is said of the earliest place', () => {
    expect(refusalOf('export const f = () => process.exit(fetch);\nclass A { #b = 1; }')).toMatchObject({
      line: 1,
      column: 24,
    });
  });

  it.each(allowed)('is not this: %s', (source) => {
    expect(() => check(parse(source, file), file)).not.toThrow();
  });
});

describe('what is too large', () => {
  const nested = (opening: string, closing: string): string => opening.repeat(5000) + closing.repeat(5000);
  it.each([
    ['functions', nested('function f() {', '}')],
    ['arrows', `export const f = ${'() => '.repeat(5000)}1;`],
    ['parentheses', `export const f = ${nested('(', ')')};`],
    ['brackets', `export const f = ${nested('[', ']')};`],
    ['a sum', `export const f = ${'1 + '.repeat(5000)}1;`],
    ['branches', `function f(a) { ${'if (a) {} else '.repeat(5000)}{} }`],
    ['an operator', `export const f = ${'!'.repeat(5000)}1;`],
    [
      'functions side by side',
      Array.from({ length: FUNCTIONS_MAX + 1 }, (_, index) => `const f${index} = () => 1;`).join('\n'),
    ],
    ['text', `// ${'x'.repeat(SOURCE_CHARS_MAX)}`],
  ])('%s: a code and a place', (_, source) => {
    const error = refusalOf(source);
    expect(error.code).toBe('R121');
    expect(error.line).toBeGreaterThan(0);
    expect(error.column).toBeGreaterThan(0);
  });

  it('is said where it becomes too deep', () => {
    expect(refusalOf(`const a = 1;\n${nested('(', ')')};`)).toMatchObject({ code: 'R121', line: 2 });
  });
});
