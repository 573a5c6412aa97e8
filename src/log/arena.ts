/** Memory for what one pull of a reader gives: used again by the next pull, grown when needed. */
export interface Arena {
  /** `size` bytes of any content, valid until the next reset. */
  allocate(size: number): Uint8Array
  /** Gives the last `size` bytes of the last allocation back. */
  giveBack(size: number): void
  reset(): void
}

/** The arena keeps at most so many bytes, but for single allocations that are larger. */
export function createArena(bytesMax: number): Arena {
  let block = new Uint8Array(0)
  let used = 0
  return {
    allocate: size => {
      if (used + size > block.length) {
        // What was given out of the old block stays valid: its views keep it alive.
        block = new Uint8Array(Math.max(size, Math.min(2 * block.length, bytesMax)))
        used = 0
      }
      used += size
      return block.subarray(used - size, used)
    },
    giveBack: size => {
      used -= size
    },
    reset: () => {
      used = 0
    },
  }
}
