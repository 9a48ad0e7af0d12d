/** The name service for outsiders. Inside the repository import the file, never this. */
export { type NamesArguments, nameServer } from './names.ts';
export { type NetnameCode, nameService } from './protocol.ts';
