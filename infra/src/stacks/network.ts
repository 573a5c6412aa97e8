/**
 * Where everything runs: three zones of public subnets. There is no NAT gateway, which would cost
 * more than the brokers; machines have public addresses and let nobody in, since no security group
 * has a rule for it but the load balancer's. S3, where the bytes go, is reached over a gateway
 * endpoint, which is free.
 */
import { Fn, Stack } from 'aws-cdk-lib'
import {
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2'
import type { Construct } from 'constructs'
import type { WeirStackProps } from '../parts/stack-props.ts'

export class NetworkStack extends Stack {
  readonly vpc: Vpc

  constructor(scope: Construct, id: string, props: WeirStackProps) {
    super(scope, id, props)
    this.vpc = createVpc(this)
    if (props.settings.interfaceEndpoints) addInterfaceEndpoints(this, this.vpc)
  }
}

/** Private ones, of no other use: nothing outside is routed to them. */
const ADDRESSES = '10.87.0.0/16'
const HTTPS = 443
/** Brokers stand in as many zones as there are copies of a record. */
const ZONES = 3

/** What the tasks and functions call beside S3 and Kafka. */
const SERVICES: Readonly<Record<string, InterfaceVpcEndpointAwsService>> = {
  EcrApi: InterfaceVpcEndpointAwsService.ECR,
  EcrDocker: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Sts: InterfaceVpcEndpointAwsService.STS,
}

function createVpc(scope: Construct): Vpc {
  return new Vpc(scope, 'Vpc', {
    ipAddresses: IpAddresses.cidr(ADDRESSES),
    // Which zones these are is known when it is deployed.
    availabilityZones: Array.from({ length: ZONES }, (_, index) => Fn.select(index, Fn.getAzs())),
    natGateways: 0,
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [{ name: 'public', subnetType: SubnetType.PUBLIC, cidrMask: 20 }],
    gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
  })
}

function addInterfaceEndpoints(scope: Construct, vpc: Vpc): void {
  const group = new SecurityGroup(scope, 'EndpointSecurityGroup', {
    vpc,
    description: 'AWS, for whoever is in the VPC',
    allowAllOutbound: false,
  })
  group.addIngressRule(Peer.ipv4(ADDRESSES), Port.tcp(HTTPS), 'from inside')
  for (const [id, service] of Object.entries(SERVICES)) {
    vpc.addInterfaceEndpoint(id, { service, securityGroups: [group], open: false })
  }
}
