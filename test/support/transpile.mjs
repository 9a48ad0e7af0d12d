import { build } from 'esbuild';

const keepImports = {
  name: 'keep-imports',
  setup: (esbuild) =>
    esbuild.onResolve({ filter: /.*/ }, ({ path, kind }) =>
      kind === 'entry-point'
        ? undefined
        : { path: path.startsWith('.') ? path.replace(/\.ts$/, '.js') : path, external: true, sideEffects: true },
    ),
};

/** One module out for each module in, unchecked: every import stays an import, its `.ts` said as `.js`. */
export const transpile = async ({ root, names, out }) => {
  await build({
    absWorkingDir: root,
    entryPoints: names,
    outdir: out,
    outbase: '.',
    bundle: true,
    treeShaking: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    plugins: [keepImports],
  });
};
