import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { describeLog } from '../log.contract.ts'
import { openSegmentLog } from './segment-log.ts'

describeLog({
  name: 'the segment log',
  isSelfKept: true,
  open: async settings => {
    const directory = await mkdtemp(join(tmpdir(), 'weir-log-'))
    onTestFinished(() => rm(directory, { recursive: true }))
    return openSegmentLog({ ...settings, directory })
  },
})
