/** For each rule: sources that break it, and sources that only look as if they did. */
export interface Planted {
  readonly rule: string;
  readonly broken: Readonly<Record<string, string>>;
  /** A part of what the rule says about each breach, in order of files and lines. */
  readonly says: readonly string[];
  readonly innocent: Readonly<Record<string, string>>;
}

const lines = (count: number): string => 'go();\n'.repeat(count);

const importPlants: readonly Planted[] = [
  {
    rule: 'imports point down',
    broken: {
      'ports/a.ts': "import type { Task } from '../kernel/task.ts';",
      'kernel/a.ts': "export * from '../servers/names/server.ts';",
      'servers/a/b.ts': "type T = import('../../examples/c.ts').T;",
      'examples/a.ts': "await import('../test/support/scene.ts');\nimport d from '../package.json';",
    },
    says: ['kernel/task.ts', 'servers/names', 'examples/c.ts', 'test/support', 'package.json'],
    innocent: { 'test/a.test.ts': "import { a } from '../examples/a.ts';", 'kernel/a.ts': "import '../ports/b.ts';" },
  },
  {
    rule: 'a server sees only the doors of the kernel',
    broken: { 'servers/names/a.ts': "import type { Kernel } from '../../kernel/kernel.ts';" },
    says: ['kernel/kernel.ts'],
    innocent: {
      'servers/names/a.ts': "import '../../kernel/interface/calls.ts';\nimport '../../kernel/sys.ts';",
      'servers/names/b.ts': "import '../../kernel/machine.ts';\nimport '../../kernel/program.ts';",
      'servers/shell/boot.ts': "import '../../kernel/kernel.ts';",
      'kernel/a.ts': "import './kernel.ts';",
    },
  },
  {
    rule: 'only composition roots boot a kernel',
    broken: { 'kernel/a.ts': "import './boot.ts';", 'servers/shell/main.ts': "import '../../kernel/boot.ts';" },
    says: ['kernel/a.ts', 'servers/shell/main.ts'],
    innocent: {
      'servers/shell/boot.ts': "import '../../kernel/boot.ts';",
      'examples/a.ts': "import '../kernel/boot.ts';",
      'test/a.ts': "import '../kernel/boot.ts';",
      'kernel/index.ts': "export * from './boot.ts';",
    },
  },
  {
    rule: 'only the shell, examples and tests reach for servers/node',
    broken: { 'servers/net/a.ts': "import '../node/tcp.ts';" },
    says: ['servers/node/tcp.ts'],
    innocent: { 'servers/shell/a.ts': "import '../node/tcp.ts';", 'servers/node/a.ts': "import './tcp.ts';" },
  },
  {
    rule: 'no circle of imports, not even of types',
    broken: {
      'ports/a.ts': "import type { B } from './b.ts';",
      'ports/b.ts': "export type { C } from './c.ts';",
      'ports/c.ts': "type A = import('./a.ts').A;",
      'ports/d.ts': "import './a.ts';",
    },
    says: ['ports/a.ts ↔ ports/b.ts ↔ ports/c.ts'],
    innocent: {
      'ports/a.ts': "import './b.ts';\nimport './c.ts';",
      'ports/b.ts': "import './c.ts';",
      'ports/c.ts': '',
    },
  },
  {
    rule: 'nobody inside imports an index.ts',
    broken: {
      'servers/a/b.ts': "import { Port } from '../../ports/index.ts';",
      'test/kernel/a.ts': "import * as runtime from '../../kernel/resumable/index.ts';",
      'test/kernel/b.ts': "import type { Sys } from 'portolan/resumable';",
    },
    says: ['ports/index.ts', 'kernel/resumable/index.ts', 'portolan/resumable'],
    innocent: {
      'test/surface.test.ts': "import '../ports/index.ts';",
      'ports/a.ts': "import './inverted-index.ts';",
      'servers/node/program-loader.ts': "import * as runtime from '../../kernel/resumable/index.ts';",
      'examples/a.program.ts': "import type { Sys } from 'portolan/resumable';",
    },
  },
  {
    rule: 'a relative import names its .ts file',
    broken: { 'ports/a.ts': "import './b';\nimport './c.js';" },
    says: ['./b', './c.js'],
    innocent: { 'ports/a.ts': "import './b.ts';\nimport { match } from 'ts-pattern';" },
  },
];

