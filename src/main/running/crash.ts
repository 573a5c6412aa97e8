/**
 * Named crash points, for tests: `WEIR_CRASH_AT=commit.before:3` kills the process, as SIGKILL
 * does, the third time that it comes by there. Its last word on stderr is where it died.
 */
import { writeSync } from 'node:fs'
import process from 'node:process'
import { Fault } from '../../std/fault.ts'

const STDERR = 2
const POINTS = [
  'append.before',
  'append.after',
  'fsync.before',
  'fsync.after',
  'roll.before',
  'roll.after',
  'commit.before',
  'commit.after',
  'compaction.before',
  'compaction.after',
  'objects.before',
  'objects.after',
  'manifest.after',
  'upkeep.after',
  'intent.after',
  'upload.before',
  'upload.after',
  'archive.before',
  'archive.after',
  'rebuild.before',
  'rebuild.after',
  'repair.before',
  'repair.begun',
  'repair.sent',
  'repair.done',
]

/** `at`: the variable's value, or undefined for none. */
export function createCrash(at: string | undefined): (point: string) => void {
  if (at === undefined) return () => undefined
  const [wanted, count] = at.split(':')
  let left = Number(count ?? 1)
  if (wanted === undefined || !POINTS.includes(wanted) || !Number.isInteger(left) || left < 1) {
    throw new Fault(
      'CONFIG_INVALID',
      `WEIR_CRASH_AT is '${at}', not one of ${POINTS.join(', ')}, maybe with :count`,
    )
  }
  return point => {
    if (point !== wanted) return
    left -= 1
    if (left !== 0) return
    writeSync(STDERR, `weir: killed at ${point}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}
