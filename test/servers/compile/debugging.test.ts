/** A breakpoint on a line of a program works in an editor: see `debugging.mjs` for what stands in for one. */
import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { portolan } from '../../../servers/compile/esbuild.ts';
import { Project } from './project.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const SOURCE = 'walk.program.ts';
const PROGRAM = `import type { Sys } from 'portolan/resumable';

interface Args {
  readonly upTo: number;
}

const twice = (value: number): number => {
  return 2 * value;
};

export async function main(sys: Sys, args: Args): Promise<void> {
  let total: number = 0;
  for (let turn = 1; turn <= args.upTo; turn += 1) {
    const before: number = total;
    await sys.sleep(10);
    total = before + twice(turn);
    {
      const before: number = total * 100;
      await sys.sleep(20);
      total = before / 100;
    }
  }
  const told = (): number => total;
  total += 1;
  throw new Error(\`\${told()}\`);
}
`;
const lineOf = (words: string): number => PROGRAM.slice(0, PROGRAM.indexOf(words)).split('\n').length;

let project: Project;
beforeAll(async () => {
  const debug = readFileSync(new URL('./debugging.mjs', import.meta.url), 'utf8');
  project = await Project.open({
    'package.json': '{ "name": "walking", "private": true, "type": "module" }',
    [SOURCE]: PROGRAM,
    'debug.mjs': debug,
  });
  await build({
    absWorkingDir: project.folder,
    entryPoints: [SOURCE],
    outfile: 'walk.js',
    bundle: true,
    minify: true,
    format: 'esm',
    external: ['portolan'],
    sourcemap: true,
    logLevel: 'silent',
    plugins: [portolan()],
  });
});
afterAll(() => project[Symbol.dispose]());

/** Lines with a breakpoint, by words that are on them. */
const CALL = 'await sys.sleep(20)';
const RESULT = 'total = before + twice';
const SHADOWED = 'total = before / 100';
const PLAIN = 'return 2 * value';

interface Pause {
  readonly step: string;
  readonly where: string;
  readonly locals: Readonly<Record<string, number>>;
}

/** The pauses of a run, and between them what it says of itself. */
const debugged = async (module: string): Promise<readonly (Pause | string)[]> => {
  const lines = [CALL, RESULT, SHADOWED, PLAIN].map(lineOf).join();
  const { out, err } = await project.node('--import', 'portolan/register', 'debug.mjs', module, SOURCE, lines);
  expect(err).toBe('');
  return out
    .trim()
    .split('\n')
    .map((each) => JSON.parse(each) as Pause | string);
};

describe.each([
  ['as it is loaded', SOURCE],
  ['bundled and minified', 'walk.js'],
])('a breakpoint in a program %s', (_, module) => {
  let run: readonly (Pause | string)[];
  beforeAll(async () => {
    run = await debugged(module);
  });

  /** What there is of one breakpoint, and the move. */
  const at = (words: string): readonly (Pause | string)[] =>
    run.filter((each) => (typeof each === 'string' ? each === 'moved' : each.where === `${SOURCE}:${lineOf(words)}`));
  const pause = (locals: Readonly<Record<string, number>>, step = '$step') =>
    expect.objectContaining({ step, locals: expect.objectContaining(locals) });

  it('pauses the step on its line, with the locals by their names, and a frame that was data too', () => {
    expect(at(RESULT)).toEqual([
      pause({ turn: 1, before: 0, total: 0 }),
      'moved',
      pause({ turn: 2, before: 2, total: 2 }),
      pause({ turn: 3, before: 6, total: 6 }),
    ]);
    expect(at(SHADOWED)).toEqual([
      'moved',
      pause({ turn: 1, before: 200, total: 2 }),
      pause({ turn: 2, before: 600, total: 6 }),
      pause({ turn: 3, before: 1200, total: 12 }),
    ]);
  });

  it('pauses where a call is made, once', () => {
    const turns = [1, 2, 3].map((turn) => pause({ turn }));
    expect(at(CALL).filter((each) => each !== 'moved')).toEqual(turns);
  });

  it('pauses in functions that are not resumable', () => {
    const values = [1, 2, 3].map((value) => pause({ value }, expect.any(String)));
    expect(at(PLAIN).filter((each) => each !== 'moved')).toEqual(values);
  });

  it('pauses nowhere else, and changes nothing', () => {
    expect(run).toHaveLength(3 * 4 + 2);
    expect(run.at(-1)).toBe('Error: 13');
  });
});
