/** Values of flags that several commands take. */
import { parseBound } from '../../model/time.ts'
import { Fault } from '../../std/fault.ts'
import type { CommandContext } from './command.ts'

/** null: it is not given. Throws USAGE. */
export function parseTimeFlag({ flag }: Pick<CommandContext, 'flag'>, name: string): number | null {
  const text = flag(name)
  if (text === undefined) return null
  const timeMs = parseBound(text)
  if (timeMs !== null) return timeMs
  throw new Fault(
    'USAGE',
    `--${name} is '${text}', which is no time; write 2024-09-03 or 2024-09-03T10:00:00Z`,
  )
}
