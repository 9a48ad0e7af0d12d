/**
 * Every bound of ports and messages, with its reason. Where Mach has a number it is Mach's.
 * A call at a limit is refused; nothing grows unseen.
 */

/** User references of a send right: one below the limit of dead names, so that turning dead never overflows. */
export const SEND_UREFS_MAX = 65534;
/** User references of a dead name. */
export const DEAD_UREFS_MAX = 65535;
/** Messages a port queues before an ordinary sender blocks. */
export const QLIMIT_DEFAULT = 5;
/** The highest queue limit that can be set. */
export const QLIMIT_MAX = 1024;
/** Rights a task may register for inheritance. */
export const REGISTERED_PORTS_MAX = 4;
/** Names of one space: 23 bits of a name, and none of them may be MACH_PORT_DEAD. */
export const NAMES_MAX: number = (1 << 23) - 1;
/** Descriptors of one message, so that one send cannot hold the kernel. */
export const DESCRIPTORS_MAX = 1024;
/** Names in all out-of-line arrays of ports of one message, so that it fits into a frame between kernels. */
export const OOL_PORTS_MAX = 65536;
/** Bytes of an inline body. */
export const INLINE_BODY_MAX: number = 1 << 20;
/** Bytes of a message with all its out-of-line memory. */
export const MESSAGE_MAX: number = 64 << 20;
/** Nesting of a body. */
export const BODY_DEPTH_MAX = 64;
/** Bytes of a message header: what an empty message is charged. */
export const HEADER_SIZE = 24;
/** Bytes of a message in a buffer: its header, its descriptors and its inline body, each at its most. */
export const BUFFER_MAX: number = HEADER_SIZE + 4 + 16 * DESCRIPTORS_MAX + INLINE_BODY_MAX;
/** Ports alive in one kernel. */
export const PORTS_MAX: number = 1 << 22;
