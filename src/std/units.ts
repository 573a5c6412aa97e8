import { Fault } from './fault.ts'

export const KIB: number = 1024
export const MIB: number = 1024 * KIB
export const GIB: number = 1024 * MIB
export const SECOND_MS: number = 1000
export const MINUTE_MS: number = 60 * SECOND_MS
export const HOUR_MS: number = 60 * MINUTE_MS
export const DAY_MS: number = 24 * HOUR_MS

const DURATION_UNITS_MS = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const
const SIZE_UNITS = { B: 1, KiB: KIB, MiB: MIB, GiB: GIB } as const

/**
 * Reads `'10m'`, `'500ms'`, `'1h'`, `'7d'` to milliseconds. Throws CONFIG_INVALID naming `what`.
 */
export function parseDuration(text: string, what: string): number {
  const match = /^(\d{1,12})(ms|s|m|h|d)$/.exec(text)
  if (match === null) {
    throw new Fault(
      'CONFIG_INVALID',
      `${what} is '${text}', which is not a duration; ` +
        "write a whole number and ms, s, m, h or d, as in '10m'",
    )
  }
  return Number(match[1]) * DURATION_UNITS_MS[match[2] as keyof typeof DURATION_UNITS_MS]
}

/** Reads `'128MiB'`, `'64KiB'`, `'2GiB'` to bytes. Throws CONFIG_INVALID naming `what`. */
export function parseSize(text: string, what: string): number {
  const match = /^(\d{1,12})(B|KiB|MiB|GiB)$/.exec(text)
  if (match === null) {
    throw new Fault(
      'CONFIG_INVALID',
      `${what} is '${text}', which is not a size; ` +
        "write a whole number and B, KiB, MiB or GiB, as in '128MiB'",
    )
  }
  return Number(match[1]) * SIZE_UNITS[match[2] as keyof typeof SIZE_UNITS]
}

/** `1536` to `'1.5 KiB'`: for people, never for parsing. */
export function toSizeText(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = bytes
  let index = 0
  while (value >= KIB && index < units.length - 1) {
    value /= KIB
    index += 1
  }
  return `${index === 0 ? value : value.toFixed(1)} ${units[index]}`
}

/** `5400000` to `'1.5 h'`: for people, never for parsing. */
export function toDurationText(durationMs: number): string {
  const [name, unit] = Object.entries({ d: DAY_MS, h: HOUR_MS, m: MINUTE_MS, s: SECOND_MS }).find(
    ([, sizeMs]) => durationMs >= sizeMs,
  ) ?? ['ms', 1]
  const value = durationMs / unit
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${name}`
}
