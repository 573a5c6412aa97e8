/**
 * An object store: immutable bytes under keys, as S3 has it and a directory can. Rooms are handed
 * one; the adapters and the contract that each of them passes are in `objects`.
 *
 * Keys are relative paths of `/`-separated segments of letters, digits, `.`, `_`, `-` and `=`. A
 * key is never the folder of another.
 */

export interface ObjectStore {
  /**
   * Stores an object whole and durably, in place of any before it; readers see the old or the new
   * one, never a part. With `ifAbsent` only where there is none: of any number of callers one gets
   * `stored`, the others `exists`. Throws OBJECTS_UNAVAILABLE.
   */
  put(key: string, bytes: Uint8Array, options?: PutOptions): Promise<'stored' | 'exists'>

  /** The object and its version, or null where there is none. Throws OBJECTS_UNAVAILABLE. */
  get(key: string, options?: GetOptions): Promise<StoredObject | 'unchanged' | null>

  /** All objects whose keys begin with the prefix, by ascending key. Throws OBJECTS_UNAVAILABLE. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<ObjectEntry>

  /** Deletes an object; one that is not there is no fault. Throws OBJECTS_UNAVAILABLE. */
  delete(key: string): Promise<void>
}

export interface PutOptions {
  readonly ifAbsent?: boolean
  readonly signal?: AbortSignal
}

export interface GetOptions {
  /** Bytes to get: from `offset` on, `length` of them; an object that is shorter gives fewer. */
  readonly range?: { readonly offset: number; readonly length: number }
  /** A version seen before: where the object still has it, the answer is `unchanged`. */
  readonly unless?: string
  readonly signal?: AbortSignal
}

export interface StoredObject {
  readonly bytes: Uint8Array
  /** Changes with each put of the key; on S3 its ETag. */
  readonly version: string
}

export interface ObjectEntry {
  readonly key: string
  readonly sizeBytes: number
}
