/** Both buckets: what rests in them, and the requests of archiving, publishing and reading. */
import type { Line } from './bill.ts'
import { guessed } from './bill.ts'
import type { CostLoad } from './load.ts'
import { ASSUMED, DAYS, GB } from './load.ts'

/** What "for ever" costs is counted after this. */
const FOREVER_DAYS = 365
const DAY_S = 86_400
const THOUSAND = 1_000

export function linesOfLake(load: CostLoad): readonly Line[] {
  const days = load.lakeDays ?? FOREVER_DAYS
  const lakeGb = (load.eventsPerDay * load.eventBytes * ASSUMED.lakeShare * days) / GB
  const commits = commitsPerDayOf(load)
  const oldGb = (commits * load.partitions * ASSUMED.manifestBytes * ASSUMED.oldVersionDays) / GB
  const puts = commits * (ASSUMED.putsPerShard * load.partitions + ASSUMED.putsPerCommit)
  const gets = commits * ASSUMED.getsPerShard * load.partitions
  return [
    guessed(`events of ${days} days`, 's3Storage', lakeGb),
    guessed('results, and old manifests of a day', 's3Storage', ASSUMED.resultsGb + oldGb),
    guessed('archiving, puts', 's3Write', (archivePutsPerDayOf(load) * DAYS) / THOUSAND),
    guessed('publishing, puts and lists', 's3Write', (puts * DAYS) / THOUSAND),
    guessed('publishing, gets', 's3Read', (gets * DAYS) / THOUSAND),
  ]
}

/** Without events nothing is committed, so no more often than events come. */
function commitsPerDayOf({ eventsPerDay, commitS }: CostLoad): number {
  return Math.min(DAY_S / commitS, eventsPerDay)
}

/** A range of each partition of each topic every ten minutes, no more often than events come. */
function archivePutsPerDayOf({ eventsPerDay, eventTypes, partitions }: CostLoad): number {
  const ranges = ASSUMED.rangesPerDayMax * eventTypes * partitions
  return Math.min(ranges, eventsPerDay) * ASSUMED.putsPerRange
}
