import { type BuildFailure, build as buildEsbuild, transformSync } from 'esbuild';
import { rollup } from 'rollup';
import { build as buildVite, createServer } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { portolan as forEsbuild } from '../../../servers/compile/esbuild.ts';
import { portolan as forRollup } from '../../../servers/compile/rollup.ts';
import { portolan as forVite } from '../../../servers/compile/vite.ts';
import { files, THROWN_AT } from './counting.ts';
import { type Finished, Project } from './project.ts';

let project: Project;
const hashes = new Set<string>();
beforeAll(async () => {
  project = await Project.open(files);
});
afterAll(() => project[Symbol.dispose]());

/** What every way to run the project has to come to. */
const expectSum = ({ code, out, err }: Finished): void => {
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const [hash = '', message, ...stack] = out.split('\n');
  expect(hash).toMatch(/^[0-9a-f]{64}$/);
  hashes.add(hash);
  expect(message).toBe('Error: the sum is 12');
  expect(stack[0]).toMatch(THROWN_AT);
};

describe('a program that is bundled', () => {
  it.each([false, true])('by esbuild runs, and throws where its source says (minified: %s)', async (minify) => {
    const out = `esbuild-${minify}/app.js`;
    await buildEsbuild({
      absWorkingDir: project.folder,
      entryPoints: ['app.ts'],
      outfile: out,
      bundle: true,
      minify,
      format: 'esm',
      platform: 'node',
      sourcemap: true,
      logLevel: 'silent',
      plugins: [forEsbuild()],
    });
    expectSum(await project.node('--enable-source-maps', out));
  });

  it.each([false, true])('by Vite runs, and throws where its source says (minified: %s)', async (minify) => {
    const outDir = `vite-${minify}`;
    await buildVite({
      root: project.folder,
      configFile: false,
      logLevel: 'silent',
      plugins: [forVite()],
      build: { ssr: 'app.ts', outDir, minify, sourcemap: true, target: 'node20' },
    });
    expectSum(await project.node('--enable-source-maps', `${outDir}/app.js`));
  });

  it('by Rollup runs, and throws where its source says', async () => {
    const stripped = (code: string): string => transformSync(code, { loader: 'ts' }).code;
    const bundle = await rollup({
      input: project.path('app.ts'),
      external: [/^portolan/],
      plugins: [
        forRollup({ root: project.folder }),
        {
          name: 'strip-types',
          transform: (code, id) => (/(app|label)\.ts$/.test(id) ? { code: stripped(code), map: null } : null),
        },
      ],
    });
    await bundle.write({ file: project.path('rollup/app.js'), sourcemap: true });
    await bundle.close();
    expectSum(await project.node('--enable-source-maps', 'rollup/app.js'));
  });
});

describe('a program that is loaded', () => {
  it('by Node runs, and throws where its source says', async () => {
    expectSum(await project.node('--import', 'portolan/register', 'app.ts'));
  });

  it.each([
    ['the command', ['node_modules/tsx/dist/cli.mjs', '--import', 'portolan/register']],
    ['registered before it', ['--import', 'portolan/register', '--import', 'tsx']],
  ])('by tsx runs, and throws where its source says: %s', async (_, args) => {
    expectSum(await project.node(...args, 'app.ts'));
  });

  it('by tsx as CommonJS runs, and throws where its source says', async () => {
    for (const [name, text] of Object.entries(files)) project.write(`cjs/${name}`, text);
    project.write('cjs/package.json', '{}');
    const { code, out, err } = await project.node('--import', 'tsx', '--import', 'portolan/register', 'cjs/app.ts');
    // Node says once that `require` of ES modules is young.
    expectSum({ code, out, err: err.replace(/^\(node:.*\n/gm, '') });
  });

  it('by the development server of Vite runs', async () => {
    const server = await createServer({
      root: project.folder,
      configFile: false,
      logLevel: 'silent',
      server: { middlewareMode: true, ws: false },
      plugins: [forVite()],
    });
    const { main } = await server.ssrLoadModule('/count.program.ts');
    await server.close();
    expect(main.length).toBe(2);
  });

  it('by vitest runs, and throws where its source says', async () => {
    project.write(
      'vitest.config.ts',
      `import { portolan } from 'portolan/vite'; export default { plugins: [portolan()] };`,
    );
    project.write(
      'count.test.ts',
      `import { expect, it } from 'vitest';
      import { programOf } from 'portolan/resumable';
      import { main } from './count.program.ts';
      it('is compiled', () => expect(programOf(main).hash).toMatch(/^[0-9a-f]{64}$/));`,
    );
    const { code, out } = await project.node('node_modules/vitest/vitest.mjs', 'run', '--reporter', 'dot');
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('1 passed') });
  });
});

