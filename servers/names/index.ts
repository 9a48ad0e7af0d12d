/** For programs outside of this repository. Inside import the file, never this. */
export { type NamesArguments, nameServer } from './names.ts';
export { NAME_MAX, NAMES_MAX, type NetnameCode, nameService } from './protocol.ts';
