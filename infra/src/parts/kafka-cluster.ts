/**
 * Kafka, as MSK runs it: three brokers in three zones, a copy of each record on every one, and two
 * must have it before it is acknowledged. Whoever connects shows an IAM role, over TLS.
 */
import { Fn, RemovalPolicy, Stack } from 'aws-cdk-lib'
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { CfnCluster, CfnConfiguration } from 'aws-cdk-lib/aws-msk'
import type { Construct } from 'constructs'
import type { Catalog } from '../../../src/model/catalog.ts'
import { topicsOf } from '../../../src/model/catalog.ts'
import { Fault } from '../../../src/std/fault.ts'
import type { Settings } from '../settings.ts'

/** 3.8 is what MSK recommends, and one of the two versions that the product is tested with. */
const KAFKA_VERSION = '3.8.x'
export const BROKERS = 3
/** For clients that log in with IAM from inside the VPC. */
export const KAFKA_IAM_PORT = 9098

/** A week of 500 events a second, 300 bytes each, is 90 GB, before they are compressed. */
const VOLUME_GIB = 100

const INSTANCE_TYPES: Readonly<Record<Settings['brokerSize'], string>> = {
  small: 'kafka.t3.small',
  standard: 'kafka.m7g.large',
}

/**
 * Copies count, too.
 * https://docs.aws.amazon.com/msk/latest/developerguide/bestpractices.html#partitions-per-broker
 */
const PARTITIONS_PER_BROKER_MAX: Readonly<Record<Settings['brokerSize'], number>> = {
  small: 300,
  standard: 1000,
}

export interface KafkaClusterProps {
  readonly settings: Settings
  readonly catalog: Catalog
  readonly vpc: IVpc
  readonly securityGroup: ISecurityGroup
}

/** Throws CONFIG_INVALID where there are more partitions than brokers of this size take. */
export function createKafkaCluster(scope: Construct, props: KafkaClusterProps): CfnCluster {
  const { settings, vpc, securityGroup } = props
  assertPartitionsFit(props)
  const configuration = createConfiguration(scope, settings)
  const logs = new LogGroup(scope, 'BrokerLogs', {
    retention: RetentionDays.ONE_WEEK,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  return new CfnCluster(scope, 'Kafka', {
    clusterName: settings.name,
    kafkaVersion: KAFKA_VERSION,
    numberOfBrokerNodes: BROKERS,
    brokerNodeGroupInfo: {
      instanceType: INSTANCE_TYPES[settings.brokerSize],
      clientSubnets: vpc.publicSubnets.map(subnet => subnet.subnetId),
      securityGroups: [securityGroup.securityGroupId],
      storageInfo: { ebsStorageInfo: { volumeSize: VOLUME_GIB } },
      connectivityInfo: { publicAccess: { type: 'DISABLED' } },
    },
    clientAuthentication: {
      sasl: { iam: { enabled: true }, scram: { enabled: false } },
      tls: { enabled: false },
      unauthenticated: { enabled: false },
    },
    encryptionInfo: { encryptionInTransit: { clientBroker: 'TLS', inCluster: true } },
    configurationInfo: {
      arn: configuration.attrArn,
      revision: configuration.attrLatestRevisionRevision,
    },
    enhancedMonitoring: 'DEFAULT',
    loggingInfo: { brokerLogs: { cloudWatchLogs: { enabled: true, logGroup: logs.logGroupName } } },
  })
}

/** There is a copy of each partition on each broker. */
function assertPartitionsFit({ settings: { brokerSize }, catalog }: KafkaClusterProps): void {
  const topics = topicsOf(catalog).length + 1
  const count = topics * catalog.partitions
  const countMax = PARTITIONS_PER_BROKER_MAX[brokerSize]
  if (count <= countMax) return
  throw new Fault(
    'CONFIG_INVALID',
    `${topics} topics of ${catalog.partitions} partitions are ${count} on each broker, and a ` +
      `${brokerSize} one takes ${countMax}; set brokerSize to standard, or partitions to fewer`,
  )
}

/** What brokers do where a topic does not say otherwise; Weir's topics say the same. */
function createConfiguration(scope: Construct, settings: Settings): CfnConfiguration {
  const properties: Readonly<Record<string, string | number | boolean>> = {
    'auto.create.topics.enable': false,
    'default.replication.factor': BROKERS,
    'min.insync.replicas': 2,
    'unclean.leader.election.enable': false,
    'log.message.timestamp.type': 'LogAppendTime',
    'log.retention.hours': settings.retentionHours,
    // Weir keeps its offsets itself; groups are there to share partitions out.
    'offsets.topic.replication.factor': BROKERS,
  }
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}`)
  return new CfnConfiguration(scope, 'KafkaConfiguration', {
    name: settings.name,
    kafkaVersionsList: [KAFKA_VERSION],
    serverProperties: `${lines.join('\n')}\n`,
  })
}

/** The ARNs of what is in a cluster: its topics and groups have its name and id in theirs. */
export function toKafkaArn(
  cluster: CfnCluster,
  kind: 'topic' | 'group',
  resourceName: string,
): string {
  const id = Fn.select(2, Fn.split('/', cluster.attrArn))
  return Stack.of(cluster).formatArn({
    service: 'kafka',
    resource: kind,
    resourceName: `${cluster.clusterName}/${id}/${resourceName}`,
  })
}
