/** Every command there is, in the order of `weir --help` and of the reference page. */
import type { Command } from '../terminal/command.ts'
import { auditCommand } from './audit.ts'
import { batchCommand } from './batch.ts'
import { collectCommand } from './collect.ts'
import { compileCommand } from './compile.ts'
import { configCommand } from './config.ts'
import { costCommand } from './cost.ts'
import { digestCommand } from './digest.ts'
import { doctorCommand } from './doctor.ts'
import { generateCommand } from './generate.ts'
import { importCommand } from './import.ts'
import { keysCommand } from './keys.ts'
import { produceCommand } from './produce.ts'
import { quarantineCommand } from './quarantine.ts'
import { queryCommand } from './query.ts'
import { rebuildCommand } from './rebuild.ts'
import { serveCommand } from './serve.ts'
import { sparkCommand } from './spark.ts'
import { startCommand } from './start.ts'
import { tailCommand } from './tail.ts'
import { traceCommand } from './trace.ts'

export const COMMANDS: readonly Command[] = [
  startCommand,
  importCommand,
  queryCommand,
  auditCommand,
  quarantineCommand,
  tailCommand,
  traceCommand,
  generateCommand,
  produceCommand,
  collectCommand,
  digestCommand,
  serveCommand,
  batchCommand,
  rebuildCommand,
  sparkCommand,
  compileCommand,
  keysCommand,
  configCommand,
  costCommand,
  doctorCommand,
]
