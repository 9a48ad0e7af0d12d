/** What is heavy is loaded by whoever needs it: a command that compiles nothing has no compiler in its process. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { files } from './counting.ts';
import { Project } from './project.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const HEAVY = /\/node_modules\/(@babel|esbuild|rollup|vite|typescript|@rolldown|rolldown)\//;
const COMMAND = 'node_modules/portolan/dist/servers/shell/main.js';

let project: Project;
beforeAll(async () => {
  project = await Project.open(files);
});
afterAll(() => project[Symbol.dispose]());

/** Every script that a process of the command has loaded, as V8 lists them for whoever measures coverage. */
const loadedBy = async (...args: readonly string[]): Promise<readonly string[]> => {
  const folder = project.path(`loaded-${args.join('-').replaceAll('/', '_')}`);
  await project.nodeWith({ NODE_V8_COVERAGE: folder, PORTOLAN_STATE: project.path('state') }, COMMAND, ...args);
  return readdirSync(folder).flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { result: { url: string }[] };
    return result.map(({ url }) => url).filter((url) => url.startsWith('file:'));
  });
};

describe('the command', () => {
  it.each([
    [['--help']],
    [['node', 'ls']],
    [['task', 'ls']],
    [['no-such-command']],
  ])('%j loads no compiler', async (args) => {
    const loaded = await loadedBy(...args);
    expect(loaded.some((url) => url.endsWith('/servers/shell/main.js'))).toBe(true);
    expect(loaded.filter((url) => HEAVY.test(url))).toEqual([]);
  });

  it('loads it to compile, and this test sees it', async () => {
    const loaded = await loadedBy('compile', 'count.program.ts', '--out', 'out');
    expect(loaded.some((url) => url.includes('/@babel/core/'))).toBe(true);
    expect(loaded.some((url) => url.includes('/esbuild/'))).toBe(true);
  });
});
