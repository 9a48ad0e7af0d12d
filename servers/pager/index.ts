/** For programs outside of this repository. Inside import the file, never this. */
export { type PagerArguments, pagerServer } from './pager.ts';
export { OBJECT_BYTES_MAX, OBJECTS_MAX, type PagerReport, pagerService } from './protocol.ts';
export { KeepingStore, MemoryPageStore, PAGE_SIZE, type PageStore } from './store.ts';
