/**
 * What each role must be allowed, read from the code that runs there. What it asks of S3 as it runs
 * is recorded besides: spark-rights.integration.test.ts, iam-used.test.ts.
 */
import type { Cast } from './rights.ts'
import { asks, deletes, inRegion, lists, ofKafka, puts, reads } from './rights.ts'
import type { Ask } from './simulate.ts'

export type Table = Readonly<Record<string, readonly Ask[]>>

const RUN = 'day-2026-11-22'
const PURCHASES = 'lake/events/event_type=purchase'
const FILE = `${PURCHASES}/event_date=2026-11-22/0-0000000000000000-0000000000000999.parquet`
const ROWS = `weir/results/runs/${RUN}/20261123T003000000Z/application_17/sales_daily`
const MANIFEST = `weir/results/runs/${RUN}/manifest.json`
const SHARD = '0/0000000001'
const OF_SHOP = 'page_view product_view add_to_cart purchase search add_to_wishlist'
const TOPICS = `${OF_SHOP} weir.unparsed weir.rejects`.split(' ')

/** On either runner. */
export function toAllowed(cast: Cast): Table {
  return {
    ...toAllowedOfJob(cast),
    ...toAllowedOfRuns(cast),
    ...toAllowedOfTask(cast),
    ...toAllowedOfOthers(cast),
  }
}

/** spark/job.py. */
function toAllowedOfJob({ job, lake, results }: Cast): Table {
  return {
    'the job reads the plan': reads(
      job,
      results,
      `weir/runs/${RUN}/job.py`,
      `weir/runs/${RUN}/plan.json`,
    ),
    'the job looks for the lake': [
      ...reads(job, lake, 'lake/events', PURCHASES),
      ...lists(job, lake, 'lake/events/', `${PURCHASES}/`),
    ],
    'the job reads events': reads(job, lake, FILE),
    'the job looks whether the run is published': reads(job, results, MANIFEST),
    'the job makes folders for its rows': [
      ...reads(job, results, 'weir', 'weir/results', 'weir/results/runs', ROWS),
      ...lists(job, results, 'weir/', 'weir/results/', 'weir/results/runs/', `${ROWS}/`),
      ...puts(job, results, `${ROWS}/`, `${ROWS}/_temporary/0/`),
    ],
    'the job writes rows, and moves them where they belong': [
      ...puts(job, results, `${ROWS}/_temporary/0/task_1/part-00000.json.gz`),
      ...reads(job, results, `${ROWS}/_temporary/0/task_1/part-00000.json.gz`),
      ...puts(job, results, `${ROWS}/part-00000.json.gz`),
      ...deletes(job, results, `${ROWS}/_temporary/0/task_1/part-00000.json.gz`),
      ...asks(job, 's3:AbortMultipartUpload', `${results}/${ROWS}/part-00000.json.gz`),
    ],
    'the job publishes its run': puts(job, results, MANIFEST),
    'the job leaves logs': puts(job, results, 'logs/applications/a/jobs/b/SPARK_DRIVER/stdout.gz'),
  }
}

/** infra/lambda/runs. */
function toAllowedOfRuns({ runs, schedule, lake, results, runsFunction }: Cast): Table {
  const kept = ['asked', 'started', 'failed', 'plan'].map(kind => `weir/runs/${RUN}/${kind}.json`)
  return {
    'the starter of runs looks what is new in the lake': lists(
      runs,
      lake,
      `${PURCHASES}/`,
      `${PURCHASES}/event_date=2026-11-22/`,
    ),
    'the starter of runs keeps what it knows': [
      ...lists(runs, results, `weir/runs/${RUN}`),
      ...reads(runs, results, ...kept, `weir/runs/${RUN}/exit.json`),
      ...puts(runs, results, ...kept, `weir/runs/${RUN}/job.py`),
    ],
    'the starter of runs looks for results': reads(runs, results, MANIFEST),
    'the schedule calls the starter of runs': asks(schedule, 'lambda:InvokeFunction', runsFunction),
  }
}

/** On EMR Serverless. */
export function toAllowedOfEmr({ runs, job }: Cast): Table {
  const application = inRegion('emr-serverless', '/applications/00f1a2b3c4')
  const context = { 'iam:PassedToService': 'emr-serverless.amazonaws.com' }
  return {
    'the starter of runs starts a job': [
      ...asks(runs, 'emr-serverless:StartJobRun', application),
      ...asks(runs, 'iam:PassRole', job.arn, context),
    ],
    'the starter of runs tags the job, and looks at it': asks(
      runs,
      ['emr-serverless:TagResource', 'emr-serverless:GetJobRun'],
      `${application}/jobruns/00abc`,
    ),
  }
}

