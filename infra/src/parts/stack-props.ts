/** What every stack is given. */
import type { StackProps } from 'aws-cdk-lib'
import type { Settings } from '../settings.ts'

export interface WeirStackProps extends StackProps {
  readonly settings: Settings
}
