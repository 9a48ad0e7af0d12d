/**
 * How large a program module may be. Far above what people write, far below what exhausts the stack of a
 * recursive pass.
 */

/** Bytes of source, in UTF-16 code units. */
export const SOURCE_CHARS_MAX: number = 512 * 1024;
/** Functions, methods and arrows in one module: each becomes a class or a factory. */
export const FUNCTIONS_MAX: number = 4096;
/** Nodes between the root of the tree and any leaf. */
export const TREE_DEPTH_MAX: number = 400;
