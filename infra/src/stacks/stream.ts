/**
 * What counts: Kafka, and a service of tasks that take events, count them and archive them. The
 * image is the product's own, told by variables what it is here; topics are made by the tasks, as
 * everywhere.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib'
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2'
import { Port, SecurityGroup, SubnetType } from 'aws-cdk-lib/aws-ec2'
import type { FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs'
import { Cluster, FargateService, PropagatedTagSource } from 'aws-cdk-lib/aws-ecs'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { CfnCluster } from 'aws-cdk-lib/aws-msk'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Catalog } from '../../../src/model/catalog.ts'
import { createCountingTask } from '../parts/counting-task.ts'
import type { FrontDoor } from '../parts/front-door.ts'
import { createFrontDoor } from '../parts/front-door.ts'
import { readBootstrapBrokers } from '../parts/kafka-bootstrap.ts'
import { createKafkaCluster, KAFKA_IAM_PORT } from '../parts/kafka-cluster.ts'
import type { WeirStackProps } from '../parts/stack-props.ts'
import { toFolderStatements, toKafkaStatements, toRunsDenial } from '../parts/task-policy.ts'
import type { Settings } from '../settings.ts'

export interface StreamProps extends WeirStackProps {
  readonly catalog: Catalog
  readonly vpc: IVpc
  readonly lakeBucket: IBucket
  readonly resultsBucket: IBucket
}

export class StreamStack extends Stack {
  readonly kafka: CfnCluster
  readonly taskRole: Role
  readonly service: FargateService
  /** null: events come over Kafka alone. */
  readonly frontDoor: FrontDoor | null

  constructor(scope: Construct, id: string, props: StreamProps) {
    super(scope, id, props)
    const { settings, vpc, catalog } = props
    const groups = createSecurityGroups(this, vpc)
    this.kafka = createKafkaCluster(this, {
      settings,
      catalog,
      vpc,
      securityGroup: groups.brokers,
    })
    this.taskRole = createTaskRole(this, this.kafka, props)
    this.frontDoor = settings.alb
      ? createFrontDoor(this, { settings, vpc, taskSecurityGroup: groups.tasks })
      : null
    const brokers = readBootstrapBrokers(this, this.kafka)
    const task = createCountingTask(this, {
      ...props,
      brokers,
      role: this.taskRole,
      frontDoor: namesOf(this.frontDoor, props),
    })
    this.service = createService(this, { settings, vpc, task, securityGroup: groups.tasks })
    this.frontDoor?.openTo(this.service)
    addOutputs(this, { brokers, url: this.frontDoor?.url ?? null, producers: groups.producers })
  }
}

interface Groups {
  readonly brokers: SecurityGroup
  readonly tasks: SecurityGroup
  /** For producers of the shop's own inside the VPC. */
  readonly producers: SecurityGroup
}

/** Nobody gets in but, to the brokers, who is of a group that is named here. */
function createSecurityGroups(scope: Construct, vpc: IVpc): Groups {
  const create = (id: string, description: string): SecurityGroup =>
    new SecurityGroup(scope, `${id}SecurityGroup`, { vpc, description })
  const groups = {
    brokers: create('Broker', 'brokers of Kafka'),
    tasks: create('Task', 'tasks that collect and count'),
    producers: create('Producer', 'whoever else writes to Kafka'),
  }
  for (const clients of [groups.tasks, groups.producers]) {
    groups.brokers.connections.allowFrom(clients, Port.tcp(KAFKA_IAM_PORT), 'logs in with IAM')
  }
  return groups
}

function createTaskRole(scope: Construct, kafka: CfnCluster, props: StreamProps): Role {
  const role = new Role(scope, 'TaskRole', {
    assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
    description: 'collects, counts and archives',
  })
  const statements = [
    ...toKafkaStatements(kafka, props.catalog),
    ...toFolderStatements(props.lakeBucket, 'lake'),
    ...toFolderStatements(props.resultsBucket, 'weir'),
    toRunsDenial(props.resultsBucket),
  ]
  for (const statement of statements) role.addToPolicy(statement)
  return role
}

interface ServiceProps {
  readonly settings: Settings
  readonly vpc: IVpc
  readonly task: FargateTaskDefinition
  readonly securityGroup: ISecurityGroup
}

/** Named, so that who stops it need not know this stack. */
function createService(scope: Construct, props: ServiceProps): FargateService {
  const { settings, vpc, task, securityGroup } = props
  const cluster = new Cluster(scope, 'Cluster', { vpc, clusterName: settings.name })
  return new FargateService(scope, 'Service', {
    cluster,
    serviceName: settings.name,
    taskDefinition: task,
    desiredCount: settings.workers,
    // There is no NAT: a public address is the way to AWS, and no rule lets anybody in.
    assignPublicIp: true,
    vpcSubnets: { subnetType: SubnetType.PUBLIC },
    securityGroups: [securityGroup],
    circuitBreaker: { rollback: true },
    // New workers join the group before the old ones leave it.
    minHealthyPercent: 100,
    maxHealthyPercent: 200,
    propagateTags: PropagatedTagSource.SERVICE,
  })
}

interface Outputs {
  readonly brokers: string
  readonly url: string | null
  readonly producers: ISecurityGroup
}

function addOutputs(scope: Construct, { brokers, url, producers }: Outputs): void {
  const add = (id: string, value: string, description: string): void => {
    new CfnOutput(scope, id, { value, description })
  }
  add('KafkaBrokers', brokers, 'for producers inside the VPC: TLS, and a login with IAM')
  add('ProducerGroup', producers.securityGroupId, 'which their machines are to have')
  if (url !== null) add('CollectorUrl', url, 'where events are sent to')
}

function namesOf(
  frontDoor: FrontDoor | null,
  { settings, vpc }: StreamProps,
): { readonly hosts: readonly string[]; readonly proxies: string } | null {
  if (frontDoor === null) return null
  const hosts = [...settings.hosts, frontDoor.balancer.loadBalancerDnsName]
  return { hosts, proxies: vpc.vpcCidrBlock }
}
