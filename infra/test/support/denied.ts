/** What no role may do, though its neighbour may, or a wildcard would have let it. */
import type { Table } from './allowed.ts'
import type { Cast } from './rights.ts'
import { asks, deletes, inRegion, lists, ofKafka, puts, reads } from './rights.ts'

const RUN = 'day-2026-11-22'
const FILE = 'lake/events/event_type=purchase/event_date=2026-11-22/0-0-9.parquet'
const REJECTS = 'lake/rejects/topic=purchase/0-0-9.parquet'
const ROWS = `weir/results/runs/${RUN}/a/b/sales_daily/part-00000.json.gz`
const MANIFEST = `weir/results/runs/${RUN}/manifest.json`
const SHARD = '0/0000000001'
const OVER_HTTP = { 'aws:SecureTransport': 'false' }
const OVER_TLS_11 = { 's3:TlsVersion': '1.1' }
const OTHER_ROLE = 'arn:aws:iam::111122223333:role/admin'

export function toDenied(cast: Cast): Table {
  return {
    ...toDeniedOfReader(cast),
    ...toDeniedOfJob(cast),
    ...toDeniedOfRuns(cast),
    ...toDeniedOfSchedule(cast),
    ...toDeniedOfTask(cast),
    ...toDeniedOfOthers(cast),
    ...toDeniedWithoutTls(cast),
  }
}

function toDeniedOfReader({ api, results, lake, runsFunction, kafka }: Cast): Table {
  const told = `weir/results/manifests/${SHARD}.json`
  return {
    'the api writes': [
      ...puts(api, results, told, 'weir/results/root.json', ROWS, MANIFEST, 'logs/x'),
      ...deletes(api, results, told, MANIFEST),
      ...asks(api, 's3:DeleteObjectVersion', `${results}/${told}`),
    ],
    'the api reads what is for workers': [
      ...asks(api, 's3:GetObject', `${results}/weir/state/hash.key`),
      ...asks(api, 's3:GetObject', `${results}/weir/state/ids/${SHARD}-0000000001.ids`),
      ...asks(api, 's3:GetObject', `${results}/weir/repairs/purchase/0/1.json`),
      ...lists(api, results, 'weir/state/', 'weir/', '', 'logs/', 'weir/runs/'),
    ],
    'the api reads rejects, as they came': [
      ...asks(api, 's3:GetObject', `${results}/weir/results/rejects/${SHARD}-0000000001.ndjson.gz`),
      ...lists(api, results, 'weir/results/rejects/'),
    ],
    'the api reads plans, logs and old versions': [
      ...asks(api, 's3:GetObject', `${results}/weir/runs/${RUN}/plan.json`),
      ...asks(api, 's3:GetObject', `${results}/logs/ec2/${RUN}/job.log`),
      ...asks(api, 's3:GetObjectVersion', `${results}/${told}`),
    ],
    'the api reaches the lake': [...reads(api, lake, FILE), ...lists(api, lake, 'lake/events/')],
    'the api starts runs': [
      ...asks(api, 'lambda:InvokeFunction', runsFunction),
      ...asks(
        api,
        'emr-serverless:StartJobRun',
        inRegion('emr-serverless', '/applications/00f1a2b3c4'),
      ),
    ],
    'the api reads kafka': asks(api, 'kafka-cluster:Connect', kafka),
  }
}

