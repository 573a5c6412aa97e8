/**
 * The template of one stack without its neighbours, which are names here: a fraction of the time.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Vpc } from 'aws-cdk-lib/aws-ec2'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { parseSettings } from '../../src/settings.ts'
import { ApiStack } from '../../src/stacks/api.ts'
import { BatchStack } from '../../src/stacks/batch.ts'

export type Given = Readonly<Record<string, unknown>>

/** `settings` as a settings file has them. */
export function batchAlone(settings: Given = {}): Template {
  return synthesise((app, near) => {
    return new BatchStack(app, 'weir-batch', {
      settings: parseSettings(settings),
      lakeBucket: Bucket.fromBucketName(near, 'Lake', 'shop-lake'),
      resultsBucket: Bucket.fromBucketName(near, 'Results', 'shop-results'),
      vpc: Vpc.fromVpcAttributes(near, 'Vpc', {
        vpcId: 'vpc-0a1b2c3d4e5f60718',
        availabilityZones: ['eu-central-1a'],
        publicSubnetIds: ['subnet-0a1b2c3d4e5f60718'],
      }),
    })
  })
}

export function apiAlone(settings: Given = {}): Template {
  return synthesise((app, near) => {
    return new ApiStack(app, 'weir-api', {
      settings: parseSettings(settings),
      resultsBucket: Bucket.fromBucketName(near, 'Results', 'shop-results'),
    })
  })
}

/** Functions are not bundled. */
function synthesise(add: (app: App, near: Stack) => Stack): Template {
  const outdir = mkdtempSync(join(tmpdir(), 'weir-alone-'))
  const context = { 'aws:cdk:bundling-stacks': [] }
  try {
    const near = new Stack(new App({ outdir }), 'near')
    return Template.fromStack(add(new App({ outdir, context, analyticsReporting: false }), near))
  } finally {
    rmSync(outdir, { recursive: true, force: true })
  }
}
