/** Where the lake is, as a user writes it in weir.config.ts. */

export interface S3Options {
  readonly bucket: string
  /** Put before all keys, without slashes at its ends. */
  readonly prefix?: string
  readonly region?: string
  /** URL of another S3 server than Amazon's. */
  readonly endpoint?: string
  /** Whether the bucket stands in the path of URLs, as most other servers want it. */
  readonly forcePathStyle?: boolean
}

export interface S3Archive extends S3Options {
  readonly kind: 's3'
}

export interface LocalArchive {
  readonly kind: 'local'
  readonly directory: string
}

export type ArchiveTarget = S3Archive | LocalArchive

/** Puts the lake into a bucket: `archive: s3({ bucket: 'shop-lake', region: 'eu-central-1' })`. */
export function s3(options: S3Options): S3Archive {
  return { kind: 's3', ...options }
}

/** Puts the lake into a directory: `archive: local('/mnt/lake')`. */
export function local(directory: string): LocalArchive {
  return { kind: 'local', directory }
}
