/**
 * A user's project in a folder of its own: this package as it would be installed, built from the sources as they
 * are.
 */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What a process came to. */
export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder with packages and files; gone when it is disposed of. */
export class Project implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'portolan-project-'));

  /** Makes the project, and the package in its `node_modules`: of the sources, or of a packed tarball. */
  static async open(files: Readonly<Record<string, string>>, tarball?: string): Promise<Project> {
    const project = new Project();
    const modules = join(project.folder, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name !== 'portolan') symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
    if (tarball === undefined) await buildPackage(join(modules, 'portolan'));
    else unpack(tarball, join(modules, 'portolan'));
    for (const [name, text] of Object.entries(files)) project.write(name, text);
    return project;
  }

  /** The path of a file. */
  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** Runs a Node process in the folder, to its end. */
  node(...args: readonly string[]): Promise<Finished> {
    return this.nodeWith({}, ...args);
  }

  /** The same with variables of the environment. */
  nodeWith(variables: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Finished> {
    const env = { ...process.env, NODE_OPTIONS: '', VITEST: '', ...variables };
    const child = spawn(process.execPath, args, { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += String(data)));
    child.stderr.on('data', (data: Buffer) => (err += String(data)));
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out, err }));
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** What npm would do, but for the packages that it depends on: those are linked already. */
const unpack = (tarball: string, folder: string): void => {
  mkdirSync(folder);
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components', '1']);
};

const buildPackage = async (folder: string): Promise<void> => {
  const { transpile } = (await import(new URL('../../support/transpile.mjs', import.meta.url).href)) as {
    transpile(parts: { root: string; names: readonly string[]; out: string }): Promise<void>;
  };
  const names = ['ports', 'kernel', 'servers'].flatMap((each) =>
    readdirSync(join(root, each), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && existsSync(join(root, each, name)))
      .map((name) => join(each, name)),
  );
  mkdirSync(folder);
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  await transpile({ root, names, out: join(folder, 'dist') });
};
