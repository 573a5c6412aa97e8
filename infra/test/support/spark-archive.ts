/**
 * What user data fetches, as files of this machine: Spark's archive as PyPI has it, and Maven's
 * jars. They are links to what other tests have installed, in the layout of the real ones.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSparkHome, S3A_JARS } from '../../../src/main/spark/home.ts'
import { openJars } from '../../../src/main/spark/jars.ts'
import { toLines } from './local-emr.ts'

export interface Downloads {
  /** Variables of run.sh that name them. */
  readonly environment: { readonly [name: string]: string }
}

const SCRIPT = join(import.meta.dirname, '..', '..', 'user-data', 'run.sh')
const JAR = /^([0-9a-f]{64}) (\S+\/([^/\s]+)\/([^/\s]+))$/gm

/** `defaults`: of Spark's own settings, as a file in its archive. */
export async function makeDownloads(
  directory: string,
  defaults: { readonly [name: string]: string },
): Promise<Downloads> {
  const { directory: home } = await openSparkHome(() => {})
  const top = join(directory, 'pyspark-4.2.0')
  const lib = join(home, 'python', 'lib')
  await mkdir(join(top, 'deps', 'conf'), { recursive: true })
  await mkdir(join(top, 'lib'))
  await writeFile(join(top, 'deps', 'conf', 'spark-defaults.conf'), toLines(defaults))
  for (const name of ['bin', 'jars']) await symlink(join(home, name), join(top, 'deps', name))
  for (const name of await readdir(lib)) await symlink(join(lib, name), join(top, 'lib', name))
  const archive = join(directory, 'spark.tar.gz')
  execFileSync('tar', ['-czf', archive, '-C', directory, 'pyspark-4.2.0'])
  return {
    environment: {
      WEIR_SPARK: `file://${archive}`,
      WEIR_SPARK_SHA256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
      WEIR_MAVEN: `file://${await linkJars(join(directory, 'maven'))}`,
    },
  }
}

/** Those that run.sh names. */
async function linkJars(maven: string): Promise<string> {
  const folder = await openJars(S3A_JARS)
  for (const { path, name } of jarsOfScript()) {
    await mkdir(join(maven, path), { recursive: true })
    await symlink(join(folder, name), join(maven, path, name))
  }
  return maven
}

/** What the script fetches from Maven: the folder there, and the file in it. */
export function jarsOfScript(): readonly { readonly path: string; readonly name: string }[] {
  return [...readFileSync(SCRIPT, 'utf8').matchAll(JAR)].map(match => ({
    path: match[2] ?? '',
    name: `${match[3]}-${match[4]}.jar`,
  }))
}

/** What `weir spark` puts on the class path of Spark. */
export async function jarsOfProduct(): Promise<readonly string[]> {
  return (await readdir(await openJars(S3A_JARS))).toSorted()
}
