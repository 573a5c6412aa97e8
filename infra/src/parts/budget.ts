/**
 * The budget of a month. At half and at four fifths somebody is told; when all is spent, or will
 * be, too. Spent, it also stops what grows: roles that start runs may not start any more, and a
 * topic says so to whatever listens.
 */
import { Stack } from 'aws-cdk-lib'
import { CfnBudget, CfnBudgetsAction } from 'aws-cdk-lib/aws-budgets'
import type { IRole } from 'aws-cdk-lib/aws-iam'
import { Effect, ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'

export interface BudgetProps {
  readonly settings: Settings
  readonly news: ITopic
  /** Is told once all is spent. */
  readonly spent: ITopic
}

const SHARES = [50, 80, 100] as const
type Kind = 'ACTUAL' | 'FORECASTED'

/** Two budgets of one amount, since one takes five notifications at most. */
export function createBudgets(scope: Construct, props: BudgetProps): CfnBudget {
  createBudget(scope, 'FORECASTED', props)
  return createBudget(scope, 'ACTUAL', props)
}

function createBudget(scope: Construct, kind: Kind, props: BudgetProps): CfnBudget {
  const { settings, news, spent } = props
  const { name, budgetUsd, budgetScope } = settings
  return new CfnBudget(scope, `Budget-${kind.toLowerCase()}`, {
    budget: {
      budgetName: `${name}-${kind.toLowerCase()}`,
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: budgetUsd, unit: 'USD' },
      // A tag that billing was not told of matches nothing, and the budget then never fires.
      ...(budgetScope === 'tag' ? { costFilters: { TagKeyValue: [`user:weir$${name}`] } } : {}),
    },
    notificationsWithSubscribers: SHARES.map(share => ({
      notification: {
        notificationType: kind,
        comparisonOperator: 'GREATER_THAN',
        threshold: share,
        thresholdType: 'PERCENTAGE',
      },
      // A budget has one topic for each notification.
      subscribers: [subscribe(kind === 'ACTUAL' && share === 100 ? spent : news)],
    })),
  })
}

function subscribe(topic: ITopic): CfnBudget.SubscriberProperty {
  return { subscriptionType: 'SNS', address: topic.topicArn }
}

export interface DenialProps extends BudgetProps {
  readonly budget: CfnBudget
  /** Of whatever starts runs. */
  readonly runsRole: IRole
}

/** Takes the right to start runs from a role, once all is spent; a person gives it back. */
export function denyRunsWhenSpent(scope: Construct, props: DenialProps): void {
  const { settings, runsRole, budget, spent } = props
  const denial = new ManagedPolicy(scope, 'NoMoreRuns', {
    description: 'attached by the budget: no run is started until somebody detaches it',
    statements: [
      new PolicyStatement({
        effect: Effect.DENY,
        actions: ['emr-serverless:StartJobRun', 'emr-serverless:StartApplication'],
        resources: ['*'],
      }),
      new PolicyStatement({
        effect: Effect.DENY,
        actions: ['ec2:RunInstances', 'ec2:StartInstances'],
        resources: ['*'],
      }),
    ],
  })
  const action = new CfnBudgetsAction(scope, 'StopRuns', {
    budgetName: `${settings.name}-actual`,
    notificationType: 'ACTUAL',
    actionThreshold: { type: 'PERCENTAGE', value: 100 },
    actionType: 'APPLY_IAM_POLICY',
    approvalModel: 'AUTOMATIC',
    definition: {
      iamActionDefinition: { policyArn: denial.managedPolicyArn, roles: [runsRole.roleName] },
    },
    executionRoleArn: createActionRole(scope, denial, runsRole).roleArn,
    subscribers: [{ type: 'SNS', address: spent.topicArn }],
  })
  action.addResourceDependency(budget)
}

/** What the budget acts as: it may attach that one policy to that one role. */
function createActionRole(scope: Construct, denial: ManagedPolicy, runsRole: IRole): Role {
  const role = new Role(scope, 'BudgetActionRole', {
    description: 'by which the budget stops runs',
    assumedBy: new ServicePrincipal('budgets.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  })
  role.addToPolicy(
    new PolicyStatement({
      actions: ['iam:AttachRolePolicy', 'iam:DetachRolePolicy'],
      resources: [runsRole.roleArn],
      conditions: { ArnEquals: { 'iam:PolicyARN': denial.managedPolicyArn } },
    }),
  )
  return role
}
