/** Rejects as rows: the original bytes, with what was wrong with them. */
import { HEADER_FILE, HEADER_LINE } from '../model/record.ts'
import type { Reason } from '../model/refused.ts'
import { toUtf8 } from '../std/bytes.ts'
import type { ChunkWriter } from './columns.ts'
import type { RecordView } from './records.ts'
import { readHeader } from './records.ts'

export interface RejectRows {
  add(record: RecordView, reason: Reason): void
}

const LINE = /^\d{1,15}$/

/** `writer`: of columns as `rejectColumnsOf` tells. */
export function createRejectRows(writer: ChunkWriter): RejectRows {
  const putText = (name: string, text: string): void => {
    const bytes = toUtf8(text)
    writer.text(name).set(bytes, 0, bytes.length)
  }
  return {
    add: (record, { code, pointer }) => {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = record
      putText('code', code)
      putText('pointer', pointer)
      writer.number('offset').set(record.offset)
      if (record.arrivalMs >= 0) writer.number('arrival_ms').set(record.arrivalMs)
      if (keyStart >= 0) writer.text('key').set(bytes, keyStart, keyEnd)
      if (valueStart >= 0) writer.text('value').set(bytes, valueStart, valueEnd)
      const file = readHeader(record, HEADER_FILE)
      const line = readHeader(record, HEADER_LINE)
      if (file !== null) putText('file', file)
      if (line !== null && LINE.test(line)) writer.number('line').set(Number(line))
      writer.endRow()
    },
  }
}
