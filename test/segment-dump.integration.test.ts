/**
 * Kafka's own tool reads our segments: DumpLogSegments of Kafka 3.8.0 lists every record, and finds
 * no bad CRC. Needs Java and Maven; the jars are kept in a cache outside the tree.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { jarsMissing, KAFKA_ZOOKEEPER, resolveJars } from '../scripts/kafka/jars.ts'
import { openSegmentLog } from '../src/log/segment/segment-log.ts'
import type { NewRecord } from '../src/model/record.ts'
import { toUtf8 } from '../src/std/bytes.ts'
import { createSystemClock } from '../src/std/clock.ts'
import { KIB, MIB } from '../src/std/units.ts'

const run = promisify(execFile)
/** A first resolve downloads 45 MB. */
const RESOLVE_MS_MAX = 300_000
const NEVER = new AbortController().signal

const missing = jarsMissing(KAFKA_ZOOKEEPER)
const isCi = process.env['CI'] === 'true'
let jars = ''

beforeAll(async () => {
  if (missing === null) jars = await resolveJars(KAFKA_ZOOKEEPER)
}, RESOLVE_MS_MAX)

async function dump(segment: string): Promise<string> {
  const tool = 'kafka.tools.DumpLogSegments'
  const flags = ['--deep-iteration', '--print-data-log', '--files', segment]
  const java = ['-Dfile.encoding=UTF-8', '-Dstdout.encoding=UTF-8', '-cp', jars]
  const { stdout } = await run('java', [...java, tool, ...flags], { maxBuffer: 64 * MIB })
  return stdout
}

/** What the tool prints of a record, but for its place and time. */
function toDumpLine(record: NewRecord, offset: number): string {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
  const keys = record.headers.map(header => header.key).join(',')
  const key = record.key === null ? '' : ` key: ${text(record.key)}`
  const sizes = `keySize: ${record.key?.length ?? -1} valueSize: ${record.value.length}`
  return (
    `| offset: ${offset} ${sizes} sequence: -1 headerKeys: [${keys}]${key}` +
    ` payload: ${text(record.value)}`
  )
}

function toRecords(count: number): readonly NewRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    topic: 'page_view',
    partition: 0,
    key: index % 3 === 0 ? null : toUtf8(`клиент-${index % 7}`),
    value: toUtf8(`{"event_id":"e${index}","search":"größe 🛒 ${'x'.repeat(index % 90)}"}`),
    headers: index % 5 === 0 ? [{ key: 'weir-file', value: toUtf8('événements.csv') }] : [],
  }))
}

test.skipIf(missing !== null && !isCi)(
  `DumpLogSegments lists every record${missing === null ? '' : ` (skipped: ${missing})`}`,
  { timeout: 60_000 },
  async () => {
    expect(missing, 'what CI lacks').toBeNull()
    const directory = await mkdtemp(join(tmpdir(), 'weir-dump-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    const records = toRecords(500)
    await writeSegments(directory, records)

    const partition = join(directory, 'page_view-0')
    const segments = (await readdir(partition)).sort()
    expect(segments.length).toBeGreaterThan(2)
    const lines: string[] = []
    for (const segment of segments) {
      const text = await dump(join(partition, segment))
      expect(text).not.toMatch(/invalid|corrupt|isvalid: false|exception/i)
      expect(text.match(/isvalid: true/g)?.length).toBeGreaterThan(3)
      lines.push(...text.split('\n').filter(line => line.startsWith('| offset:')))
    }
    expect(lines.map(line => line.replace(/ LogAppendTime: \d+/, ''))).toEqual(
      records.map(toDumpLine),
    )
  },
)

/** Appends in calls of 1 to 20 records, over several segments. */
async function writeSegments(directory: string, records: readonly NewRecord[]): Promise<void> {
  await using log = await openSegmentLog({
    directory,
    topics: ['page_view'],
    partitions: 1,
    clock: createSystemClock(),
    segmentBytes: 24 * KIB,
    retentionBytes: null,
    retentionMs: null,
    logBytesMax: MIB,
  })
  for (let start = 0, size = 1; start < records.length; start += size, size = (size % 20) + 1) {
    await log.append(records.slice(start, start + size), NEVER)
  }
}
