/**
 * What cdk-nag's rules (AwsSolutions) find in the stacks and stays as it is: each finding with its
 * reason. One that is not here fails the test, and so does a line here that nothing is found for.
 */

export interface Acknowledged {
  /** With what was found in brackets, where a rule tells it. */
  readonly rule: string
  /** Paths of constructs, after the deployment's name. */
  readonly at: readonly string[]
  readonly reason: string
}

const METHODS = 'api/RestApi/Default'
/** They are asked with a key. */
const KEYED = ['audit', 'metrics', 'metrics/{name}', 'top/{name}'].map(
  path => `${METHODS}/v1/${path}/GET/Resource`,
)
/** They are for everybody. */
const OPEN = ['docs', 'healthz', 'openapi.json', 'problems/{code}', 'readyz'].map(
  path => `${METHODS}/${path}/GET/Resource`,
)
const RUNS = ['runs/POST', 'runs/{id}/GET'].map(path => `batch/RunsApi/Default/${path}/Resource`)
const STAGES = ['api/RestApi', 'batch/RunsApi'].map(path => `${path}/DeploymentStage.weir/Resource`)
const PAGE = ['api/Page/Resource']
const TASK_ROLE = ['stream/TaskRole/DefaultPolicy/Resource']
const JOB_ROLE = ['batch/JobRole/DefaultPolicy/Resource']
const RUNS_ROLE = ['batch/RunsRole/DefaultPolicy/Resource']
const STOP_ROLE = ['guardrails/StopRole/DefaultPolicy/Resource']

