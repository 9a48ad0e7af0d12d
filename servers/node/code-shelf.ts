/**
 * The compiled texts of a node's programs, by name and hash: what the code server gives out, and what it brings. A text
 * from another node is hashed before anything else happens to it, and only what the hash names, or what names the hash of
 * a resumable program, is evaluated, by the loader that evaluates the texts of this node.
 */
import type { ProgramNeed } from '../../kernel/interface/move.ts';
import type { Program } from '../../kernel/program.ts';
import type { CodeShelf } from '../code/code.ts';
import { CODE_MAX, type CodeRefusal, type CodeTrouble, type ProgramCode } from '../code/protocol.ts';
import { messageOf } from './operator-error.ts';
import { hashOfText, programOfCode } from './program-loader.ts';

/** Characters of all texts and maps that one node keeps; the oldest go first. */
const SHELF_MAX: number = 64 << 20;

/** Keeps texts, and makes programs of those that arrive. */
export class NodeCodeShelf implements CodeShelf {
  readonly #texts: Map<string, ProgramCode> = new Map();
  readonly #install: (program: Program) => void;
  #size = 0;

  /** `install` makes a program known to the kernel. */
  constructor(install: (program: Program) => void) {
    this.#install = install;
  }

  /** Keeps the text of a program, if it may be sent at all. */
  keep({ name, hash }: Pick<Program, 'name' | 'hash'>, code: ProgramCode): void {
    const key = keyOf(name, hash);
    if (this.#texts.has(key) || code.text.length > CODE_MAX) return;
    const kept = code.map.length > CODE_MAX ? { text: code.text, map: '' } : code;
    this.#texts.set(key, kept);
    this.#size += sizeOf(kept);
    for (const [oldest, { text, map }] of this.#texts) {
      if (this.#size <= SHELF_MAX) break;
      this.#texts.delete(oldest);
      this.#size -= sizeOf({ text, map });
    }
  }

  read(name: string, hash: string): ProgramCode | null {
    return this.#texts.get(keyOf(name, hash)) ?? null;
  }

  install({ name, hash, textHash = hash }: ProgramNeed, code: ProgramCode): CodeTrouble | null {
    const digest = hashOfText(code.text);
    if (digest !== textHash) return trouble('E_CODE_DIGEST', `what came as ${name} ${hash} has the digest ${digest}`);
    let program: Program;
    try {
      ({ program } = programOfCode(`${name}.program.js`, code)); // the name of a file, for stacks: a resumable program is called by it
    } catch (error) {
      return trouble('E_CODE_BROKEN', messageOf(error));
    }
    if (program.name !== name) return trouble('E_CODE_BROKEN', `what came as ${name} calls itself ${program.name}`);
    if (program.hash !== hash)
      return trouble('E_CODE_DIGEST', `what came as ${name} ${hash} is version ${program.hash}`);
    this.#install(program);
    this.keep(program, code);
    return null;
  }
}

const keyOf = (name: string, hash: string): string => `${hash} ${name}`;

const sizeOf = ({ text, map }: ProgramCode): number => text.length + map.length;

const trouble = (code: CodeRefusal, why: string): CodeTrouble => ({ code, why });
