/** Every bound and duration of sessions. Tests and slow networks give others. */
export interface SessionSettings {
  /** Bytes that may wait for acknowledgement, frames included. */
  readonly replayMax: number;
  /** Bytes of one payload. */
  readonly payloadMax: number;
  /** Frames received after which an acknowledgement goes out at once. */
  readonly ackFrames: number;
  /** Bytes received after which it does. */
  readonly ackBytes: number;
  /** The longest an acknowledgement waits. */
  readonly ackDelayMs: number;
  /** Silence after which the peer is asked for a sign of life. */
  readonly pingIdleMs: number;
  /** The least silence after which a peer is suspected; a slow round trip makes it longer. */
  readonly suspectAfterMs: number;
  /** Silence after which a peer is declared dead. */
  readonly deadAfterMs: number;
  /** How long a carrier may take to say hello and resume. */
  readonly handshakeMs: number;
  /** Peers known at once. */
  readonly peersMax: number;
  /** Carriers at once whose peer is not known yet. */
  readonly strangersMax: number;
}

/** The settings of ordinary networks. */
export const sessionSettings: SessionSettings = Object.freeze({
  replayMax: 8 << 20,
  payloadMax: 16 << 20,
  ackFrames: 16,
  ackBytes: 262_144,
  ackDelayMs: 20,
  pingIdleMs: 1000,
  suspectAfterMs: 3000,
  deadAfterMs: 15_000,
  handshakeMs: 5000,
  peersMax: 1024,
  strangersMax: 64,
});
