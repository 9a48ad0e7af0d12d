/**
 * The concordance as a task: it reads files through the file service of the node where it began, builds its index in
 * memory only, and
 * answers queries between any two steps of that. Its state is a few names and numbers; everything else is pages.
 * Each handler
 * touches what may fault before it changes or sends anything, so it can run again from its beginning.
 */

import { machine } from '../../kernel/machine.ts';
import type { Program, Result, Sys } from '../../kernel/program.ts';
import type { Body } from '../../ports/body.ts';
import { Bytes, viewOfBytes } from '../../ports/bytes.ts';
import { MACH_PORT_NULL, type PortName } from '../../ports/name.ts';
import type { Received } from '../../ports/port.ts';
import { MAKE_SEND, MOVE_SEND_ONCE } from '../../ports/right.ts';
import { fileService, type ReadAnswer } from '../../servers/files/protocol.ts';
import { nameService } from '../../servers/names/protocol.ts';
import { ARENA_GROWTH, extendArena, formatArena, pagesUsed } from './arena.ts';
import { enlistFile } from './file-table.ts';
import { textPiece } from './input.ts';
import { contextOf, indexSome, lookup, type Need, nextNeed, progressOf } from './inverted-index.ts';
import { PAGE_SIZE } from './memory.ts';
import { concordanceService, type Query } from './service.ts';
import { Arena } from './task-arena.ts';
import { storeText } from './text.ts';

/** Bytes of text that one step indexes: a few milliseconds at most. */
const BUDGET = 16384;
/** Queries that are answered in a row before indexing goes on. */
const STREAK_MAX = 16;

interface State {
  at: string;
  names: PortName;
  files: PortName;
  inbox: PortName;
  reply: PortName;
  /** Where the index is in memory, and how much it may use. */
  base: number;
  limit: number;
  digest: Uint8Array;
  /** The piece that has been asked for: a fault may leave a part of it stored, and the index then needs the next. */
  file: number;
  offset: number;
  streak: number;
  served: number;
  /** The list of files is whole. */
  hasBegun: boolean;
}

const arenaOf = (sys: Sys, { base }: State): Arena => new Arena(sys.vm, base);

const receiveRight = (sys: Sys): PortName => sys.call({ op: 'port_allocate', right: 'RECEIVE' })['name'] as PortName;

const firstRight = ({ message }: Result): PortName => {
  const item = message?.items?.[0];
  return item?.kind === 'port' ? item.name : MACH_PORT_NULL;
};

const start = (sys: Sys, s: State): void => {
  s.inbox = receiveRight(sys);
  s.reply = receiveRight(sys);
  sys.call({ op: 'port_set_qlimit', name: s.inbox, qlimit: 32 });
  s.names = sys.call({ op: 'get_special_port', which: 'TASK_BOOTSTRAP' })['name'] as PortName;
  s.base = sys.call({ op: 'vm_allocate', size: ARENA_GROWTH, anywhere: true })['address'] as number;
  s.limit = ARENA_GROWTH;
  s.at = 'found';
  sys.rpc(nameService.request(s.names, s.reply, 'look_up', { name: 'files' }), s.reply);
};

const found = (sys: Sys, s: State, result: Result): void => {
  formatArena(arenaOf(sys, s), s.limit);
  s.files = firstRight(result);
  s.at = 'known';
  const draft = nameService.request(s.names, s.reply, 'check_in', { name: 'concordance' });
  sys.rpc({ ...draft, descriptors: [{ kind: 'port', name: s.inbox, disposition: MAKE_SEND }] }, s.reply);
};

/** What the index needs now: a piece of a file, time, or nothing. */
const turn = (sys: Sys, s: State): void => {
  if (!s.hasBegun) return listen(sys, s, true);
  const memory = arenaOf(sys, s);
  const need = nextNeed(memory);
  if (need.want === 'text') {
    if (need.offset > 0) return read(sys, s, need);
    s.at = 'digested';
    return sys.rpc(fileService.request(s.files, s.reply, 'digest', { path: need.path }), s.reply);
  }
  if (need.want === 'indexing' && indexSome(memory, BUDGET) === 'need-more') return grow(sys, s);
  listen(sys, s, need.want === 'nothing');
};

/** Looks for queries; without work of its own it waits for one. */
const listen = (sys: Sys, s: State, isIdle: boolean): void => {
  s.at = 'heard';
  if (isIdle) sys.receive(s.inbox);
  else sys.receive(s.inbox, { timeoutMs: 0 });
};

const read = (sys: Sys, s: State, { file, path, offset, length }: Extract<Need, { want: 'text' }>): void => {
  s.file = file;
  s.offset = offset;
  s.at = 'read';
  sys.rpc(fileService.request(s.files, s.reply, 'read', { path, offset, length }), s.reply);
};

