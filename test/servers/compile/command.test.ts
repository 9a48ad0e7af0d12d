import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadProgram } from '../../../servers/node/program-loader.ts';
import { runIn } from '../shell-scene.ts';
import { files } from './counting.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portolan-compile-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const bad = `import type { Sys } from 'portolan/resumable';
export async function main(sys: Sys): Promise<void> {
  sys.sleep(1);
}
`;

describe('portolan compile', () => {
  it('writes modules, maps and a manifest, of a file and of the program modules that it imports', async () => {
    const { code, out } = await runIn(folder, ['compile', at('count.program.ts'), '--out', at('out'), '--json']);
    expect(code).toBe(0);
    const manifest = JSON.parse(readFileSync(at('out/programs.json'), 'utf8'));
    expect(JSON.parse(out)).toEqual({ folder: at('out'), ...manifest });
    expect(manifest.programs).toEqual([
      {
        id: 'count.program.ts',
        out: 'count.program.js',
        hash: (await loadProgram(at('count.program.ts'))).program.hash,
        imports: ['./twice.program.ts', './label.ts'],
      },
      expect.objectContaining({ id: 'twice.program.ts', out: 'twice.program.js' }),
    ]);
    const text = readFileSync(at('out/count.program.js'), 'utf8');
    expect(text).toMatch(/from "\.\/label\.js"/);
    expect(text).toMatch(/from "portolan\/resumable"/);
    expect(JSON.parse(readFileSync(at('out/count.program.js.map'), 'utf8')).sources).toEqual(['../count.program.ts']);
  });

  it('tells what is wrong in all files, and writes nothing', async () => {
    for (const name of ['a.program.ts', 'b.program.ts']) writeFileSync(at(name), bad);
    const names = ['a.program.ts', 'b.program.ts', 'count.program.ts'].map(at);
    const { code, err } = await runIn(folder, ['compile', ...names, '--out', at('out'), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(err).error).toMatchObject({
      code: 'E_NOT_A_PROGRAM',
      details: [
        expect.stringContaining(`${at('a.program.ts')}:3:3 R109`),
        expect.stringContaining(`${at('b.program.ts')}:3:3 R109`),
      ],
      hint: expect.stringContaining('await'),
    });
    expect(existsSync(at('out'))).toBe(false);
  });

  it('refuses a file that is not there, one that it cannot write, and a command line without a folder', async () => {
    const ran = async (...args: string[]) => {
      const { code, err } = await runIn(folder, ['compile', ...args, '--json']);
      return [code, JSON.parse(err).error.code];
    };
    expect(await ran(at('none.program.ts'), '--out', at('out'))).toEqual([1, 'E_NOT_A_PROGRAM']);
    expect(await ran(at('count.program.ts'), '--out', at('label.ts'))).toEqual([1, 'E_STORE']);
    expect(await ran(at('count.program.ts'))).toEqual([2, 'E_USAGE']);
  });
});

describe('a resumable program of a file', () => {
  it('is called as its file, and named by its code, whatever stands around it', async () => {
    const { program } = await loadProgram(at('count.program.ts'));
    expect(program.name).toBe('count');
    writeFileSync(at('count.program.ts'), `// A comment.\n${files['count.program.ts']}\n`);
    expect((await loadProgram(at('count.program.ts'))).program.hash).toBe(program.hash);
    writeFileSync(at('twice.program.ts'), (files['twice.program.ts'] ?? '').replace('2 * n', 'n * 2'));
    expect((await loadProgram(at('count.program.ts'))).program.hash).not.toBe(program.hash);
  });

  it('may be the default export, and may say so by a directive', async () => {
    writeFileSync(
      at('plain.ts'),
      `"use resumable";\nimport type { Sys } from 'portolan/resumable';
export default async function run(sys: Sys): Promise<void> {\n  await sys.yield();\n}\n`,
    );
    expect((await loadProgram(at('plain.ts'))).program.name).toBe('plain');
  });

  it.each([
    ['has a mistake', 'x.program.ts', bad, /R109.*x\.program\.ts:3:3/, /await/],
    ['has no main function', 'x.program.ts', 'export const x = 1;', /no `main`/, /async function main/],
    [
      'is not compiled',
      'x.ts',
      'export async function main(): Promise<void> {}',
      /no compiled/,
      /x\.program|NAME\.program/,
    ],
    ['imports Node', 'x.program.ts', "import fs from 'node:fs'; export const main = fs;", /node:fs|R120/, /./],
  ])('that %s is refused', async (_, name, text, why, hint) => {
    writeFileSync(at(name), text);
    const refused = await loadProgram(at(name)).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'E_NOT_A_PROGRAM',
      message: expect.stringMatching(why),
      hint: expect.stringMatching(hint),
    });
  });
});
