/** For programs outside of this repository. Inside import the file, never this. */
export { type CodeArguments, type CodeShelf, codeServer } from './code.ts';
export {
  CODE_MAX,
  type CodePart,
  type CodeRefusal,
  type CodeRequest,
  type CodeTrouble,
  codeService,
  type ProgramCode,
} from './protocol.ts';
