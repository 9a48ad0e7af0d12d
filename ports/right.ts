/** The five kinds of right (`mach_port_right_t`). */
export type RightKind = 'SEND' | 'RECEIVE' | 'SEND_ONCE' | 'PORT_SET' | 'DEAD_NAME';

/** Bits of an entry's type. */
export const SEND = 1;
export const RECEIVE = 2;
export const SEND_ONCE = 4;
export const PORT_SET = 8;
export const DEAD_NAME = 16;
export const SEND_RIGHTS: number = SEND | SEND_ONCE;

/** Dispositions: what is done to the right that a name denotes when it is sent. Mach's numbers. */
export const MOVE_RECEIVE = 16;
export const MOVE_SEND = 17;
export const MOVE_SEND_ONCE = 18;
export const COPY_SEND = 19;
export const MAKE_SEND = 20;
export const MAKE_SEND_ONCE = 21;

/** What arrives. Equal to the MOVE dispositions, so that a received message can be sent on as it is. */
export const PORT_RECEIVE = 16;
export const PORT_SEND = 17;
export const PORT_SEND_ONCE = 18;

/** One of the six dispositions. */
export type Disposition = 16 | 17 | 18 | 19 | 20 | 21;
/** Type of a carried right: 0 for the null right. */
export type CarriedType = 0 | 16 | 17 | 18;

/** True for a disposition, whatever it produces. */
export const isDisposition = (value: number): value is Disposition => value >= MOVE_RECEIVE && value <= MAKE_SEND_ONCE;

/** True for the five dispositions that produce a send or send-once right, as a header needs them. */
export const isSendDisposition = (value: number): boolean => value >= MOVE_SEND && value <= MAKE_SEND_ONCE;

/** The type in which a right sent under `disposition` arrives. */
export const carriedType = (disposition: number): CarriedType => {
  switch (disposition) {
    case MOVE_RECEIVE:
      return PORT_RECEIVE;
    case MOVE_SEND_ONCE:
    case MAKE_SEND_ONCE:
      return PORT_SEND_ONCE;
    case MOVE_SEND:
    case COPY_SEND:
    case MAKE_SEND:
      return PORT_SEND;
    default:
      return 0;
  }
};

/** The bit of a kind. */
export const kindBit = (kind: RightKind): number => {
  switch (kind) {
    case 'SEND':
      return SEND;
    case 'RECEIVE':
      return RECEIVE;
    case 'SEND_ONCE':
      return SEND_ONCE;
    case 'PORT_SET':
      return PORT_SET;
    case 'DEAD_NAME':
      return DEAD_NAME;
  }
};