export const ACKNOWLEDGED: readonly Acknowledged[] = [
  {
    rule: 'VPC7',
    at: ['network/Vpc/Resource'],
    reason: 'flow logs bill by the gigabyte; nobody comes in but by the load balancer',
  },
  {
    rule: 'EC23',
    at: ['stream/BalancerSecurityGroup/Resource'],
    reason: 'visitors come from anywhere: it is the one door that is open',
  },
  {
    rule: 'ELB2',
    at: ['stream/Balancer/Resource'],
    reason: "they would keep visitors' addresses; the collector counts requests and refusals",
  },
  {
    rule: 'S1',
    at: ['lake/LakeBucket/Resource', 'lake/ResultsBucket/Resource', 'api/PageBucket/Resource'],
    reason: 'only roles of these stacks reach them; a line for each of their requests tells little',
  },
  {
    rule: 'ECS2',
    at: ['stream/Task/Resource'],
    reason: 'variables name brokers, buckets and ports; keys are hashes: nothing is secret',
  },
  {
    rule: 'ECS4',
    at: ['stream/Cluster/Resource'],
    reason: 'Container Insights bills by the metric; the processes print what alarms look at',
  },
  {
    rule: 'IAM4[Policy::AWSLambdaBasicExecutionRole]',
    at: ['stream/AWS679f53fac002430cb0da5b7982bd2287/ServiceRole/Resource'],
    reason: 'CDK makes the function that asks for the brokers; the policy lets it write its log',
  },
  {
    rule: 'IAM4[Policy::AmazonAPIGatewayPushToCloudWatchLogs]',
    at: ['api/RestApi/CloudWatchRole/Resource', 'batch/RunsApi/CloudWatchRole/Resource'],
    reason: 'the policy that API Gateway asks for, to write access logs of the account',
  },
  {
    rule: 'IAM5[Resource::*]',
    at: ['stream/Task/ExecutionRole/DefaultPolicy/Resource'],
    reason: 'ecr:GetAuthorizationToken knows no resources',
  },
  {
    rule: 'IAM5[Resource::*]',
    at: ['stream/Bootstrap/CustomResourcePolicy/Resource'],
    reason: 'kafka:GetBootstrapBrokers knows no resources, and tells addresses alone',
  },
  {
    rule: 'IAM5[Resource::LakeBucket/lake/*]',
    at: TASK_ROLE,
    reason: 'the archive writes below this folder, names are made as it goes',
  },
  {
    rule: 'IAM5[Resource::ResultsBucket/weir/*]',
    at: TASK_ROLE,
    reason: 'digest keeps all its state below this folder, names are made as it goes',
  },
  {
    rule: 'IAM5[Resource::LakeBucket/lake/events/*]',
    at: JOB_ROLE,
    reason: 'a job reads events of any type and date',
  },
  {
    rule: 'IAM5[Resource::ResultsBucket/logs/*]',
    at: JOB_ROLE,
    reason: 'Spark names its logs',
  },
  {
    rule: 'IAM5[Resource::ResultsBucket/weir/results/runs/*]',
    at: JOB_ROLE,
    reason: 'a run publishes its rows below a folder of its own name',
  },
  {
    rule: 'IAM5[Resource::ResultsBucket/weir/runs/*]',
    at: [...JOB_ROLE, ...RUNS_ROLE],
    reason: 'what a run was asked for lies below a folder of its own name',
  },
  ...['manifests', 'objects', 'runs'].map(folder => ({
    rule: `IAM5[Resource::ResultsBucket/weir/results/${folder}/*]`,
    at: ['api/ApiRole/DefaultPolicy/Resource'],
    reason: 'what readers may see lies below these folders, names are made as it goes',
  })),
  {
    rule: 'IAM5[Resource::ResultsBucket/weir/runs/*/exit.json]',
    at: JOB_ROLE,
    reason: 'the one file that an instance leaves in the folder of its run',
  },
  {
    rule: 'IAM5[Resource::ResultsBucket/weir/results/runs/*/manifest.json]',
    at: RUNS_ROLE,
    reason: 'whether a run has published, whatever its name',
  },
  {
    rule: 'IAM5[Resource::Spark/jobruns/*]',
    at: RUNS_ROLE,
    reason: 'EMR Serverless names job runs; the application is exact',
  },
  {
    rule: 'IAM5[Resource::*]',
    at: [...RUNS_ROLE, ...STOP_ROLE],
    reason: 'ec2:DescribeInstances knows no resources',
  },
  {
    rule: 'IAM5[Resource::*]',
    at: JOB_ROLE,
    reason: 'cloudwatch:PutMetricData knows no resources; a condition names the namespace',
  },
  ...['image', 'instance', 'network-interface', 'security-group', 'subnet', 'volume'].map(kind => ({
    rule: `IAM5[Resource::ec2:${kind}/*]`,
    at: RUNS_ROLE,
    reason: 'RunInstances touches these; conditions bind them to the launch template of this stack',
  })),
  {
    rule: 'IAM5[Resource::ec2:instance/*]',
    at: STOP_ROLE,
    reason: 'EC2 names instances; a condition asks for the tag that runs give theirs',
  },
  {
    rule: 'IAM5[Resource::PageBucket/*]',
    at: ['api/PageDeployRole/DefaultPolicy/Resource'],
    reason: 'a new page replaces all files of the bucket, which holds nothing else',
  },
  {
    rule: 'L1',
    at: ['api/Custom::CDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C/Resource'],
    reason: 'CDK makes the function that copies the page, and says what it runs on',
  },
  {
    rule: 'SQS3',
    at: ['batch/GivenUp/Resource'],
    reason: 'it is the dead-letter queue; an alarm looks at it',
  },
  {
    rule: 'APIG3',
    at: STAGES,
    reason: 'keys, plans and throttles bound who asks; a web ACL bills by the month',
  },
  {
    rule: 'APIG6',
    at: STAGES,
    reason: 'access logs tell each call; execution logs would write down bodies and keys',
  },
  {
    rule: 'APIG4',
    at: KEYED,
    reason: 'they ask for an API key, and a plan bounds each; they give counts, not events',
  },
  { rule: 'APIG4', at: OPEN, reason: 'health, and what the API is: nothing of the shop' },
  {
    rule: 'APIG4',
    at: RUNS,
    reason: 'with runsAuth key, they ask for a key of their own; the default is signed requests',
  },
  {
    rule: 'COG4',
    at: [...KEYED, ...OPEN, ...RUNS],
    reason: 'callers are programs with keys or roles, not people with accounts',
  },
  { rule: 'CFR1', at: PAGE, reason: 'who works for a shop may be in any country' },
  { rule: 'CFR2', at: PAGE, reason: 'static files, the same for everybody: there is no input' },
  { rule: 'CFR3', at: PAGE, reason: 'static files, the same for everybody: nobody asks who came' },
  {
    rule: 'CFR4',
    at: PAGE,
    reason: "the certificate is CloudFront's own, and with it the oldest TLS that it takes",
  },
]
