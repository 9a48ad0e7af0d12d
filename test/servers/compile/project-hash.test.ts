/** The hash of a program covers what it imports, whatever it is. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import * as compiler from '../../../servers/compile/compile.ts';
import { resolveFile } from '../../../servers/compile/node-resolve.ts';
import { MODULES_MAX, ProgramModules } from '../../../servers/compile/plugin.ts';

const folder = mkdtempSync(join(tmpdir(), 'portolan-hash-'));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => {
  mkdirSync(dirname(at(name)), { recursive: true });
  writeFileSync(at(name), text);
};

const files: Readonly<Record<string, string>> = {
  'main.program.ts': `import { near } from './near.ts';
import { made } from 'made';
import { other } from './other.program.ts';
export async function main(): Promise<number> { return near + made + (await other()); }`,
  'other.program.ts': `import { shared } from './lib/shared.ts';
export async function other(): Promise<number> { return shared; }`,
  'near.ts': `import { far } from './lib/far';
import data from './data.json' with { type: 'json' };
import { again } from './again.ts';
export const near: number = far + data.n + again + 1;`,
  'again.ts': `import { near } from './near.ts';
export const again = 1;
export const twice = (): number => 2 * near;`,
  'lib/far.ts': 'export const far = 1;',
  'lib/shared.ts': 'export const shared = 1;',
  'data.json': '{ "n": 1 }',
  'unused.ts': 'export const unused = 1;',
  'node_modules/made/package.json': '{ "name": "made", "version": "1.0.0", "exports": "./made.js" }',
  'node_modules/made/made.js': 'export const made = 1;',
};

beforeEach(() => {
  for (const [name, text] of Object.entries(files)) write(name, text);
});

const compiled = (name = 'main.program.ts') =>
  new ProgramModules(folder, compiler).compileSync(at(name), readFileSync(at(name), 'utf8'), resolveFile);

const change = (name: string): void => write(name, (files[name] ?? '').replace(/1/, '2'));

describe('the hash of a program', () => {
  it.each([
    'near.ts',
    'again.ts',
    'lib/far.ts',
    'data.json',
    'lib/shared.ts',
    'node_modules/made/package.json',
  ])('changes with %s', (name) => {
    const before = compiled().hash;
    expect(compiled().hash).toBe(before);
    change(name);
    expect(compiled().hash).not.toBe(before);
  });

  it('does not change with what is not imported, nor within a version of a package', () => {
    const before = compiled().hash;
    change('unused.ts');
    change('node_modules/made/made.js');
    expect(compiled().hash).toBe(before);
  });

  it('does not depend on where the project lies', () => {
    const before = compiled().hash;
    for (const [name, text] of Object.entries(files)) write(`moved/${name}`, text);
    const source = readFileSync(at('moved/main.program.ts'), 'utf8');
    const modules = new ProgramModules(at('moved'), compiler);
    expect(modules.compileSync(at('moved/main.program.ts'), source, resolveFile).hash).toBe(before);
  });

  it('is the same for a tool that leaves packages to the host', async () => {
    const external = async (specifier: string, importer: string): Promise<string | null> =>
      specifier === 'made' ? null : resolveFile(specifier, importer);
    const source = readFileSync(at('main.program.ts'), 'utf8');
    const { hash } = await new ProgramModules(folder, compiler).compile(at('main.program.ts'), source, external);
    expect(hash).toBe(compiled().hash);
  });

  it('does not change with a file of types alone', () => {
    write(
      'typed.program.ts',
      "import { T } from './types.ts';\nexport async function main(t: T): Promise<T> { return t; }",
    );
    write('types.ts', 'export type T = 1;');
    const before = compiled('typed.program.ts').hash;
    write('types.ts', 'export type T = 2;');
    expect(compiled('typed.program.ts').hash).toBe(before);
  });
});

describe('a compiled program', () => {
  it('tells programs that it imports from plain files', () => {
    const { dependencies, plainDependencies } = compiled();
    expect(dependencies).toEqual([at('other.program.ts')]);
    const plain = ['near.ts', 'lib/far.ts', 'data.json', 'again.ts', 'lib/shared.ts'].map(at);
    expect([...plainDependencies].sort()).toEqual(plain.sort());
  });

  it('is made although a module that it imports does not parse: that one is told of by whoever loads it', () => {
    write('lib/far.ts', 'export const far = ;');
    expect(compiled().hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('reaches a limited number of modules', () => {
    // One file by ever new paths.
    let count = 0;
    const next = (): string =>
      `${folder}/${[...(count += 1).toString(2)].map((bit) => (bit === '1' ? './' : '/')).join('')}near.ts`;
    const endless = new ProgramModules(folder, {
      ...compiler,
      outlineOf: () => ({ imports: ['./next.ts'], asyncExports: new Set<string>(), reexports: [] }),
    });
    expect(() => endless.compileSync(at('main.program.ts'), '', next)).toThrow(`more than ${MODULES_MAX} modules`);
  });
});

describe('a call of an imported async function that nobody awaits', () => {
  const askers: Readonly<Record<string, string>> = {
    'asked.program.ts': `export async function one() {}
const two = async () => {};
export { two as second };
export default async function () {}
export const plain = () => {};
export async function* walk() {}`,
    'between.program.ts': "export { one as first } from './asked.program.ts';\nexport * from './asked.program.ts';",
    'plain.ts': 'export async function one() {}',
  };
  const refusal = (text: string): unknown => {
    for (const [name, source] of Object.entries(askers)) write(name, source);
    write('asking.program.ts', text);
    try {
      return compiled('asking.program.ts') && null;
    } catch (error) {
      const { code, line } = error as { code: string; line: number };
      return `${code}:${line}`;
    }
  };

  it.each([
    "import { one } from './asked.program.ts';\nexport async function main() { one(); }",
    "import { second as s } from './asked.program.ts';\nexport async function main() { s(); }",
    "import ask from './asked.program.ts';\nexport async function main() { ask(); }",
    "import * as asked from './asked.program.ts';\nexport async function main() { asked.one(); }",
    "import { first } from './between.program.ts';\nexport async function main() { first(); }",
    "import { second } from './between.program.ts';\nexport async function main() { second(); }",
  ])('is refused: %s', (text) => {
    expect(refusal(text)).toBe('R109:2');
  });

  it.each([
    "import { one } from './asked.program.ts';\nexport async function main() { void one(); await one(); const a = one(); }",
    "import { plain, walk } from './asked.program.ts';\nexport async function main() { plain(); walk(); }",
    "import { one } from './plain.ts';\nexport async function main() { one(); }",
    "import one from './between.program.ts';\nexport async function main() { one(); }",
  ])('is not this: %s', (text) => {
    expect(refusal(text)).toBe(null);
  });
});