function toDeniedOfJob({ job, runs, results, lake, runsFunction, kafka }: Cast): Table {
  return {
    'the job changes the lake': [
      ...puts(job, lake, FILE, REJECTS, 'lake/intents/purchase/0/0.json'),
      ...deletes(job, lake, FILE),
    ],
    'the job reads more of the lake than events': [
      ...asks(
        job,
        's3:GetObject',
        [REJECTS, 'lake/intents/purchase/0/0.json'].map(key => `${lake}/${key}`),
      ),
      ...lists(job, lake, '', 'lake/', 'lake/rejects/', 'lake/events-of-others/'),
    ],
    'the job reads or writes what workers publish': [
      ...reads(job, results, 'weir/results/root.json', `weir/results/manifests/${SHARD}.json`),
      ...puts(job, results, 'weir/results/root.json', `weir/results/manifests/${SHARD}.json`),
      ...puts(job, results, `weir/results/objects/${SHARD}-0000000001.ndjson.gz`),
    ],
    'the job reads what is private to workers': [
      ...reads(job, results, 'weir/state/hash.key'),
      ...lists(job, results, 'weir/state/'),
    ],
    'the job takes a published run back': deletes(job, results, MANIFEST),
    'the job changes what it was told': [
      ...puts(job, results, `weir/runs/${RUN}/plan.json`, `weir/runs/${RUN}/job.py`),
      ...puts(job, results, `weir/runs/${RUN}/asked.json`),
    ],
    'the job reads or removes logs': [
      ...reads(job, results, 'logs/applications/a/stdout.gz'),
      ...deletes(job, results, 'logs/applications/a/stdout.gz'),
    ],
    'the job lists the whole bucket': lists(job, results, '', 'logs/', 'we'),
    'the job hands roles on, or starts jobs': [
      ...asks(job, 'iam:PassRole', [job.arn, runs.arn]),
      ...asks(
        job,
        'emr-serverless:StartJobRun',
        inRegion('emr-serverless', '/applications/00f1a2b3c4'),
      ),
      ...asks(job, 'lambda:InvokeFunction', runsFunction),
      ...asks(job, 'ec2:RunInstances', inRegion('ec2', 'instance/i-0a')),
    ],
    'the job reads kafka': asks(job, 'kafka-cluster:ReadData', ofKafka(kafka, 'topic', 'purchase')),
    'the job asks the catalog': asks(job, 'glue:GetDatabase', inRegion('glue', 'catalog')),
  }
}

function toDeniedOfRuns({ runs, job, task, results, lake }: Cast): Table {
  const other = inRegion('emr-serverless', '/applications/00other')
  return {
    'the starter of runs hands on other roles': asks(
      runs,
      'iam:PassRole',
      [task.arn, runs.arn, OTHER_ROLE],
      { 'iam:PassedToService': 'emr-serverless.amazonaws.com' },
    ),
    'the starter of runs hands the role to others': ['lambda', 'ecs-tasks', 'sagemaker'].flatMap(
      service =>
        asks(runs, 'iam:PassRole', job.arn, { 'iam:PassedToService': `${service}.amazonaws.com` }),
    ),
    'the starter of runs uses other applications': [
      ...asks(runs, ['emr-serverless:StartJobRun', 'emr-serverless:DeleteApplication'], other),
      ...asks(runs, 'emr-serverless:GetJobRun', `${other}/jobruns/00abc`),
    ],
    'the starter of runs changes its own application': asks(
      runs,
      ['emr-serverless:UpdateApplication', 'emr-serverless:DeleteApplication'],
      inRegion('emr-serverless', '/applications/00f1a2b3c4'),
    ),
    'the starter of runs looks into events': [
      ...asks(runs, 's3:GetObject', `${lake}/${FILE}`),
      ...puts(runs, lake, FILE),
      ...deletes(runs, lake, FILE),
      ...lists(runs, lake, 'lake/rejects/', ''),
    ],
    'the starter of runs writes results': [
      ...puts(runs, results, MANIFEST, ROWS, `weir/results/manifests/${SHARD}.json`),
      ...deletes(runs, results, MANIFEST, `weir/runs/${RUN}/asked.json`),
    ],
    'the starter of runs reads rows, state or logs': [
      ...asks(
        runs,
        's3:GetObject',
        [ROWS, 'weir/state/hash.key', 'logs/x'].map(key => `${results}/${key}`),
      ),
      ...lists(runs, results, '', 'weir/', 'weir/state/'),
    ],
    'the starter of runs gives itself rights': asks(
      runs,
      ['iam:AttachRolePolicy', 'iam:PutRolePolicy', 'iam:UpdateAssumeRolePolicy'],
      runs.arn,
    ),
  }
}

function toDeniedOfSchedule({ schedule, apiFunction, runsFunction, results, job }: Cast): Table {
  return {
    'the schedule calls other functions': [
      ...asks(schedule, 'lambda:InvokeFunction', [
        apiFunction,
        inRegion('lambda', 'function:other'),
      ]),
      ...asks(schedule, 'lambda:InvokeFunction', `${runsFunction}:1`),
    ],
    'the schedule changes functions': asks(
      schedule,
      ['lambda:UpdateFunctionCode', 'lambda:UpdateFunctionConfiguration'],
      runsFunction,
    ),
    'the schedule writes to other queues': asks(
      schedule,
      'sqs:SendMessage',
      inRegion('sqs', 'other'),
    ),
    'the schedule reads results, or starts jobs itself': [
      ...reads(schedule, results, MANIFEST),
      ...asks(schedule, 'iam:PassRole', job.arn),
    ],
  }
}

