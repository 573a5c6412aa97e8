import { describeLog } from '../log.contract.ts'
import { openMemoryLog } from './memory-log.ts'

describeLog({ name: 'the memory log', isSelfKept: true, open: openMemoryLog })
