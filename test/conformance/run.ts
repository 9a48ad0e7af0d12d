/**
 * The conformance runner.
 *
 *   tsx test/conformance/run.ts [--profile mach3|xnu|all] [--place together|apart] [--relocate none|every]
 *                               [--strategy NAME] [--json] [FILES...]
 *
 * Exit code 0: no run failed; 1: some did; 2: the arguments or a scenario file are wrong.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Driver } from './driver.ts';
import { portolan } from './driver-portolan.ts';
import { reportOf, toJson, toText } from './report.ts';
import { loadFile, ScenarioError } from './scenario.ts';
import type { Selection } from './suite.ts';
import { runSuite } from './suite.ts';

interface Invocation {
  readonly selection: Selection;
  readonly json: boolean;
  readonly files: readonly string[];
}

export interface Conclusion {
  readonly exitCode: 0 | 1 | 2;
  readonly output: string;
}

/** All scenario files that come with the suite. */
export const scenarioFiles = (): readonly string[] => {
  const folder = fileURLToPath(new URL('./scenarios/', import.meta.url));
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => join(folder, name));
};

export const conclude = (argv: readonly string[], driver: Driver): Conclusion => {
  try {
    const { selection, json, files } = readInvocation(argv);
    const { strategy } = selection;
    if (strategy !== undefined) choice('strategy', strategy, driver.strategies);
    const runs = [...runSuite(driver, files.map(loadFile), selection)];
    const report = reportOf(runs);
    return { exitCode: report.failed === 0 ? 0 : 1, output: json ? toJson(report, 2) : toText(runs) };
  } catch (error) {
    if (isOfInvocation(error)) return { exitCode: 2, output: error.message };
    throw error;
  }
};

const readInvocation = (argv: readonly string[]): Invocation => {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      profile: { type: 'string', default: 'all' },
      place: { type: 'string', default: 'together' },
      relocate: { type: 'string', default: 'none' },
      strategy: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    selection: {
      profile: choice('profile', values.profile, ['mach3', 'xnu', 'all']),
      place: choice('place', values.place, ['together', 'apart']),
      relocate: choice('relocate', values.relocate, ['none', 'every']),
      strategy: values.strategy,
    },
    json: values.json,
    files: positionals.length > 0 ? positionals : scenarioFiles(),
  };
};

const choice = <T extends string>(option: string, value: string, choices: readonly T[]): T => {
  const chosen = choices.find((each) => each === value);
  if (chosen === undefined) throw new ScenarioError(`--${option}: ${value} is not one of ${choices.join(' ')}`);
  return chosen;
};

/** A wrong option, a file that is not there, a scenario that is none: not a failure of the runner itself. */
const isOfInvocation = (error: unknown): error is Error => {
  if (error instanceof ScenarioError) return true;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return code.startsWith('ERR_PARSE_ARGS') || code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES';
};

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { exitCode, output } = conclude(process.argv.slice(2), portolan);
  (exitCode === 2 ? process.stderr : process.stdout).write(`${output}\n`);
  process.exitCode = exitCode;
}
