/**
 * Spark on one machine of EC2: a template from which a machine is started for each run. The
 * machine installs Spark, runs the job, uploads its logs, and stops, which ends it: nothing of it
 * stays, and nobody can reach it meanwhile.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Fn, Stack } from 'aws-cdk-lib'
import type { IVpc } from 'aws-cdk-lib/aws-ec2'
import {
  AmazonLinuxCpuType,
  CfnLaunchTemplate,
  MachineImage,
  Peer,
  Port,
  SecurityGroup,
} from 'aws-cdk-lib/aws-ec2'
import { InstanceProfile, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { IBucket } from 'aws-cdk-lib/aws-s3'
import type { Construct } from 'constructs'
import type { Settings } from '../settings.ts'
import { ASKED_RUNS, toResultsUrl } from './places.ts'
import type { Buckets } from './spark-job-policy.ts'
import { toSparkJobStatements } from './spark-job-policy.ts'
import type { SparkRunner } from './spark-runner.ts'
import { allowObjects } from './statements.ts'

export interface SparkInstanceProps extends Buckets {
  readonly settings: Settings
  readonly vpc: IVpc
}

export interface InstanceTag {
  readonly key: string
  readonly value: string
}

/** By which all machines that run Spark are found. Metadata tells no names with `:` or `/`. */
export function toInstanceTag({ name }: Settings): InstanceTag {
  return { key: 'weir-spark', value: name }
}

const SERVICE = 'ec2.amazonaws.com'
/** 4 vCPU of Graviton, 32 GiB: what `local[*]` needs for a day of some ten million events. */
const INSTANCE_TYPE = 'r7g.xlarge'
/** Spark's installation, and what it spills. */
const VOLUME_GIB = 60
const HTTPS = 443
/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-add-user-data.html */
export const USER_DATA_BYTES_MAX = 16_384
const USER_DATA = fileURLToPath(new URL('../../user-data/run.sh', import.meta.url))

export function createSparkInstance(scope: Construct, props: SparkInstanceProps): SparkRunner {
  const jobRole = createJobRole(scope, props)
  const template = createTemplate(scope, jobRole, props)
  const { ref } = template
  return {
    jobRole,
    emrApplicationId: null,
    environment: {
      WEIR_RUNNER: 'ec2',
      WEIR_LAUNCH_TEMPLATE_ID: ref,
      WEIR_INSTANCE_TAGS: tagsOf(props.settings)
        .map(({ key, value }) => `${key}=${value}`)
        .join(','),
    },
    statements: toStartStatements(scope, jobRole, ref),
  }
}

function createJobRole(scope: Construct, props: SparkInstanceProps): Role {
  const role = new Role(scope, 'JobRole', {
    description: 'Weir: a machine of EC2 that runs Spark',
    assumedBy: new ServicePrincipal(SERVICE),
  })
  const tellsEnd = allowObjects(
    props.resultsBucket,
    ['s3:PutObject'],
    [`${ASKED_RUNS}/*/exit.json`],
  )
  const countsFailures = new PolicyStatement({
    actions: ['cloudwatch:PutMetricData'],
    resources: ['*'],
    conditions: { StringEquals: { 'cloudwatch:namespace': 'Weir' } },
  })
  for (const statement of [...toSparkJobStatements(props), tellsEnd, countsFailures]) {
    role.addToPolicy(statement)
  }
  return role
}

/** Nothing comes in; what goes out is TLS. */
function createSecurityGroup(scope: Construct, vpc: IVpc): SecurityGroup {
  const group = new SecurityGroup(scope, 'SparkSecurityGroup', {
    vpc,
    description: 'Weir: machines that run Spark',
    allowAllOutbound: false,
  })
  group.addEgressRule(Peer.anyIpv4(), Port.tcp(HTTPS), 'S3, and what is installed')
  return group
}

