/** For programs outside of this repository. Inside import the file, never this. */
export { type FilesArguments, fileServer } from './files.ts';
export {
  fileService,
  LENGTH_MAX,
  LIST_MAX,
  type ListedFile,
  type Listing,
  READ_MAX,
  type ReadAnswer,
  type ReadRequest,
} from './protocol.ts';
export type { FileEntry, FileFacts, FileStore } from './store.ts';
