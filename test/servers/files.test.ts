import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bytes } from '../../ports/bytes.ts';
import { fileServer } from '../../servers/files/files.ts';
import { fileService, LENGTH_MAX, READ_MAX } from '../../servers/files/protocol.ts';
import type { FileEntry, FileStore } from '../../servers/files/store.ts';
import { listFiles } from '../../servers/files/walk.ts';
import { openFileStore } from '../../servers/node/file-store.ts';
import { World } from '../support/two-kernels.ts';
import { addServer, ask, grant } from './server-scene.ts';

/** A store in memory, of empty files. */
const storeOf = (paths: readonly string[]): FileStore => ({
  list: (folder) => {
    const prefix = folder === '' ? '' : `${folder}/`;
    const entries = new Map<string, FileEntry>();
    for (const path of paths) {
      if (!path.startsWith(prefix)) continue;
      const [name = '', ...rest] = path.slice(prefix.length).split('/');
      const kind = rest.length > 0 ? 'folder' : 'file';
      entries.set(`${name} ${kind}`, { name, kind, size: 0 });
    }
    return [...entries.values()].reverse();
  },
  stat: () => ({ size: 0, changedAt: 0 }),
  read: () => Bytes.from([]),
  digest: () => Bytes.from([]),
});

describe('a listing', () => {
  it('names every file once, in order, however it is cut', () => {
    const part = fc.constantFrom('a', 'a-b', 'a.b', 'b', '~');
    const path = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), (paths, limit) => {
        // A path that is a folder of another cannot be a file.
        const files = paths.filter((each) => !paths.some((other) => other.startsWith(`${each}/`)));
        const store = storeOf(files);
        const found: string[] = [];
        for (let more = true; more; ) {
          const listing = listFiles(store, found.at(-1) ?? '', limit);
          if (typeof listing === 'string') throw new Error(listing);
          found.push(...listing.files.map((file) => file.path));
          more = listing.more;
        }
        expect(found).toEqual([...files].sort());
      }),
    );
  });
});

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'portolan-files-'));
  mkdirSync(join(root, 'in/deep'), { recursive: true });
  mkdirSync(join(root, 'in/.git'));
  mkdirSync(join(root, 'in/node_modules/x/dist'), { recursive: true });
  writeFileSync(join(root, 'in/a.txt'), 'hello');
  writeFileSync(join(root, 'in/deep/b.txt'), 'deep');
  writeFileSync(join(root, 'in/.git/config'), 'no');
  writeFileSync(join(root, 'in/node_modules/x/dist/c.js'), 'yes');
  writeFileSync(join(root, 'secret'), 'secret');
  symlinkSync('../secret', join(root, 'in/out'));
  symlinkSync('..', join(root, 'in/up'));
  symlinkSync('deep/b.txt', join(root, 'in/link'));
});
afterEach(() => rmSync(root, { recursive: true }));

const scene = () => {
  const node = new World().node('a');
  const store = openFileStore(join(root, 'in'));
  const user = node.actor('user');
  const files = grant(
    addServer(node, fileServer, (service) => ({ service, store })),
    user,
  );
  const list = (after: string, limit: number) => ask(user, files, [fileService, 'list', { after, limit }]);
  const read = (path: unknown, offset = 0, length = 100) =>
    ask(user, files, [fileService, 'read', { path: path as string, offset, length }]);
  return { user, files, list, read };
};

describe('a file server', () => {
  it('lists files, neither links nor what is left out', () => {
    const { list } = scene();
    expect(list('', 100).value).toEqual({
      files: [
        { path: 'a.txt', size: 5 },
        { path: 'deep/b.txt', size: 4 },
        { path: 'node_modules/x/dist/c.js', size: 3 },
      ],
      more: false,
    });
    expect(list('a.txt', 1).value).toEqual({ files: [{ path: 'deep/b.txt', size: 4 }], more: true });
  });

  it('reads a part of a file', () => {
    const { read } = scene();
    const text = (offset: number, length: number) =>
      new TextDecoder().decode(read('a.txt', offset, length).value?.bytes.toUint8Array());
    expect([text(0, 100), text(1, 3), text(5, 9), text(99, 1)]).toEqual(['hello', 'ell', '', '']);
    expect(read('link').code).toBe('KERN_SUCCESS');
  });

  it('answers no more than a message holds', () => {
    const { read } = scene();
    truncateSync(join(root, 'in/a.txt'), 3 << 20);
    const { value } = read('a.txt', 0, LENGTH_MAX);
    expect([value?.bytes.length, value?.size]).toEqual([READ_MAX, 3 << 20]);
    expect(read('a.txt', 0, LENGTH_MAX + 1).code).toBe('KERN_INVALID_ARGUMENT');
  });

  it.each([
    ['out', 'KERN_NO_ACCESS'],
    ['up/secret', 'KERN_NO_ACCESS'],
    ['../secret', 'KERN_INVALID_ARGUMENT'],
    ['deep/../../secret', 'KERN_INVALID_ARGUMENT'],
    ['/etc/passwd', 'KERN_INVALID_ARGUMENT'],
    ['', 'KERN_INVALID_ARGUMENT'],
    ['a.txt\0', 'KERN_INVALID_ARGUMENT'],
    [7, 'KERN_INVALID_ARGUMENT'],
    ['none', 'KERN_INVALID_NAME'],
    ['a.txt/b', 'KERN_INVALID_NAME'],
    ['deep', 'KERN_INVALID_ARGUMENT'],
  ])('refuses %j: %s', (path, code) => {
    expect(scene().read(path).code).toBe(code);
  });

  it.each([
    [-1, 1],
    [0.5, 1],
    [0, -1],
  ])('refuses the range %d+%d', (offset, length) => {
    expect(scene().read('a.txt', offset, length).code).toBe('KERN_INVALID_ARGUMENT');
  });

  it('knows the digest and the size of a file', () => {
    const { user, files } = scene();
    const digest = ask(user, files, [fileService, 'digest', { path: 'a.txt' }]).value;
    expect(digest?.toHex()).toBe('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    expect(ask(user, files, [fileService, 'stat', { path: 'a.txt' }]).value?.size).toBe(5);
  });

  it('shows no folder that is not there', () => {
    expect(() => openFileStore(join(root, 'none'))).toThrow(expect.objectContaining({ code: 'E_NO_INPUT' }));
    expect(() => openFileStore(join(root, 'secret'))).toThrow(expect.objectContaining({ code: 'E_NO_INPUT' }));
  });
});
