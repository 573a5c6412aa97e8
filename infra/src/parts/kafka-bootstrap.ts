/**
 * The brokers' addresses. CloudFormation does not tell them, so a function asks for them once, when
 * the cluster is there.
 */
import { RemovalPolicy } from 'aws-cdk-lib'
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { CfnCluster } from 'aws-cdk-lib/aws-msk'
import {
  AwsCustomResource,
  AwsCustomResourcePolicy,
  PhysicalResourceId,
} from 'aws-cdk-lib/custom-resources'
import type { Construct } from 'constructs'

/** As `host:port,host:port`, for clients that log in with IAM. */
export function readBootstrapBrokers(scope: Construct, cluster: CfnCluster): string {
  const answer = 'BootstrapBrokerStringSaslIam'
  const asked = new AwsCustomResource(scope, 'Bootstrap', {
    resourceType: 'Custom::KafkaBootstrap',
    onUpdate: {
      service: 'Kafka',
      action: 'getBootstrapBrokers',
      parameters: { ClusterArn: cluster.attrArn },
      physicalResourceId: PhysicalResourceId.of('bootstrap'),
      outputPaths: [answer],
    },
    policy: AwsCustomResourcePolicy.fromStatements([
      // It knows no resources; the addresses are no secret.
      new PolicyStatement({ actions: ['kafka:GetBootstrapBrokers'], resources: ['*'] }),
    ]),
    installLatestAwsSdk: false,
    logGroup: new LogGroup(scope, 'BootstrapLogs', {
      retention: RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
  })
  return asked.getResponseField(answer)
}
