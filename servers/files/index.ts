/** The file service for outsiders. Inside the repository import the file, never this. */
export { type FilesArguments, fileServer } from './files.ts';
export { fileService, type ListedFile, type Listing, type ReadAnswer, type ReadRequest } from './protocol.ts';
export type { FileEntry, FileFacts, FileStore } from './store.ts';
