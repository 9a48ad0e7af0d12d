declare const brand: unique symbol;
/** A type that only its own constructor mints. */
export type Branded<T, B extends string> = T & { readonly [brand]: B };

/** Names a right in one space; means nothing elsewhere. 32 bits. */
export type PortName = Branded<number, 'PortName'>;

/** Mints a name from a number: a value that came out of a body, a literal of a test. */
export const portName = (value: number): PortName => (value >>> 0) as PortName;

/** The value "no right". */
export const MACH_PORT_NULL: PortName = portName(0);
/** The value "a right that died". */
export const MACH_PORT_DEAD: PortName = portName(0xffffffff);

/** True for a value that can name a right: neither NULL nor DEAD. */
export const isName = (name: PortName): boolean => name !== 0 && name !== MACH_PORT_DEAD;
