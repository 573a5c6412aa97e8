/**
 * The load balancer before the collectors. It passes on what the collector is for, and answers
 * anything else itself: what a task tells of its health and counters is for this account alone.
 */
import { Duration } from 'aws-cdk-lib'
import type { ISecurityGroup, IVpc } from 'aws-cdk-lib/aws-ec2'
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2'
import type { FargateService } from 'aws-cdk-lib/aws-ecs'
import type { ApplicationListener } from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  ListenerAction,
  ListenerCertificate,
  ListenerCondition,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2'
import type { Construct } from 'constructs'
import { ROUTES } from '../../../src/api/contract.ts'
import { SEGMENT_PATHS } from '../../../src/model/segment.ts'
import type { Settings } from '../settings.ts'
import { COLLECT_PORT } from './counting-task.ts'

export interface FrontDoorProps {
  readonly settings: Settings
  readonly vpc: IVpc
  readonly taskSecurityGroup: ISecurityGroup
}

export interface FrontDoor {
  readonly balancer: ApplicationLoadBalancer
  /** Where callers send events to. */
  readonly url: string
  /** Sends what comes in to the tasks of a service. */
  openTo(service: FargateService): void
}

/** What pages and servers call: events, Segment's calls, and the SDK. */
const PATHS: readonly string[] = [
  ROUTES.collect.path,
  ...SEGMENT_PATHS.keys(),
  '/sdk.js',
  '/sdk.mjs',
]
/** A rule of a listener compares five values at most. */
const PATHS_PER_RULE = 5
/** Longer than clients wait between two batches. */
const IDLE_S = 60

export function createFrontDoor(scope: Construct, props: FrontDoorProps): FrontDoor {
  const { settings, vpc, taskSecurityGroup } = props
  const securityGroup = new SecurityGroup(scope, 'BalancerSecurityGroup', {
    vpc,
    description: 'anyone, to the load balancer',
    allowAllOutbound: false,
  })
  securityGroup.connections.allowTo(taskSecurityGroup, Port.tcp(COLLECT_PORT), 'to collectors')
  const balancer = new ApplicationLoadBalancer(scope, 'Balancer', {
    vpc,
    internetFacing: true,
    securityGroup,
    dropInvalidHeaderFields: true,
    idleTimeout: Duration.seconds(IDLE_S),
  })
  const listener = addListener(balancer, settings)
  const scheme = settings.certificateArn === null ? 'http' : 'https'
  const host = settings.hosts[0] ?? balancer.loadBalancerDnsName
  return {
    balancer,
    url: `${scheme}://${host}`,
    openTo: service => forward({ scope, vpc, listener, service }),
  }
}

function addListener(
  balancer: ApplicationLoadBalancer,
  { certificateArn }: Settings,
): ApplicationListener {
  const defaultAction = ListenerAction.fixedResponse(404, {
    contentType: 'application/problem+json',
    messageBody: '{"type":"about:blank","title":"Not Found","status":404}',
  })
  if (certificateArn === null) {
    return balancer.addListener('Http', { port: 80, open: true, defaultAction })
  }
  balancer.addListener('Http', {
    port: 80,
    open: true,
    defaultAction: ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true }),
  })
  return balancer.addListener('Https', {
    port: 443,
    open: true,
    protocol: ApplicationProtocol.HTTPS,
    certificates: [ListenerCertificate.fromArn(certificateArn)],
    sslPolicy: SslPolicy.TLS13_RES,
    defaultAction,
  })
}

interface Forwarding {
  readonly scope: Construct
  readonly vpc: IVpc
  readonly listener: ApplicationListener
  readonly service: FargateService
}

function forward({ scope, vpc, listener, service }: Forwarding): void {
  const targets = new ApplicationTargetGroup(scope, 'Collectors', {
    vpc,
    targetType: TargetType.IP,
    protocol: ApplicationProtocol.HTTP,
    port: COLLECT_PORT,
    targets: [service.loadBalancerTarget({ containerName: 'collect' })],
    deregistrationDelay: Duration.seconds(30),
    // Whether it lives: with Kafka away it answers 503, and a new task would do no better.
    healthCheck: { path: ROUTES.health.path, interval: Duration.seconds(15) },
  })
  for (let first = 0; first < PATHS.length; first += PATHS_PER_RULE) {
    listener.addAction(`Paths${first}`, {
      priority: first + 1,
      conditions: [ListenerCondition.pathPatterns(PATHS.slice(first, first + PATHS_PER_RULE))],
      action: ListenerAction.forward([targets]),
    })
  }
}
