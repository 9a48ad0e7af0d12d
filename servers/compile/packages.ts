/** Packages as a hash knows them: by name and version, whatever tool resolves them, and whether it bundles them or not. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const PACKAGE = /^(@[^/]+\/[^/]+|[^./#@\\][^/]*)(?:\/|$)/;
/** The runtime is known by the compiler's ABI, which is in every hash. */
const OWN = 'portolan';

const manifestOf = (path: string): { readonly name?: unknown; readonly version?: unknown } | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: unknown; version?: unknown };
  } catch {
    return null;
  }
};

/**
 * `name@version` of the package that `importer` means by `specifier`, from the nearest `node_modules`; null if there is
 * none, or if it has no version.
 */
export const packageOf = (specifier: string, importer: string): string | null => {
  const [, name] = PACKAGE.exec(specifier) ?? [];
  if (name === undefined || name === OWN) return null;
  for (let folder = dirname(importer); ; folder = dirname(folder)) {
    const manifest = manifestOf(join(folder, 'node_modules', name, 'package.json'));
    if (manifest !== null) return typeof manifest.version === 'string' ? `${name}@${manifest.version}` : null;
    if (folder === dirname(folder)) return null;
  }
};
