/** Which deployment is looked at. */
import type { CommandContext } from '../terminal/command.ts'

export interface AwsContext extends Pick<CommandContext, 'config'> {
  /** `name` of the stacks' settings. */
  readonly name: string
  readonly account: string
}