const digested = (sys: Sys, s: State, { message }: Result): void => {
  const need = nextNeed(arenaOf(sys, s));
  const reply = fileService.reply('digest', message);
  s.digest = 'value' in reply && reply.value instanceof Bytes ? viewOfBytes(reply.value).slice() : new Uint8Array(32);
  if (need.want === 'text') return read(sys, s, need);
  turn(sys, s);
};

const store = (sys: Sys, s: State, { message }: Result): void => {
  const memory = arenaOf(sys, s);
  const need = nextNeed(memory);
  const reply = fileService.reply('read', message) as { readonly value?: ReadAnswer };
  if (need.want !== 'text') return turn(sys, s);
  // A file that has gone meanwhile is an empty one: the list was taken once.
  const bytes = reply.value === undefined ? new Uint8Array(0) : viewOfBytes(reply.value.bytes).slice();
  const { file, offset } = s;
  const piece = textPiece({ file, offset, bytes, size: reply.value?.size ?? 0, digest: s.digest });
  if (storeText(memory, piece) === 'need-more') return grow(sys, s);
  listen(sys, s, false);
};

/** More memory behind what there is; what was under way is asked for again. */
const grow = (sys: Sys, s: State): void => {
  arenaOf(sys, s).setU32(0, arenaOf(sys, s).getU32(0));
  const answer = sys.call({ op: 'vm_allocate', size: ARENA_GROWTH, address: s.base + s.limit, anywhere: false });
  if (answer.kr !== 'KERN_SUCCESS') throw new Error(`no memory behind ${s.base + s.limit}: ${answer.kr}`);
  s.limit += ARENA_GROWTH;
  extendArena(arenaOf(sys, s), s.limit);
  s.at = 'turn';
  sys.yield();
};

/** A query, or the word that there is none now. */
const heard = (sys: Sys, s: State, { message }: Result): void => {
  if (message === null) {
    s.streak = 0;
    s.at = 'turn';
    return sys.yield();
  }
  if (message.id === concordanceService.id('query')) answerQuery(sys, s, message);
  else if (serve(sys, s, message) === 'need-more') return;
  s.streak += 1;
  if (s.streak < STREAK_MAX) return listen(sys, s, false);
  s.streak = 0;
  s.at = 'turn';
  sys.yield();
};

const answerQuery = (sys: Sys, s: State, message: Received): void => {
  const memory = arenaOf(sys, s);
  const { number, word, skip, hitsMax, wantsContext } = message.body as unknown as Query;
  const answer = lookup(memory, { word, skip, hitsMax });
  const context = wantsContext ? contextOf(memory, answer) : new Uint8Array(0);
  const value = { number, serial: s.served + 1, answer, contextBytes: context.length };
  const body = { retcode: 'KERN_SUCCESS', value } as unknown as Body;
  const reply = { remote: message.remote, remoteDisposition: MOVE_SEND_ONCE, id: message.id + 100, body };
  if (context.length === 0) sys.send(reply);
  else {
    const size = context.length;
    const address = sys.call({ op: 'vm_allocate', size, anywhere: true })['address'] as number;
    sys.vm.write(address, context);
    sys.send({ ...reply, descriptors: [{ kind: 'ool', address, size, deallocate: true }] });
  }
  s.served += 1;
};

const serve = (sys: Sys, s: State, message: Received): 'done' | 'need-more' => {
  const memory = arenaOf(sys, s);
  let isFull = false;
  concordanceService.serve(sys, message, {
    enlist: ({ first, files }) => {
      files.forEach((file, at) => {
        isFull ||= enlistFile(memory, first + at, file) === 'need-more';
      });
      return { listed: isFull ? -1 : first + files.length };
    },
    begin: () => {
      s.hasBegun = true;
      return null;
    },
    progress: () => {
      const { filesListed, filesIndexed } = progressOf(memory);
      return { filesListed, filesIndexed, pages: pagesUsed(memory), served: s.served };
    },
    pages: ({ page, count }) => ({
      bytes: Bytes.adopt(memory.copyOut(page * PAGE_SIZE, Math.min(count, 16) * PAGE_SIZE)),
    }),
    query: () => ({ number: 0, serial: 0, answer: lookup(memory, { word: '', skip: 0, hitsMax: 0 }), contextBytes: 0 }),
  });
  if (!isFull) return 'done';
  grow(sys, s);
  return 'need-more';
};

/** The program: what `portolan task run` looks for in a module. */
export const program: Program = machine<State>({
  name: 'concordance',
  start: () => ({
    at: 'start',
    names: MACH_PORT_NULL,
    files: MACH_PORT_NULL,
    inbox: MACH_PORT_NULL,
    reply: MACH_PORT_NULL,
    base: 0,
    limit: 0,
    digest: new Uint8Array(32),
    file: 0,
    offset: 0,
    streak: 0,
    served: 0,
    hasBegun: false,
  }),
  handlers: {
    start,
    found,
    known: (sys, s) => listen(sys, s, true),
    turn,
    digested,
    read: store,
    heard,
  },
});
