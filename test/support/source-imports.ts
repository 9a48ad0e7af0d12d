/** Laws 1 and 2: who may import whom. */
import { perFile, type Rule } from './source-rule.ts';
import { folders, type Import, isIn, type Source } from './source-tree.ts';

const everywhere = (): boolean => true;

const rank = (path: string): number => folders.findIndex((folder) => isIn(path, folder));

/** What a server sees of the kernel. */
const doors = [
  'kernel/interface',
  'kernel/sys.ts',
  'kernel/machine.ts',
  'kernel/program.ts',
  'kernel/resumable',
  'kernel/lab',
];

/** Where a whole is put together from parts, and so may name them all. */
/** A node is put together in two files: its material, and who serves what. A laboratory is a kernel alone. */
const isCompositionRoot = (path: string): boolean =>
  isIn(
    path,
    'servers/shell/boot.ts',
    'servers/shell/composition.ts',
    'servers/shell/laboratory.ts',
    'examples',
    'test',
  );

const forEachTarget = (source: Source, visit: (target: string, each: Import) => void): void => {
  for (const each of source.imports) if (each.target !== null) visit(each.target, each);
};

const pointDown = perFile('imports point down', everywhere, (source, report) => {
  forEachTarget(source, (target, { line }) => {
    if (rank(target) > rank(source.path)) report(line, `looks up to ${target}`);
    if (rank(target) < 0) report(line, `leaves the sources for ${target}`);
  });
});

const kernelDoors = perFile(
  'a server sees only the doors of the kernel',
  (path) => isIn(path, 'servers') && !isCompositionRoot(path),
  (source, report) => {
    forEachTarget(source, (target, { line }) => {
      if (isIn(target, 'kernel') && !isIn(target, ...doors)) report(line, `enters the kernel by ${target}`);
    });
  },
);

const kernelBoot = perFile(
  'only composition roots boot a kernel',
  (path) => !isCompositionRoot(path) && path !== 'kernel/index.ts',
  (source, report) => {
    forEachTarget(source, (target, { line }) => {
      if (target === 'kernel/boot.ts') report(line, 'imports kernel/boot.ts');
    });
  },
);

const nodeServer = perFile(
  'only the shell, examples and tests reach for servers/node',
  (path) => !isIn(path, 'servers/node', 'servers/shell', 'examples', 'test'),
  (source, report) => {
    forEachTarget(source, (target, { line }) => {
      if (isIn(target, 'servers/node')) report(line, `imports ${target}`);
    });
  },
);

/** The loader hands programs the whole runtime, as the package would. */
const handsRuntimeOver = (path: string, target: string): boolean =>
  target === 'kernel/resumable/index.ts' && path === 'servers/node/program-loader.ts';

/** A program's source says what a user's would. */
const isProgramSource = (path: string): boolean => path.endsWith('.program.ts');

/** The test that fixes the public surface is, by purpose, a user of the indexes. */
const noIndex = perFile(
  'nobody inside imports an index.ts',
  (path) => !/^test\/(.*\/)?surface[^/]*\.ts$/.test(path),
  (source, report) => {
    forEachTarget(source, (target, { line }) => {
      if (/(^|\/)index\.[a-z]+$/.test(target) && !handsRuntimeOver(source.path, target))
        report(line, `imports ${target}`);
    });
    for (const { specifier, line } of source.imports) {
      const isOwnPackage = /^portolan(\/|$)/.test(specifier);
      if (isOwnPackage && !(isProgramSource(source.path) && specifier === 'portolan/resumable'))
        report(line, `imports ${specifier}`);
    }
  },
);

const extensions = perFile('a relative import names its .ts file', everywhere, (source, report) => {
  forEachTarget(source, (target, { line, specifier }) => {
    if (!/\.(ts|mjs|json)$/.test(target)) report(line, `says ${specifier}`);
  });
});

/** Groups of files that reach each other, by Tarjan; a file that imports itself is a group of one. */
const circles = (sources: readonly Source[]): readonly (readonly string[])[] => {
  const edges = new Map(sources.map(({ path, imports }) => [path, imports.flatMap(({ target }) => target ?? [])]));
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const lower = (path: string, to: number): void => void low.set(path, Math.min(low.get(path) ?? to, to));
  const visit = (path: string): void => {
    const own = index.size;
    index.set(path, own);
    low.set(path, own);
    stack.push(path);
    for (const next of edges.get(path) ?? []) {
      if (!edges.has(next)) continue;
      if (!index.has(next)) {
        visit(next);
        lower(path, low.get(next) ?? own);
      } else if (stack.includes(next)) lower(path, index.get(next) ?? own);
    }
    if (low.get(path) !== own) return;
    const group = stack.splice(stack.indexOf(path));
    if (group.length > 1 || (edges.get(path) ?? []).includes(path)) found.push(group.sort());
  };
  for (const path of edges.keys()) if (!index.has(path)) visit(path);
  return found;
};

const noCircle: Rule = {
  name: 'no circle of imports, not even of types',
  check: (sources) => circles(sources).map((group) => group.join(' ↔ ')),
};

export const importRules: readonly Rule[] = [
  pointDown,
  kernelDoors,
  kernelBoot,
  nodeServer,
  noCircle,
  noIndex,
  extensions,
];