function toDeniedOfTask({ task, starter, lake, results, kafka, pages, job }: Cast): Table {
  const others = ['orders-of-others', 'purchase_v2', 'weir', '__consumer_offsets']
  return {
    'tasks reach other topics': asks(
      task,
      ['kafka-cluster:ReadData', 'kafka-cluster:WriteData', 'kafka-cluster:CreateTopic'],
      others.map(topic => ofKafka(kafka, 'topic', topic)),
    ),
    'tasks delete topics, or change them': asks(
      task,
      ['kafka-cluster:DeleteTopic', 'kafka-cluster:AlterTopic'],
      ofKafka(kafka, 'topic', 'purchase'),
    ),
    'tasks join other groups, or delete theirs': [
      ...asks(
        task,
        'kafka-cluster:AlterGroup',
        ['weir2', 'other'].map(one => ofKafka(kafka, 'group', one)),
      ),
      ...asks(task, 'kafka-cluster:DeleteGroup', ofKafka(kafka, 'group', 'weir')),
    ],
    'tasks change the cluster': [
      ...asks(task, 'kafka-cluster:AlterCluster', kafka),
      ...asks(task, ['kafka:DeleteCluster', 'kafka:UpdateSecurity'], kafka),
    ],
    'tasks reach other clusters': asks(
      task,
      'kafka-cluster:Connect',
      inRegion('kafka', 'cluster/other/0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9-2'),
    ),
    'tasks leave their folders': [
      ...puts(task, results, 'logs/x', 'other/x'),
      ...puts(task, lake, 'other/x', 'lakes/x'),
      ...lists(task, lake, '', 'other/'),
      ...lists(task, results, '', 'logs/'),
      ...puts(task, pages, 'index.html'),
    ],
    'tasks change runs of Spark': [
      ...puts(task, results, 'weir/runs/day-2026-11-22/plan.json'),
      ...puts(task, results, 'weir/results/runs/day-2026-11-22/manifest.json'),
      ...asks(
        task,
        's3:DeleteObject',
        `${results}/weir/results/runs/day-2026-11-22/attempt/x.json.gz`,
      ),
    ],
    'tasks remove old versions': asks(task, 's3:DeleteObjectVersion', [
      `${lake}/${FILE}`,
      `${results}/weir/state/hash.key`,
    ]),
    'tasks change buckets': asks(
      task,
      [
        's3:PutBucketPolicy',
        's3:DeleteBucket',
        's3:PutLifecycleConfiguration',
        's3:PutBucketVersioning',
      ],
      [lake, results],
    ),
    'tasks hand roles on': asks(task, 'iam:PassRole', [job.arn, task.arn]),
    'what starts tasks reads data': [
      ...reads(starter, lake, FILE),
      ...reads(starter, results, 'weir/state/hash.key'),
      ...asks(starter, 'ecr:BatchGetImage', inRegion('ecr', 'repository/other')),
      ...asks(starter, 'ecr:PutImage', inRegion('ecr', 'repository/other')),
    ],
  }
}

