/**
 * Turns what a setting names, a directory or `s3://bucket/folder`, into an object store. The SDK
 * finds credentials: in variables, profiles, roles.
 */
import { randomBytes, randomInt } from 'node:crypto'
import type { ObjectStore } from '../../model/object-store.ts'
import { openLocalObjects } from '../../objects/local/local-objects.ts'
import { createPrng } from '../../std/prng.ts'
import { parseS3Url } from '../config/s3-url.ts'
import type { CommandContext } from '../terminal/command.ts'

const WRITER_BYTES = 16
const SEED_MAX = 2 ** 32

/** `where` was checked when the settings were loaded. */
export async function openObjects(
  { config, clock }: Pick<CommandContext, 'config' | 'clock'>,
  where: string,
): Promise<ObjectStore & AsyncDisposable> {
  const url = parseS3Url(where, 'a place of objects')
  if (url === null) {
    return { ...openLocalObjects({ directory: where }), [Symbol.asyncDispose]: async () => {} }
  }
  const { s3Endpoint, s3Region, s3ForcePathStyle } = config.settings
  // The SDK takes a while to load, and most never need it.
  const { openS3Objects } = await import('../../objects/s3/s3-objects.ts')
  return openS3Objects({
    ...url,
    forcePathStyle: s3ForcePathStyle === 'on',
    ...(s3Endpoint === '' ? {} : { endpoint: s3Endpoint }),
    ...(s3Region === '' ? {} : { region: s3Region }),
    writer: randomBytes(WRITER_BYTES).toString('hex'),
    clock,
    prng: createPrng(randomInt(SEED_MAX)),
  })
}

export function isBucket(where: string): boolean {
  return parseS3Url(where, 'a place of objects') !== null
}
