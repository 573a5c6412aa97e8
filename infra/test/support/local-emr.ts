/**
 * What EMR Serverless does with a start, on this machine: Spark runs the entry point that was asked
 * for, with its arguments and parameters, which it reads from S3 itself. Nothing comes from
 * elsewhere but how S3 is reached, which is the region's and the role's there.
 */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { JobRun } from '@aws-sdk/client-emr-serverless'
import type { S3Access } from '../../../scripts/s3/server.ts'
import { openSparkHome, S3A_JARS } from '../../../src/main/spark/home.ts'
import { openJars } from '../../../src/main/spark/jars.ts'

const RUN_MS_MAX = 300_000
const run = promisify(execFile)

/** What the job printed. Throws an Error with it where the job failed. */
export async function runJob(
  job: Pick<JobRun, 'jobDriver'>,
  access: S3Access,
  directory: string,
): Promise<string> {
  const submit = job.jobDriver?.sparkSubmit
  if (submit?.entryPoint === undefined) throw new Error('the job run has no sparkSubmit')
  const home = await openSparkHome(() => {})
  const properties = join(directory, 'spark.properties')
  const settings = { ...toSettings(access), 'spark.driver.extraClassPath': await toClassPath() }
  await writeFile(properties, toLines(settings))
  const words = [
    '--master',
    'local[2]',
    '--properties-file',
    properties,
    ...(submit.sparkSubmitParameters ?? '').split(' '),
    submit.entryPoint,
    ...(submit.entryPointArguments ?? []),
  ]
  const { stdout } = await run(join(home.directory, 'bin', 'spark-submit'), words, {
    timeout: RUN_MS_MAX,
    env: {
      ...process.env,
      SPARK_HOME: home.directory,
      PYSPARK_PYTHON: home.python,
      PYSPARK_DRIVER_PYTHON: home.python,
      SPARK_LOCAL_IP: '127.0.0.1',
      SPARK_LOCAL_DIRS: directory,
      AWS_ACCESS_KEY_ID: access.accessKeyId,
      AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    },
  })
  return stdout
}

/** Of Spark, to reach the server; keys it finds in variables. */
export function toSettings(access: S3Access): { readonly [name: string]: string } {
  return {
    // s3: is s3a: there, since release 7.10.
    'spark.hadoop.fs.s3.impl': 'org.apache.hadoop.fs.s3a.S3AFileSystem',
    'spark.hadoop.fs.s3a.endpoint': access.endpoint,
    'spark.hadoop.fs.s3a.endpoint.region': access.region,
    'spark.hadoop.fs.s3a.path.style.access': 'true',
    'spark.hadoop.fs.s3a.connection.ssl.enabled': 'false',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.ui.enabled': 'false',
  }
}

async function toClassPath(): Promise<string> {
  return join(await openJars(S3A_JARS), '*')
}

export function toLines(settings: { readonly [name: string]: string }): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}\n`)
    .join('')
}
