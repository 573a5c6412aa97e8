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
    ...(region === undefined ? {} : { archiveRegion: region }),
    ...(endpoint === undefined ? {} : { archiveEndpoint: endpoint }),
    ...(forcePathStyle === undefined ? {} : { archivePathStyle: forcePathStyle ? 'on' : 'off' }),
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

const S3_URL = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/

/** Where the lake is; null: nothing is archived. Throws CONFIG_INVALID. */
export function toArchiveTarget(settings: Settings, lakeDirectory: string): ArchiveTarget | null {
  const { archive, archiveRegion, archiveEndpoint, archivePathStyle } = settings
  if (archive === 'off') return null
  if (archive === 'local' || archive === '') return { kind: 'local', directory: lakeDirectory }
  if (!archive.startsWith('s3:')) return { kind: 'local', directory: archive }
  const match = S3_URL.exec(archive)
  if (match === null) {
    throw new Fault(
      'CONFIG_INVALID',
      `archive is '${archive}', not s3://bucket or s3://bucket/prefix`,
    )
  }
  const prefix = (match[2] ?? '').replace(/^\/+|\/+$/g, '')
  return {
    kind: 's3',
    bucket: match[1] ?? '',
    ...(prefix === '' ? {} : { prefix }),
    ...(archiveRegion === '' ? {} : { region: archiveRegion }),
    ...(archiveEndpoint === '' ? {} : { endpoint: archiveEndpoint }),
    ...(archivePathStyle === 'on' ? { forcePathStyle: true } : {}),
  }
}
