/**
 * What runs Spark for us, elsewhere: an application of EMR Serverless, or an instance of EC2 that
 * stops itself. A job is two objects in one folder, `job.py` and `plan.json`; where its result
 * stands it knows from the plan, so a runner tells only whether the job lives.
 */
export interface JobRunner {
  /** How its Hadoop calls a bucket. */
  readonly scheme: 's3' | 's3a'
  /**
   * Starts a job, and gives its id; a second call with the same token gives the id of the first.
   * Throws SPARK_FAILED where it is refused for good, and SPARK_UNAVAILABLE where a later call with
   * the same token may do, which also is where the answer was lost.
   */
  start(job: Job, signal: AbortSignal): Promise<string>
  /** How a job is now. Throws SPARK_UNAVAILABLE. */
  state(id: string, signal: AbortSignal): Promise<JobState>
}

export interface Job {
  readonly run: string
  /** Of this job alone: 1 to 64 letters and digits. */
  readonly token: string
  /** URL of the folder that holds `job.py` and `plan.json`, `s3://bucket/…`, without a last `/`. */
  readonly folder: string
}

export type JobState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running' }
  /**
   * Well or not: the result tells. `reason`: what the runner says of it; `isTold`: AWS sends an
   * event of its own of this failure.
   */
  | { readonly kind: 'ended'; readonly reason: string | null; readonly isTold: boolean }
  /** Not known yet, or no longer. */
  | { readonly kind: 'unknown' }