it('has one name, whoever compiles it', () => {
  expect([...hashes]).toHaveLength(1);
});

describe('a program that cannot be compiled', () => {
  const bad = `import type { Sys } from 'portolan/resumable';
export async function main(sys: Sys): Promise<void> {
  sys.sleep(1);
}
`;
  beforeAll(() => {
    project.write('bad.program.ts', bad);
    project.write('use-bad.ts', `import { main } from './bad.program.ts';\nconsole.log(main);\n`);
  });

  it('is shown by esbuild with its place and what to write instead', async () => {
    const building = buildEsbuild({
      absWorkingDir: project.folder,
      entryPoints: ['use-bad.ts'],
      bundle: true,
      write: false,
      logLevel: 'silent',
      plugins: [forEsbuild()],
    });
    const [first] = await building.then(
      () => [],
      (error: BuildFailure) => error.errors,
    );
    expect(first).toMatchObject({
      detail: { code: 'R109' },
      location: { line: 3, column: 2, lineText: '  sys.sleep(1);' },
    });
    expect(first?.notes[0]?.text).toContain('await');
  });

  it('is shown by Rollup with its place and what to write instead', async () => {
    const building = rollup({ input: project.path('bad.program.ts'), plugins: [forRollup({ root: project.folder })] });
    await expect(building).rejects.toMatchObject({
      pluginCode: 'R109',
      hint: expect.stringContaining('await'),
      loc: { line: 3, column: 2, file: project.path('bad.program.ts') },
      frame: expect.stringContaining('sys.sleep(1)'),
    });
  });

  it('is shown by Vite with its place and what to write instead', async () => {
    const building = buildVite({
      root: project.folder,
      configFile: false,
      logLevel: 'silent',
      plugins: [forVite()],
      build: { ssr: 'use-bad.ts', write: false },
    });
    const message = await building.then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message).toMatch(/bad\.program\.ts:3:2[\s\S]*R109[\s\S]*sys\.sleep\(1\)/);
  });

  it('is shown by Node with its place and what to write instead', async () => {
    const { code, err } = await project.node('--import', 'portolan/register', 'use-bad.ts');
    expect(code).toBe(1);
    expect(err).toMatch(
      /SyntaxError.*: R109[\s\S]*bad\.program\.ts:3:3\n2 \|[\s\S]*3 \| {3}sys\.sleep\(1\);\n {2}\| {3}\^[\s\S]*next: /,
    );
  });
});

describe('the hash of a program', () => {
  it('does not see comments and spaces, but sees the program modules that are imported', async () => {
    const hashOf = async (twice: string): Promise<string | undefined> => {
      project.write('twice.program.ts', twice);
      const { outputFiles } = await buildEsbuild({
        absWorkingDir: project.folder,
        entryPoints: ['count.program.ts'],
        bundle: true,
        write: false,
        format: 'esm',
        external: ['portolan/*'],
        plugins: [forEsbuild()],
      });
      return [...(outputFiles[0]?.text ?? '').matchAll(/hash"?: "([0-9a-f]{64})"/g)].at(-1)?.[1];
    };
    const twice = files['twice.program.ts'] ?? '';
    const before = await hashOf(twice);
    expect(before).toMatch(/./);
    expect(await hashOf(`// A comment.\n\n${twice}`)).toBe(before);
    expect(await hashOf(twice.replace('2 * n', 'n * 2'))).not.toBe(before);
  });
});
