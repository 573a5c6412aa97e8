/** Records, and how they travel: appended one by one, fetched as record batches, as bytes. */

export interface Header {
  readonly key: string
  readonly value: Uint8Array
}

/**
 * Headers that Weir writes. Origins stand on any record that looked invalid; the others only in
 * weir.unparsed.
 */
export const HEADER_REASON = 'weir-reason' // a code of INVALID_CODES
export const HEADER_FILE = 'weir-file' // name of the imported file
export const HEADER_LINE = 'weir-line' // its line, from 1
export const HEADER_LENGTH = 'weir-length' // length in bytes of an item that was cut at 64 KiB
export const HEADER_SHA256 = 'weir-sha256' // and its SHA-256, in hex

/** On the records of weir.rejects: where the record was, and what is wrong with it. */
export const HEADER_TOPIC = 'weir-topic'
export const HEADER_PARTITION = 'weir-partition'
export const HEADER_OFFSET = 'weir-offset'
export const HEADER_CODE = 'weir-code' // of INVALID_CODES
export const HEADER_POINTER = 'weir-pointer' // JSON pointer, maybe empty

/** A record to append. The log stamps offset and arrival. */
export interface NewRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array
  readonly headers: readonly Header[]
}

/** Where an appended record rests. `arrivalMs` is the append clock's time. */
export interface Appended {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly arrivalMs: number
}

export interface LogPosition {
  readonly topic: string
  readonly partition: number
  /** Of the next record to read. */
  readonly offset: number
}

/** Whole record batches v2 of one partition, back to back, as they rest. */
export interface Fetch {
  readonly topic: string
  readonly partition: number
  /** The offset that was asked for; records below it, in a batch that holds both, are skipped. */
  readonly offset: number
  /** Where to go on reading: one past the last offset of these batches. */
  readonly offsetNext: number
  /** The oldest offset that the log still holds, and one past its newest durable one. */
  readonly offsetFirst: number
  readonly offsetEnd: number
  /** Records of aborted transactions that were left out of the bytes. */
  readonly abortedCount: number
  /** Whether the log has compared the batches with their CRC-32C; else whoever reads them does. */
  readonly isVerified: boolean
  /** Valid until the next pull from the reader. */
  readonly bytes: Uint8Array
}

export interface PartitionBounds {
  readonly topic: string
  readonly partition: number
  readonly offsetFirst: number
  readonly offsetEnd: number
  /** Bytes that the partition takes on disk; 0 where it is not known. */
  readonly sizeBytes: number
  /**
   * How long a record is kept, whether it was read or not; null: until it is digested at least, or
   * the log does not tell.
   */
  readonly retentionMs: number | null
}
