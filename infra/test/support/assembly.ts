/** A deployment's templates, made in this process; functions are not bundled. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { createCatalog } from '../../../src/model/catalog.ts'
import { SHOP_EVENTS } from '../../../src/model/shop-events.ts'
import { parseSettings } from '../../src/settings.ts'
import type { Stacks } from '../../src/weir.ts'
import { addStacks } from '../../src/weir.ts'

export interface Assembly extends Disposable {
  readonly app: App
  readonly stacks: Stacks
  /** Where `app.synth()` writes to. */
  readonly directory: string
}

export interface AssemblyOptions {
  /** Of the config. */
  readonly partitions?: number
  /** Whether the image's context and the page's files are copied there too. */
  readonly isStaged?: boolean
}

/** `settings` as a settings file has them. */
export function assemble(
  settings: Readonly<Record<string, unknown>> = {},
  { partitions = 4, isStaged = false }: AssemblyOptions = {},
): Assembly {
  const directory = mkdtempSync(join(tmpdir(), 'weir-assembly-'))
  const app = new App({
    outdir: directory,
    context: {
      'aws:cdk:bundling-stacks': [],
      ...(isStaged ? {} : { 'aws:cdk:disable-asset-staging': true }),
    },
    analyticsReporting: false,
  })
  const catalog = createCatalog({
    events: SHOP_EVENTS,
    topicPrefix: '',
    currency: 'EUR',
    dedupDays: 1,
    futureSkewMs: 3_600_000,
    eventAgeMsMax: null,
    partitions,
    partitioner: 'murmur2',
  })
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const stacks = addStacks(app, { settings: parseSettings(settings), catalog })
    return { app, stacks, directory, [Symbol.dispose]: remove }
  } catch (error) {
    remove()
    throw error
  }
}

type Templates = Readonly<Record<keyof Stacks, Template>>

const templates = new Map<string, Templates>()

/** The template of one stack; of equal settings all are made once. */
export function templateOf(room: keyof Stacks, settings: Record<string, unknown> = {}): Template {
  const key = JSON.stringify(settings)
  const made = templates.get(key) ?? makeTemplates(settings)
  templates.set(key, made)
  return made[room]
}

function makeTemplates(settings: Record<string, unknown>): Templates {
  using assembly = assemble(settings)
  const { network, lake, stream, batch, api, guardrails } = assembly.stacks
  return {
    network: Template.fromStack(network),
    lake: Template.fromStack(lake),
    stream: Template.fromStack(stream),
    batch: Template.fromStack(batch),
    api: Template.fromStack(api),
    guardrails: Template.fromStack(guardrails),
  }
}
