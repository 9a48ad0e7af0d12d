/** Frames on a stream, as the bare carrier has them: four bytes of length, little-endian, then so many bytes. */

const HEAD = 4;

/** A frame of so many bytes. */
export const frameOf = (size: number): Buffer => {
  const frame = Buffer.alloc(HEAD + size, 7);
  frame.writeUInt32LE(size, 0);
  return frame;
};

/** Counts the frames in what comes; tells of each by its length. Their bytes are not looked at. */
export class FrameCounter {
  readonly #tell: (size: number) => void;
  readonly #head: Buffer = Buffer.alloc(HEAD);
  #headLength = 0;
  /** Bytes of the body that have not come yet; below 0 while the length has not. */
  #left = -1;
  #size = 0;

  constructor(tell: (size: number) => void) {
    this.#tell = tell;
  }

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length || this.#left === 0; ) {
      if (this.#left < 0) {
        const took = chunk.copy(this.#head, this.#headLength, at, at + HEAD - this.#headLength);
        at += took;
        this.#headLength += took;
        if (this.#headLength < HEAD) return;
        this.#headLength = 0;
        this.#size = this.#head.readUInt32LE(0);
        this.#left = this.#size;
      }
      const took = Math.min(this.#left, chunk.length - at);
      at += took;
      this.#left -= took;
      if (this.#left > 0) return;
      this.#left = -1;
      this.#tell(this.#size);
    }
  }
}
