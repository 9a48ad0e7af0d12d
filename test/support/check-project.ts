/** An empty project with the packed package: the types hold, and a program runs with Vite, with tsx and by itself. */
import { files, THROWN_AT } from '../servers/compile/counting.ts';
import { Project } from '../servers/compile/project.ts';

const [tarball] = process.argv.slice(2);
if (tarball === undefined) throw new Error('which tarball?');

const compilerOptions = {
  target: 'ES2022',
  module: 'NodeNext',
  lib: ['ES2023'],
  types: ['node'],
  strict: true,
  noEmit: true,
  allowImportingTsExtensions: true,
  skipLibCheck: false,
};

using project = await Project.open(
  {
    ...files,
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
    'vite.config.ts': `import { portolan } from 'portolan/vite';
import { defineConfig } from 'vite';
export default defineConfig({ plugins: [portolan()], build: { ssr: 'app.ts', minify: true, sourcemap: true } });
`,
    'rollup.config.ts': `import { portolan } from 'portolan/rollup';
import type { RollupOptions } from 'rollup';
export const options: RollupOptions = { input: 'app.ts', plugins: [portolan()] };
`,
  },
  tarball,
);

const run = async (title: string, ...args: readonly string[]): Promise<string> => {
  const { code, out, err } = await project.node(...args);
  if (code !== 0) throw new Error(`${title}: exit code ${code}\n${out}${err}`);
  return out;
};

const show = (title: string, out: string): void => {
  if (!out.includes('the sum is 12') || !THROWN_AT.test(out)) throw new Error(`${title}: said\n${out}`);
  process.stdout.write(`✓ an empty project: ${title}\n`);
};

await run('types', 'node_modules/typescript/bin/tsc', '-p', '.');
process.stdout.write('✓ an empty project: types\n');
await run('Vite', 'node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn');
show('Vite', await run('Vite', '--enable-source-maps', 'dist/app.js'));
show('tsx', await run('tsx', 'node_modules/tsx/dist/cli.mjs', '--import', 'portolan/register', 'app.ts'));
show('Node', await run('Node', '--import', 'portolan/register', 'app.ts'));