function toDeniedOfOthers({ page, stop, budget, runs, task, pages, lake, results }: Cast): Table {
  const administrator = { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/AdministratorAccess' }
  return {
    'what deploys the page reaches data': [
      ...reads(page, results, 'weir/results/root.json'),
      ...puts(page, lake, FILE),
      ...asks(page, 's3:PutBucketPolicy', pages),
      ...asks(
        page,
        'cloudfront:UpdateDistribution',
        'arn:aws:cloudfront::111122223333:distribution/E1',
      ),
      ...asks(
        page,
        'cloudfront:CreateInvalidation',
        'arn:aws:cloudfront::111122223333:distribution/E1',
      ),
    ],
    'a spent budget deletes things': [
      ...asks(stop, 'ecs:DeleteService', inRegion('ecs', 'service/weir/weir')),
      ...asks(stop, 'ecs:UpdateService', inRegion('ecs', 'service/other/other')),
      ...asks(stop, 'kafka:DeleteCluster', inRegion('kafka', 'cluster/weir/0-1')),
      ...asks(stop, 'ec2:TerminateInstances', inRegion('ec2', 'instance/i-0a')),
      ...deletes(stop, lake, FILE),
    ],
    'the budget gives rights': [
      ...asks(budget, 'iam:AttachRolePolicy', runs.arn, administrator),
      ...asks(budget, 'iam:AttachRolePolicy', task.arn, administrator),
      ...asks(budget, ['iam:PutRolePolicy', 'iam:CreateAccessKey'].slice(0, 1), runs.arn),
    ],
  }
}

/** Whatever a role may do, it may not do it where others listen. */
function toDeniedWithoutTls({ job, api, task, page, runs, lake, results, pages }: Cast): Table {
  const told = `${results}/weir/results/manifests/${SHARD}.json`
  return {
    'data goes over plain http': [
      ...asks(job, 's3:GetObject', `${lake}/${FILE}`, OVER_HTTP),
      ...asks(task, ['s3:GetObject', 's3:PutObject'], `${lake}/${FILE}`, OVER_HTTP),
      ...asks(task, ['s3:GetObject', 's3:PutObject'], `${results}/weir/state/hash.key`, OVER_HTTP),
      ...asks(api, 's3:GetObject', told, OVER_HTTP),
      ...asks(runs, 's3:GetObject', `${results}/weir/runs/${RUN}/asked.json`, OVER_HTTP),
      ...asks(page, 's3:PutObject', `${pages}/index.html`, OVER_HTTP),
    ],
    'data goes over an old tls': [
      ...asks(api, 's3:GetObject', told, OVER_TLS_11),
      ...asks(task, 's3:PutObject', `${lake}/${FILE}`, OVER_TLS_11),
    ],
  }
}

/** On EC2, besides. */
export function toDeniedOfEc2({ runs, job, stop, task, results }: Cast): Table {
  const template = inRegion('ec2', 'launch-template/lt-0a1b2c3d4e5f60718')
  const other = inRegion('ec2', 'launch-template/lt-0other')
  const instance = inRegion('ec2', 'instance/i-0a')
  const own = { 'ec2:LaunchTemplate': template, 'ec2:IsLaunchTemplateResource': 'true' }
  return {
    'the starter of runs starts machines of its own making': [
      ...asks(runs, 'ec2:RunInstances', instance),
      ...asks(runs, 'ec2:RunInstances', instance, { ...own, 'ec2:LaunchTemplate': other }),
      ...asks(runs, 'ec2:RunInstances', 'arn:aws:ec2:eu-central-1::image/ami-other', {
        ...own,
        'ec2:IsLaunchTemplateResource': 'false',
      }),
      ...asks(runs, 'ec2:RunInstances', other),
      ...asks(runs, 'ec2:CreateLaunchTemplateVersion', template),
    ],
    'the starter of runs tags what is there': [
      ...asks(runs, 'ec2:CreateTags', instance),
      ...asks(runs, 'ec2:CreateTags', instance, { 'ec2:CreateAction': 'CreateVolume' }),
    ],
    'the starter of runs ends machines, or changes them': asks(
      runs,
      ['ec2:TerminateInstances', 'ec2:StopInstances', 'ec2:ModifyInstanceAttribute'],
      instance,
    ),
    'the starter of runs gives machines other roles': [
      ...asks(runs, 'iam:PassRole', [task.arn, OTHER_ROLE], {
        'iam:PassedToService': 'ec2.amazonaws.com',
      }),
      ...asks(runs, 'ec2:AssociateIamInstanceProfile', instance),
    ],
    'the machine writes what is not its own': [
      ...puts(job, results, `weir/runs/${RUN}/started.json`, `weir/runs/${RUN}/failed.json`),
      ...asks(job, 'cloudwatch:PutMetricData', '*', { 'cloudwatch:namespace': 'AWS/Billing' }),
      ...asks(job, 'ec2:RunInstances', instance, own),
      ...asks(job, 'ec2:TerminateInstances', instance),
    ],
    'a spent budget ends machines that run something else': asks(
      stop,
      'ec2:TerminateInstances',
      instance,
      { 'aws:ResourceTag/weir-spark': 'of-others' },
    ),
  }
}
