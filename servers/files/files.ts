/** The file server: a machine over a store of files. */

import { Refusal } from '../../kernel/interface/subsystem.ts';
import { machine } from '../../kernel/machine.ts';
import type { Program } from '../../kernel/program.ts';
import { failed, type KernFailure } from '../../ports/kern-return.ts';
import type { PortName } from '../../ports/name.ts';
import { fileService, LENGTH_MAX, LIST_MAX, READ_MAX, type ReadAnswer, type ReadRequest } from './protocol.ts';
import type { FileStore } from './store.ts';
import { listFiles } from './walk.ts';

/** What the file server is given. */
export interface FilesArguments {
  /** Receive right of the service. */
  readonly service: PortName;
  readonly store: FileStore;
}

/** The program of the file server. It holds a store, so it stays where it is. */
export const fileServer: Program = machine<{ at: string; readonly own: FilesArguments }, FilesArguments>({
  name: 'files',
  hash: 'files',
  start: (own) => ({ at: 'begin', own }),
  handlers: {
    begin(sys, s) {
      sys.call({ op: 'port_set_qlimit', name: s.own.service, qlimit: 64 });
      s.at = 'serve';
      sys.receive(s.own.service);
    },
    serve(sys, { own }, { message }) {
      const { store } = own;
      if (message !== null) {
        fileService.serve(sys, message, {
          list: (request) => list(store, request),
          stat: (request) => (isPath(request?.path) ? answered(store.stat(request.path)) : INVALID),
          read: (request) => read(store, request),
          digest: (request) => (isPath(request?.path) ? answered(store.digest(request.path)) : INVALID),
        });
      }
      sys.receive(own.service);
    },
  },
});

const INVALID = new Refusal('KERN_INVALID_ARGUMENT');

/** A path within: no way up, no way round, no empty part. */
const isPath = (path: unknown): path is string =>
  typeof path === 'string' && !path.includes('\0') && path.split('/').every((part) => !['', '.', '..'].includes(part));

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const answered = <T>(result: T | KernFailure): T | Refusal => (failed(result) ? new Refusal(result) : result);

const list = (store: FileStore, request: { readonly after: string; readonly limit: number }) => {
  const { after, limit } = request ?? {};
  if (typeof after !== 'string' || !isCount(limit) || limit === 0) return INVALID;
  return answered(listFiles(store, after, Math.min(limit, LIST_MAX)));
};

const read = (store: FileStore, request: ReadRequest): ReadAnswer | Refusal => {
  const { path, offset, length } = request ?? {};
  if (!isPath(path) || !isCount(offset) || !isCount(length) || length > LENGTH_MAX) return INVALID;
  const facts = store.stat(path);
  if (failed(facts)) return new Refusal(facts);
  const bytes = store.read(path, offset, Math.min(length, READ_MAX));
  return failed(bytes) ? new Refusal(bytes) : { bytes, size: facts.size };
};