/** On EC2: also infra/user-data/run.sh. */
export function toAllowedOfEc2({ runs, job, stop, results }: Cast): Table {
  const template = inRegion('ec2', 'launch-template/lt-0a1b2c3d4e5f60718')
  const from = { 'ec2:LaunchTemplate': template, 'ec2:IsLaunchTemplateResource': 'true' }
  const made = ['instance/i-0a', 'volume/vol-0a', 'network-interface/eni-0a']
  const named = ['subnet/subnet-0a', 'security-group/sg-0a']
  return {
    'the starter of runs starts a machine': [
      ...asks(runs, 'ec2:RunInstances', template),
      ...[...made, ...named].flatMap(one =>
        asks(runs, 'ec2:RunInstances', inRegion('ec2', one), from),
      ),
      ...asks(runs, 'ec2:RunInstances', 'arn:aws:ec2:eu-central-1::image/ami-0a', from),
      ...asks(runs, 'iam:PassRole', job.arn, { 'iam:PassedToService': 'ec2.amazonaws.com' }),
    ],
    'the starter of runs tags the machine as it is made': made.flatMap(one =>
      asks(runs, 'ec2:CreateTags', inRegion('ec2', one), { 'ec2:CreateAction': 'RunInstances' }),
    ),
    'the starter of runs looks at machines': asks(runs, 'ec2:DescribeInstances', '*'),
    'the machine says how it ended': [
      ...puts(job, results, `weir/runs/${RUN}/exit.json`, `logs/ec2/${RUN}/job.log`),
      ...asks(job, 'cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'Weir' }),
    ],
    'a spent budget ends machines': [
      ...asks(stop, 'ec2:DescribeInstances', '*'),
      ...asks(stop, 'ec2:TerminateInstances', inRegion('ec2', 'instance/i-0a'), {
        'aws:ResourceTag/weir-spark': 'weir',
      }),
    ],
  }
}

/** weir collect, weir digest. */
function toAllowedOfTask({ task, starter, lake, results, kafka }: Cast): Table {
  const state = [`weir/state/ids/${SHARD}-0000000001.ids`, `weir/state/epochs/${SHARD}`]
  const told = [`weir/results/manifests/${SHARD}.json`, 'weir/results/root.json']
  const rows = `weir/results/objects/${SHARD}-0000000001.ndjson.gz`
  const intent = 'lake/intents/purchase/0/0000000000000000.json'
  return {
    'tasks reach the brokers': asks(
      task,
      [
        'kafka-cluster:Connect',
        'kafka-cluster:DescribeCluster',
        'kafka-cluster:WriteDataIdempotently',
      ],
      kafka,
    ),
    'tasks make, read and write their topics': asks(
      task,
      ['CreateTopic', 'DescribeTopic', 'ReadData', 'WriteData'].map(
        name => `kafka-cluster:${name}`,
      ),
      TOPICS.map(topic => ofKafka(kafka, 'topic', topic)),
    ),
    'tasks join their group': asks(
      task,
      ['kafka-cluster:AlterGroup', 'kafka-cluster:DescribeGroup'],
      ofKafka(kafka, 'group', 'weir'),
    ),
    'tasks keep state and publish': [
      ...lists(task, results, 'weir/results/manifests/0/', 'weir/state/epochs/0/'),
      ...reads(task, results, 'weir/state/hash.key', ...state, ...told, rows),
      ...puts(task, results, 'weir/state/hash.key', ...state, ...told, rows),
      ...deletes(task, results, rows),
    ],
    'tasks archive': [
      ...lists(task, lake, 'lake/intents/purchase/0/'),
      ...reads(task, lake, intent, FILE),
      ...puts(task, lake, intent, FILE, 'lake/rejects/topic=purchase/0-0-9.parquet'),
      // What it put before it found another's intent.
      ...deletes(task, lake, FILE),
    ],
    'tasks are started': [
      ...asks(starter, 'ecr:GetAuthorizationToken', '*'),
      ...asks(
        starter,
        ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchCheckLayerAvailability'],
        inRegion('ecr', 'repository/cdk-hnb659fds-container-assets-111122223333-eu-central-1'),
      ),
    ],
  }
}

/** The API's function, what puts the page in its bucket, and what a spent budget does. */
function toAllowedOfOthers({ api, page, stop, budget, runs, results, pages }: Cast): Table {
  const denial = 'arn:aws:iam::111122223333:policy/weir-guardrails-nomoreruns59099462'
  return {
    'the api reads what was published': [
      ...lists(api, results, 'weir/results/manifests/', 'weir/results/manifests/0/'),
      ...lists(api, results, 'weir/results/runs/'),
      ...reads(api, results, 'weir/results/root.json', `weir/results/manifests/${SHARD}.json`),
      ...reads(api, results, `weir/results/objects/${SHARD}-0000000001.ndjson.gz`),
      ...reads(api, results, MANIFEST, `${ROWS}/part-00000.json.gz`),
    ],
    'the page is put in its bucket': [
      ...asks(page, ['s3:ListBucket', 's3:GetBucketTagging'], pages),
      ...puts(page, pages, 'index.html', 'config.json'),
      ...deletes(page, pages, 'old.js'),
    ],
    'a spent budget stops tasks and runs': [
      ...asks(
        stop,
        ['ecs:UpdateService', 'ecs:DescribeServices'],
        inRegion('ecs', 'service/weir/weir'),
      ),
      ...asks(budget, 'iam:AttachRolePolicy', runs.arn, { 'iam:PolicyARN': denial }),
    ],
  }
}
