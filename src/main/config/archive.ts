/**
 * `archive` of a config, and the settings of the same meaning: a text says where the lake is, and
 * what `s3({ … })` says besides becomes settings of their own, so that flags can take their place.
 */
import type { ArchiveTarget } from '../../model/archive-target.ts'
import { Fault } from '../../std/fault.ts'
import type { SettingName, Settings } from './settings.ts'

const KEYS = {
  s3: ['kind', 'bucket', 'prefix', 'region', 'endpoint', 'forcePathStyle'],
  local: ['kind', 'directory'],
}

/** The settings that a config's `archive` stands for. Throws CONFIG_INVALID. */
export function toArchiveSettings(
  archive: unknown,
  path: string,
): { readonly [Name in SettingName]?: string } {
  if (archive === undefined || typeof archive === 'string') return {}
  assertTarget(archive, path)
  if (archive.kind === 'local') return { archive: archive.directory }
  const { bucket, prefix, region, endpoint, forcePathStyle } = archive
  return {
    archive: `s3://${bucket}${prefix === undefined ? '' : `/${prefix}`}`,
    ...(region === undefined ? {} : { s3Region: region }),
    ...(endpoint === undefined ? {} : { s3Endpoint: endpoint }),
    ...(forcePathStyle === undefined ? {} : { s3ForcePathStyle: forcePathStyle ? 'on' : 'off' }),
  }
}

function assertTarget(archive: unknown, path: string): asserts archive is ArchiveTarget {
  const kind = typeof archive === 'object' && archive !== null && 'kind' in archive && archive.kind
  if (kind !== 's3' && kind !== 'local') {
    throw new Fault(
      'CONFIG_INVALID',
      `${path}: archive is no text, and was not made by s3({ bucket: … }) or local('directory')`,
    )
  }
  const stranger = Object.keys(archive as object).find(key => !KEYS[kind].includes(key))
  if (stranger === undefined) return
  throw new Fault(
    'CONFIG_INVALID',
    `${path}: archive has '${stranger}', which ${kind}(…) does not know`,
  )
}

/** Where the lake is: a directory or `s3://bucket/folder`; null: nothing is archived. */
export function placeOfArchive({ archive }: Settings, lakeDirectory: string): string | null {
  if (archive === 'off') return null
  return archive === 'local' || archive === '' ? lakeDirectory : archive
}
