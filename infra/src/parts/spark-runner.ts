/** What starts Spark: what the function `runs` must know of it, and may do with it. */
import type { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam'

export interface SparkRunner {
  /** What a job may do. */
  readonly jobRole: Role
  /** Variables of the function. */
  readonly environment: Readonly<Record<string, string>>
  /** What the function may do, to start and to look. */
  readonly statements: readonly PolicyStatement[]
  /** null: it is EC2. */
  readonly emrApplicationId: string | null
}
