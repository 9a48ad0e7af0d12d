/**
 * Builds `dist/` from the sources.
 *
 *   node test/support/build.mjs              modules, declarations and maps, by the type checker: what is published
 *   node test/support/build.mjs --if-stale   modules and maps only, unchecked, and only if a source is newer: what `npm start` runs
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = ['ports', 'kernel', 'servers', 'examples'].filter((folder) => existsSync(join(root, folder)));
const main = join(root, 'dist/servers/shell/main.js');
/** Its content is the list of sources built, its time the time of the build. */
const stamp = join(root, 'dist/.built');

const sources = () =>
  folders
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)))
    .filter((name) => /(?<!\.d)\.ts$/.test(name) && !name.includes('node_modules'))
    .sort();

/** A file added, removed, or changed since the stamp was set. */
const isStale = (names) => {
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== names.join('\n')) return true;
  const built = statSync(stamp).mtimeMs;
  return [...names, 'package.json', 'tsconfig.json'].some((name) => statSync(join(root, name)).mtimeMs > built);
};

const compile = () => {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
};

/** The command starts with a shebang and may be executed. The map moves down by the line we put in. */
const makeExecutable = () => {
  if (!existsSync(main)) return;
  const text = readFileSync(main, 'utf8');
  if (!text.startsWith('#!')) {
    writeFileSync(main, `#!/usr/bin/env node\n${text}`);
    const map = JSON.parse(readFileSync(`${main}.map`, 'utf8'));
    writeFileSync(`${main}.map`, JSON.stringify({ ...map, mappings: `;${map.mappings}` }));
  }
  chmodSync(main, 0o755);
};

const names = sources();
const ifStale = process.argv.includes('--if-stale');
if (!ifStale || isStale(names)) {
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  if (ifStale) await (await import('./transpile.mjs')).transpile({ root, names, out: 'dist' });
  else compile();
  makeExecutable();
  writeFileSync(stamp, names.join('\n'));
}
