/**
 * Where news goes: a topic for what a person should look at, and one for the end of the budget,
 * which a function listens to as well. They carry names and numbers, nothing of customers.
 */
import { Stack } from 'aws-cdk-lib'
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'

export function createNewsTopic(scope: Construct, id: string, settings: Settings): Topic {
  const topic = new Topic(scope, id, { enforceSSL: true })
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'OfThisAccount',
      effect: Effect.ALLOW,
      principals: [
        new ServicePrincipal('budgets.amazonaws.com'),
        new ServicePrincipal('cloudwatch.amazonaws.com'),
      ],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  )
  if (settings.alertEmail !== null) {
    topic.addSubscription(new EmailSubscription(settings.alertEmail))
  }
  return topic
}