const purityPlants: readonly Planted[] = [
  {
    rule: 'the core never waits',
    broken: {
      'ports/a.ts': 'const f = async () => {\n  await g();\n};\nlet p: Promise<void>;',
      'servers/net/a.ts': 'for await (const a of b) c(a);\nawait using d = e();\nPromise.resolve();',
      'kernel/resumable/sys/promised.ts': 'const a = Promise.all([]);',
    },
    says: ['`async`', '`await`', '`Promise`', '`for await`', '`await using`', '`Promise`', '`Promise`'],
    innocent: {
      'ports/a.ts': 'class A implements AsyncDisposable {}\nconst o = { async: 1, Promise: 2 };\n// await Promise\n',
      'kernel/host-task.ts': 'const f = async () => await g();',
      'kernel/host-service.ts': 'const f = async () => await g();',
      'kernel/resumable/sys/promised.ts': 'export type Promised<T> = Promise<T>;',
      'servers/files/a.ts': 'const f = async () => await g();',
    },
  },
  {
    rule: 'the core has no clock, timer or chance of its own',
    broken: {
      'kernel/a.ts': 'Date.now();\nnew Date();\nperformance.now();\nMath.random();',
      'servers/migration/a.ts': 'setTimeout(f, 1);\nqueueMicrotask(f);\ncrypto.randomUUID();',
    },
    says: ['Date.now', 'Date of now', 'performance', 'Math.random', 'setTimeout', 'queueMicrotask', 'crypto'],
    innocent: {
      'kernel/a.ts': 'new Date(1);\nMath.max(1, 2);\nclock.now();\nconst a = (performance: P) => performance.b;',
    },
  },
  {
    rule: 'the core knows nothing of Node',
    broken: {
      'ports/a.ts': "import { readFileSync } from 'node:fs';\nprocess.exit();",
      'kernel/host-task.ts': 'Buffer.from(a);',
    },
    says: ['node:fs', '`process`', '`Buffer`'],
    innocent: {
      'ports/a.ts': 'task.process();\nconst process = a;\nprocess.b();',
      'servers/node/a.ts': "import 'node:net';",
    },
  },
  {
    rule: 'no mutable state at module level',
    broken: {
      'kernel/a.ts': 'let next = 1;\nexport const all = new Map<string, number>();\nconst list: string[] = [];',
      'servers/a/b.ts': 'const seen = {};\nclass A {\n  static next = 1;\n}\nconst w = new WeakMap();',
    },
    says: ['a variable of the module', 'all can', 'list can', 'seen can', 'a static variable', 'w can'],
    innocent: {
      'kernel/a.ts': [
        "export const a: readonly string[] = ['b'];\nconst c: ReadonlyMap<string, number> = new Map();",
        "const d = ['e'] as const;\nconst f = () => {\n  let g = [];\n};\nclass H {\n  static readonly i = 1;\n}",
      ].join('\n'),
      'examples/a.ts': 'let a = 1;',
      'kernel/resumable/register.ts': 'let a = 1;',
    },
  },
];

const shapePlants: readonly Planted[] = [
  {
    rule: 'a file has at most 400 lines',
    broken: { 'ports/a.ts': lines(401) },
    says: ['401 lines'],
    innocent: { 'ports/a.ts': lines(400) },
  },
  {
    rule: 'a line has at most 120 characters',
    broken: { 'ports/a.ts': `\n// ${'x'.repeat(118)}` },
    says: ['ports/a.ts:2 121 characters'],
    innocent: { 'ports/a.ts': `// ${'x'.repeat(117)}` },
  },
  {
    rule: 'a function has at most 70 lines',
    broken: { 'ports/a.ts': `const f = () => {\n${lines(69)}};\nclass A {\n  b() {\n${lines(69)}  }\n}` },
    says: ['71 lines', '71 lines'],
    innocent: {
      'ports/a.ts': `const f = () => {\n${lines(68)}};`,
      'test/a.test.ts': `describe('a', () => {\n${lines(99)}});`,
    },
  },
  {
    rule: 'no `any`',
    broken: { 'test/a.ts': 'const a = b as any;' },
    says: ['`any`'],
    innocent: { 'test/a.ts': "const any = 'any'; // any" },
  },
  {
    rule: 'no default export',
    broken: {
      'ports/a.ts': 'export default 1;',
      'ports/b.ts': 'export { a as default };',
      'ports/c.ts': 'export default class {}',
    },
    says: ['ports/a.ts', 'ports/b.ts', 'ports/c.ts'],
    innocent: { 'ports/a.ts': "import ts from 'typescript';\nswitch (a) {\n  default:\n    b();\n}" },
  },
  {
    rule: 'no enum, namespace, parameter property or decorator',
    broken: { 'ports/a.ts': 'enum A {}\nnamespace B {}\nclass C {\n  constructor(readonly d: E) {}\n}\n@f class G {}' },
    says: ['an enum', 'a namespace', 'a parameter property', 'a decorator'],
    innocent: { 'ports/a.ts': "declare module 'a' {}\nclass C {\n  readonly d: E;\n  constructor(d: E) {}\n}" },
  },
  {
    rule: 'an exported function or class says what it does',
    broken: {
      'ports/a.ts': 'export const a = () => 1;\n// not a doc comment\nexport class B {}\nexport function c() {}',
    },
    says: ['a has', 'B has', 'c has'],
    innocent: {
      'ports/a.ts': '/** Words. */\nexport const a = () => 1;\nexport const b = 1;\nconst c = () => 1;',
      'test/a.ts': 'export const a = () => 1;',
    },
  },
];

export const planted: readonly Planted[] = [...importPlants, ...purityPlants, ...shapePlants];
