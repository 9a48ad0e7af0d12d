/** The laws of ARCHITECTURE.md, read against every source file; and each law shown to bite. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { importRules } from './support/source-imports.ts';
import { planted } from './support/source-planted.ts';
import { purityRules } from './support/source-purity.ts';
import type { Rule } from './support/source-rule.ts';
import { shapeRules } from './support/source-shape.ts';
import { documentedFolders, parse, readSources, root } from './support/source-tree.ts';

const rules: readonly Rule[] = [...importRules, ...purityRules, ...shapeRules];
const sources = readSources();

const ruleNamed = (name: string): Rule => {
  const rule = rules.find((each) => each.name === name);
  if (rule === undefined) throw new Error(`no rule is named "${name}"`);
  return rule;
};

const parseAll = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => parse(path, text));

describe('the sources keep the law', () => {
  it.each(rules)('$name', (rule) => {
    expect(rule.check(sources)).toEqual([]);
  });

  it.each(documentedFolders())('%s/ has a page for its reader', (folder) => {
    expect(existsSync(join(root, folder, 'README.md'))).toBe(true);
  });
});

describe('each law bites', () => {
  it('and none is missing here', () => {
    expect(planted.map(({ rule }) => rule)).toEqual(rules.map(({ name }) => name));
  });

  it.each(planted)('$rule: the guilty', ({ rule, broken, says }) => {
    expect(ruleNamed(rule).check(parseAll(broken))).toEqual(says.map((part) => expect.stringContaining(part)));
  });

  it.each(planted)('$rule: the innocent', ({ rule, innocent }) => {
    expect(ruleNamed(rule).check(parseAll(innocent))).toEqual([]);
  });
});

/** What esbuild has against a bundle for browsers; a module of Node is an error there. */
const browserErrors = async (
  entry: { readonly path: string } | { readonly text: string },
): Promise<readonly string[]> => {
  const input =
    'path' in entry
      ? { entryPoints: [entry.path] }
      : { stdin: { contents: entry.text, resolveDir: root, loader: 'ts' as const } };
  try {
    const options = { bundle: true, write: false, platform: 'browser', format: 'esm', logLevel: 'silent' } as const;
    await build({ ...input, ...options, absWorkingDir: root });
    return [];
  } catch (error) {
    if (!(error instanceof Error && 'errors' in error)) throw error;
    return (error.errors as readonly { text: string }[]).map(({ text }) => text);
  }
};

const browserFolders = ['ports', 'kernel', 'kernel/resumable', 'servers/net', 'servers/migration'];

describe('a bundle for browsers', () => {
  it.each(
    browserFolders.filter((folder) => existsSync(join(root, folder))),
  )('of %s/index.ts holds no Node', async (folder) => {
    expect(await browserErrors({ path: `${folder}/index.ts` })).toEqual([]);
  });

  it('is refused if a module of Node is reached', async () => {
    const errors = await browserErrors({ text: "import { readFileSync } from 'node:fs';\nreadFileSync('a');" });
    expect(errors).toEqual([expect.stringContaining('node:fs')]);
  });
});
