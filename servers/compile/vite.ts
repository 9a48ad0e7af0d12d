/** The plugin for Vite and vitest. */
import { type PluginOptions, type RollupPlugin, transformPlugin } from './rollup.ts';

/** A plugin as Vite takes it; spelled out here, so that the types of Vite need not be installed. */
export interface VitePlugin extends RollupPlugin {
  readonly enforce: 'pre';
  config(): { optimizeDeps: { include: string[] } };
  configResolved(config: { readonly root: string }): void;
}

/** `plugins: [portolan()]` in `vite.config.ts` or `vitest.config.ts`. */
export const portolan = ({ root }: PluginOptions = {}): VitePlugin => {
  let projectRoot = root ?? process.cwd();
  return {
    ...transformPlugin(() => projectRoot),
    enforce: 'pre', // types are still there, and so are the places of the source
    // Compiled code imports what no source does: the development server would learn of it late, and load the page
    // again.
    config: () => ({ optimizeDeps: { include: ['portolan/resumable'] } }),
    configResolved: (config) => {
      projectRoot = root ?? config.root;
    },
  };
};
