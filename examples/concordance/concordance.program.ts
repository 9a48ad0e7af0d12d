/**
 * The concordance as ordinary async functions: one thread reads files and indexes them in nested loops, another answers
 * queries meanwhile. Each `await` is a place where the task may be moved, with both threads and all that their loops
 * hold. The index lies in the task's memory; what works on it is called by `sys.vm.run`, which waits for its pages.
 *
 * `program.ts` is the same task as a machine: the same index, the same answers.
 */

import { makeSend, type ReceiveRight, Refusal, type Request, type SendRight, type Sys } from 'portolan/resumable';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { fileService, type ReadAnswer } from '../../servers/files/protocol.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { ARENA_GROWTH, extendArena, formatArena, pagesUsed } from './arena.ts';
import { enlistFile } from './file-table.ts';
import { textPiece } from './input.ts';
import { contextOf, indexSome, lookup, nextNeed, progressOf } from './inverted-index.ts';
import { PAGE_SIZE, type TaskMemory } from './memory.ts';
import { concordanceService, type Query } from './service.ts';
import { Arena } from './task-arena.ts';
import { storeText } from './text.ts';

/** Bytes of text that one step indexes: a few milliseconds at most. */
const BUDGET = 16384;
/** Bytes that the index may come to. */
const ARENA_MAX = 2 ** 30;
/** `MOVE_SEND_ONCE`, for an answer with memory. */
const MOVE_SEND_ONCE = 18;

/** What both threads know of the index. Everything else is in its pages. */
interface Index {
  readonly base: number;
  limit: number;
  served: number;
  /** The list of files is whole. */
  hasBegun: boolean;
}

/** Runs `use` on the index; again from its beginning, if a page has to be waited for. */
const on = <T>(sys: Sys, index: Index, use: (memory: TaskMemory) => T) =>
  sys.vm.run((memory) => use(new Arena(memory, index.base)));

/** More memory behind what there is. */
const grow = async (sys: Sys, index: Index): Promise<void> => {
  await sys.vm.allocate(ARENA_GROWTH, { address: index.base + index.limit });
  index.limit += ARENA_GROWTH;
  await on(sys, index, (memory) => extendArena(memory, index.limit));
};

/** Makes a change for which the arena may be too small: then it grows, and the change is made. */
const change = async (sys: Sys, index: Index, make: (memory: TaskMemory) => string): Promise<string> => {
  for (;;) {
    const outcome = await on(sys, index, make);
    if (outcome !== 'need-more') return outcome;
    await grow(sys, index);
  }
};

/** Reads a file, piece by piece, into the index. One that has gone meanwhile is empty: the list was taken once. */
const storeFile = async (sys: Sys, index: Index, files: SendRight<never>, path: string): Promise<void> => {
  const source = sys.client(fileService, files);
  let digest = new Uint8Array(32);
  try {
    digest = viewOfBytes(await source.digest({ path })).slice();
  } catch {
    // Without its digest it is stored all the same.
  }
  for (;;) {
    const need = await on(sys, index, nextNeed);
    if (need.want !== 'text') return;
    const { file, offset, length } = need;
    let answer: ReadAnswer | null = null;
    try {
      answer = await source.read({ path, offset, length });
    } catch {
      // As above.
    }
    const bytes = answer === null ? new Uint8Array(0) : viewOfBytes(answer.bytes).slice();
    const piece = textPiece({ file, offset, bytes, size: answer?.size ?? 0, digest });
    await change(sys, index, (memory) => storeText(memory, piece));
    await sys.yield();
  }
};

/** Indexes what has been listed: file by file, and each file in steps between which queries are answered. */
const indexFiles = async (sys: Sys, index: Index, files: SendRight<never>): Promise<void> => {
  for (let need = await on(sys, index, nextNeed); need.want !== 'nothing'; need = await on(sys, index, nextNeed)) {
    if (need.want === 'text') await storeFile(sys, index, files, need.path);
    while ((await change(sys, index, (memory) => indexSome(memory, BUDGET))) === 'advanced') {
      await sys.yield();
      const next = await on(sys, index, nextNeed);
      if (next.want !== 'indexing' || next.file !== need.file) break;
    }
  }
};

/** Answers a query. The lines around its hits go along as memory. */
const answerQuery = async (sys: Sys, index: Index, query: Query, request: Request) => {
  const { number, word, skip, hitsMax, wantsContext } = query;
  const answer = await on(sys, index, (memory) => lookup(memory, { word, skip, hitsMax }));
  const context = wantsContext ? await on(sys, index, (memory) => contextOf(memory, answer)) : new Uint8Array(0);
  index.served += 1;
  const value = { number, serial: index.served, answer, contextBytes: context.length };
  if (context.length === 0) return value;
  const size = context.length;
  // Not right behind the arena, where the other thread may want more of it while this message is not sent yet.
  const address = await sys.vm.allocate(size, { address: index.base + ARENA_MAX });
  await sys.vm.write(address, context);
  await sys.msg({
    send: {
      remote: request.reply as never,
      remoteDisposition: MOVE_SEND_ONCE,
      id: request.id + 100,
      body: { retcode: 'KERN_SUCCESS', value } as never,
      descriptors: [{ kind: 'ool', address, size, deallocate: true }],
    },
  });
  return new Refusal('MIG_NO_REPLY');
};

/** Serves everybody who has a right to `inbox`, in order. */
const serveAll = async (sys: Sys, index: Index, inbox: ReceiveRight, begin: ReceiveRight<null>): Promise<void> => {
  const begun = await sys.sendRight(begin);
  await sys.serve(concordanceService, inbox, {
    enlist: async ({ first, files }) => {
      for (const [at, file] of files.entries()) {
        const outcome = await change(sys, index, (memory) => enlistFile(memory, first + at, file));
        if (outcome === 'refused') return { listed: first + at };
      }
      return { listed: first + files.length };
    },
    begin: async () => {
      if (!index.hasBegun) await sys.send(begun, null);
      index.hasBegun = true;
      return null;
    },
    query: (query, request) => answerQuery(sys, index, query, request) as never,
    progress: async () => {
      const { progress, pages } = await on(sys, index, (memory) => ({
        progress: progressOf(memory),
        pages: pagesUsed(memory),
      }));
      const { filesListed, filesIndexed } = progress;
      return { filesListed, filesIndexed, pages, served: index.served };
    },
    pages: async ({ page, count }) => ({
      bytes: Bytes.adopt(
        await on(sys, index, (memory) => memory.copyOut(page * PAGE_SIZE, Math.min(count, 16) * PAGE_SIZE)),
      ),
    }),
  });
};

/** The program: a concordance of the files that it is told of. */
export async function main(sys: Sys): Promise<void> {
  const inbox = await sys.port({ qlimit: 32 });
  const begin = await sys.port<null>();
  const index: Index = { base: await sys.vm.allocate(ARENA_GROWTH), limit: ARENA_GROWTH, served: 0, hasBegun: false };
  await on(sys, index, (memory) => formatArena(memory, index.limit));
  const files = await sys.lookUp<never>('files');
  const names = await sys.bootstrap();
  const server = sys.spawn(serveAll, sys, index, inbox, begin);
  await sys.invoke(nameService, names, 'check_in', { name: 'concordance' }, { rights: [makeSend(inbox)] });
  await sys.receive(begin);
  await indexFiles(sys, index, files);
  await server;
}
