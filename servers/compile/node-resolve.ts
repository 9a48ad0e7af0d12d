/** Where Node finds what a program module imports. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';

/**
 * The file that `importer` means; null if it is none, or cannot be found. A `.js` that is not there may be a `.ts`, as
 * TypeScript and tsx have it.
 */
export const resolveFile = (specifier: string, importer: string): string | null => {
  if (specifier.startsWith('.') || isAbsolute(specifier)) {
    const path = resolve(dirname(importer), specifier);
    return [path, path.replace(/\.([cm]?)js$/, '.$1ts'), `${path}.ts`, `${path}.js`].find(existsSync) ?? null;
  }
  try {
    const path = createRequire(importer).resolve(specifier);
    return isAbsolute(path) ? path : null;
  } catch {
    return null;
  }
};
