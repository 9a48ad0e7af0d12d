/** The code service: compiled programs by the digest of their text, from one node to another that trusts it. */

import type { ProgramNeed } from '../../kernel/interface/move.ts';
import { type Routine, routine, type Subsystem, subsystem } from '../../kernel/interface/subsystem.ts';

/** Characters of a compiled text, and of its source map. */
export const CODE_MAX: number = 4 << 20;
/** Characters of one answer: well below the limit of an inline body, two bytes each. */
export const CODE_PART_MAX: number = 1 << 18;

/** A compiled program as text. */
export interface ProgramCode {
  /** What is evaluated. Its digest is the hash of the program, unless that is resumable: then its module is. */
  readonly text: string;
  /** Source map of the text, JSON, or empty: it only says where errors come from. */
  readonly map: string;
}

/** Why code did not come. */
export type CodeRefusal =
  | 'E_CODE_NOT_ACCEPTED' // this node takes no code from that one
  | 'E_CODE_ABSENT' // that node has not kept the text
  | 'E_CODE_SIZE' // the text is larger than CODE_MAX, or not as large as was said
  | 'E_CODE_DIGEST' // the text is not the one that the hash names
  | 'E_CODE_BROKEN' // the text is no program of that name, or fails when it is loaded
  | 'E_CODE_BUSY' // too many such requests at a time
  | 'E_CODE_TIMEOUT'; // that node did not answer in time, or is gone

/** A refusal with its reason. */
export interface CodeTrouble {
  readonly code: CodeRefusal;
  readonly why: string;
}

/** Which part of a program's code is asked for. */
export interface CodeRequest {
  readonly name: string;
  readonly hash: string;
  readonly part: keyof ProgramCode;
  readonly from: number;
}

/** Characters from `from` on, and how many there are in all. */
export interface CodePart {
  readonly size: number;
  readonly text: string;
}

/** Programs that are to be had from a node. With `isTrial` it is only said if they would be asked for. */
export interface BringRequest {
  readonly node: string;
  readonly programs: readonly ProgramNeed[];
  readonly isTrial: boolean;
}

interface Routines extends Readonly<Record<string, Routine<never, unknown>>> {
  /** A piece of a program that this node has kept; null if it has not. */
  readonly read: Routine<CodeRequest, CodePart | null>;
  /** Asks another node for programs and makes them known here. Answered with null when all are here. */
  readonly bring: Routine<BringRequest, CodeTrouble | null>;
}

/** The service of a node's code server. */
export const codeService: Subsystem<Routines> = subsystem('code', 5500, {
  read: routine<CodeRequest, CodePart | null>(),
  bring: routine<BringRequest, CodeTrouble | null>(),
} as unknown as Routines);
