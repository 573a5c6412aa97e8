import { expect, test } from 'vitest'
import type { NewRecord } from '../../model/record.ts'
import { Fault } from '../../std/fault.ts'
import type { Outbox } from './outbox.ts'
import { createOutbox } from './outbox.ts'

const RECORD: NewRecord = {
  topic: 'purchase',
  partition: 0,
  key: null,
  value: Buffer.from('{}'),
  headers: [],
}
const AWAY = new Fault('LOG_UNAVAILABLE', 'nobody has answered')

test('while nothing lands, one call tries and the others are refused', async () => {
  const outbox = open()
  const first = outbox.append([RECORD])
  const second = outbox.append([RECORD])
  outbox.giveUp(AWAY)
  expect(await first).toMatchObject({ error: AWAY })
  expect(await second).toMatchObject({ error: AWAY })

  expect(outbox.refusal).toBeNull()
  const tries = outbox.append([RECORD])
  expect(outbox.refusal).toBe(AWAY)
  const batch = await outbox.take()
  batch.land(7, 1)
  expect(await tries).toEqual({ places: [expect.objectContaining({ offset: 7 })], error: null })

  const waits = outbox.append([RECORD])
  expect(outbox.refusal).toBeNull()
  outbox.giveUp(AWAY)
  await waits
})

function open(): Outbox {
  return createOutbox(
    { topic: 'purchase', partition: 0 },
    {
      codec: 'none',
      now: () => 0,
      monotonic: () => 0,
      newProducerId: async () => ({ id: 1n, epoch: 0 }),
      refusal: () => null,
      onWaiting: () => undefined,
    },
  )
}