function createTemplate(
  scope: Construct,
  role: Role,
  { settings, vpc, resultsBucket }: SparkInstanceProps,
): CfnLaunchTemplate {
  const group = createSecurityGroup(scope, vpc)
  const image = MachineImage.latestAmazonLinux2023({ cpuType: AmazonLinuxCpuType.ARM_64 })
  const profile = new InstanceProfile(scope, 'SparkProfile', { role })
  return new CfnLaunchTemplate(scope, 'SparkTemplate', {
    versionDescription: 'Weir: one run of Spark',
    launchTemplateData: {
      imageId: image.getImage(scope).imageId,
      instanceType: INSTANCE_TYPE,
      iamInstanceProfile: { arn: profile.instanceProfileArn },
      // To stop is to end: neither machine nor disk are paid for afterwards.
      instanceInitiatedShutdownBehavior: 'terminate',
      metadataOptions: {
        httpTokens: 'required',
        httpPutResponseHopLimit: 1,
        instanceMetadataTags: 'enabled',
      },
      monitoring: { enabled: false },
      networkInterfaces: [
        {
          deviceIndex: 0,
          subnetId: vpc.publicSubnets[0]?.subnetId,
          groups: [group.securityGroupId],
          // Without a NAT gateway this is the way out; the group lets nothing in.
          associatePublicIpAddress: true,
          deleteOnTermination: true,
        },
      ],
      blockDeviceMappings: [
        {
          deviceName: '/dev/xvda',
          ebs: {
            volumeType: 'gp3',
            volumeSize: VOLUME_GIB,
            encrypted: true,
            deleteOnTermination: true,
          },
        },
      ],
      tagSpecifications: toTags(settings),
      userData: Fn.base64(toUserData(resultsBucket)),
      ...(settings.spot ? { instanceMarketOptions: SPOT } : {}),
    },
  })
}

/** The script, and above it what it must be told. */
function toUserData(resultsBucket: IBucket): string {
  const script = readFileSync(USER_DATA, 'utf8')
  return `#!/bin/bash\nexport WEIR_RESULTS='${toResultsUrl(resultsBucket)}'\n${script}`
}

const SPOT = {
  marketType: 'spot',
  spotOptions: { spotInstanceType: 'one-time', instanceInterruptionBehavior: 'terminate' },
}

function toTags(settings: Settings): CfnLaunchTemplate.TagSpecificationProperty[] {
  const tags = tagsOf(settings)
  return ['instance', 'volume'].map(resourceType => ({ resourceType, tags }))
}

/** The function that starts machines tells them too: what it asks for may replace these. */
function tagsOf(settings: Settings): InstanceTag[] {
  return [
    toInstanceTag(settings),
    { key: 'weir', value: settings.name },
    { key: 'owner', value: settings.owner },
    { key: 'ttl', value: settings.ttl ?? 'none' },
  ]
}

/** To start from this template, as it is, and to tag what comes of it; to look. */
function toStartStatements(
  scope: Construct,
  jobRole: Role,
  templateId: string,
): readonly PolicyStatement[] {
  const arn = (resource: string, resourceName: string, account?: string): string =>
    Stack.of(scope).formatArn({
      service: 'ec2',
      resource,
      resourceName,
      ...(account === undefined ? {} : { account }),
    })
  const template = arn('launch-template', templateId)
  const made = ['instance', 'volume', 'network-interface'].map(kind => arn(kind, '*'))
  const named = ['subnet', 'security-group'].map(kind => arn(kind, '*'))
  return [
    new PolicyStatement({ actions: ['ec2:RunInstances'], resources: [template] }),
    new PolicyStatement({
      actions: ['ec2:RunInstances'],
      resources: [...made, ...named, arn('image', '*', '')],
      // A caller can choose nothing that the template does not say.
      conditions: {
        ArnEquals: { 'ec2:LaunchTemplate': template },
        Bool: { 'ec2:IsLaunchTemplateResource': 'true' },
      },
    }),
    new PolicyStatement({
      actions: ['ec2:CreateTags'],
      resources: made,
      conditions: { StringEquals: { 'ec2:CreateAction': 'RunInstances' } },
    }),
    // It knows no resources.
    new PolicyStatement({ actions: ['ec2:DescribeInstances'], resources: ['*'] }),
    new PolicyStatement({
      actions: ['iam:PassRole'],
      resources: [jobRole.roleArn],
      conditions: { StringEquals: { 'iam:PassedToService': SERVICE } },
    }),
  ]
}
