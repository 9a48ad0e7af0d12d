/**
 * `node --import portolan/register app.ts`: program modules are compiled when they are loaded. Also with tsx
 * (`tsx --import portolan/register app.ts`): what is registered last is asked first, so the compiler still sees types.
 *
 * Modules that are imported are loaded in Node's loader thread (`node-hooks.ts`), those that are required, or are
 * written with `import` in a package that is not `"type": "module"`, in this one.
 */
import Module, { createRequire, register } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireHook } from './require-hook.ts';

// The sources run as they are, too; then the files beside this one have its ending.
const here = fileURLToPath(import.meta.url);
const beside = (name: string): string => join(dirname(here), `${name}${extname(here)}`);

process.setSourceMapsEnabled(true);
register(`./node-hooks${extname(here)}`, import.meta.url);
requireHook(Module, createRequire(import.meta.url), beside('compile'));
