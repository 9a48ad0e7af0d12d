import { FILES_MAX } from './arena.ts';
import { PATH_BYTES_MAX, type PlannedFile } from './file-table.ts';
import type { Piece } from './text.ts';

/** Which files of a folder are indexed. */
export interface InputOptions {
  /** Lower-case endings, without the dot; a name without an ending is taken if it is one of `names`. */
  readonly extensions: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
  readonly fileBytesMax: number;
  readonly totalBytesMax: number;
}

/** The files to index, in order, and what was left out for which reason. */
export interface InputPlan {
  readonly files: readonly PlannedFile[];
  readonly textBytes: number;
  readonly notText: number;
  readonly tooLarge: number;
  readonly beyondTotal: number;
}

const MEBIBYTE = 1024 * 1024;
const CODE = 'ts mts cts tsx js mjs cjs jsx flow jst def c h cpp go py rs';
const PROSE_AND_DATA = 'md markdown txt html htm css scss json jsonc yml yaml toml';

/** The default: source and prose, at most 4 MiB a file, 40 MiB together. */
export const DEFAULT_INPUT: InputOptions = {
  extensions: new Set(`${CODE} ${PROSE_AND_DATA}`.split(' ')),
  names: new Set(['LICENSE', 'LICENCE', 'README', 'CHANGELOG', 'AUTHORS', 'NOTICE']),
  fileBytesMax: 4 * MEBIBYTE,
  totalBytesMax: 40 * MEBIBYTE,
};

const isInstalled = (path: string): boolean => /(^|\/)node_modules\//.test(path);

/** Own files before installed ones; then by path, independent of the locale. */
const compareFiles = (one: PlannedFile, other: PlannedFile): number => {
  const order = Number(isInstalled(one.path)) - Number(isInstalled(other.path));
  if (order !== 0) return order;
  if (one.path === other.path) return 0;
  return one.path < other.path ? -1 : 1;
};

/** Whether the name of a file promises text. */
const isTextName = (path: string, options: InputOptions): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? options.names.has(name) : options.extensions.has(name.slice(dot + 1).toLowerCase());
};

/** Chooses and orders the files of a listing. The order of the listing does not matter. */
export const planFiles = (entries: readonly PlannedFile[], options: InputOptions = DEFAULT_INPUT): InputPlan => {
  const files: PlannedFile[] = [];
  let [textBytes, notText, tooLarge, beyondTotal] = [0, 0, 0, 0];
  for (const entry of [...entries].sort(compareFiles)) {
    if (!isTextName(entry.path, options)) notText += 1;
    else if (entry.size > options.fileBytesMax) tooLarge += 1;
    else if (textBytes + entry.size > options.totalBytesMax || files.length === FILES_MAX) beyondTotal += 1;
    else if (new TextEncoder().encode(entry.path).length > PATH_BYTES_MAX) notText += 1;
    else {
      files.push({ path: entry.path, size: entry.size });
      textBytes += entry.size;
    }
  }
  return { files, textBytes, notText, tooLarge, beyondTotal };
};

/** Whether bytes from the beginning of a file are not text: there is a NUL among the first 4096. */
export const looksBinary = (bytes: Uint8Array): boolean => bytes.subarray(0, 4096).includes(0);

/** The piece itself, or an empty file in its place if it begins a file that is not text after all. */
export const textPiece = (piece: Piece): Piece =>
  piece.offset === 0 && looksBinary(piece.bytes) ? { ...piece, bytes: new Uint8Array(0), size: 0 } : piece;
