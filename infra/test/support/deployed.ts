/** All stacks of a deployment as they would be deployed, with the bundles of their functions. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { createCatalog } from '../../../src/model/catalog.ts'
import { SHOP_EVENTS } from '../../../src/model/shop-events.ts'
import { parseSettings } from '../../src/settings.ts'
import { addStacks } from '../../src/weir.ts'
import type { FunctionTemplate } from './function-template.ts'
import { readFunction } from './function-template.ts'

export interface Deployed {
  readonly directory: string
  /** Texts of the templates whose functions are bundled. */
  readonly templates: Readonly<Record<Bundled, string>>
  functionOf(stack: Bundled, id: string): FunctionTemplate
}

type Bundled = 'api' | 'batch'

/** `settings` as a settings file has them. */
export async function deployHere(
  directory: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<Deployed> {
  const parsed = parseSettings(settings)
  const bundled = ['api', 'batch'].map(room => `${parsed.name}-${room}`)
  const app = new App({
    outdir: directory,
    context: { 'aws:cdk:bundling-stacks': bundled },
    analyticsReporting: false,
  })
  const catalog = createCatalog({
    events: SHOP_EVENTS,
    topicPrefix: '',
    currency: 'USD',
    dedupDays: 1,
    futureSkewMs: 3_600_000,
    eventAgeMsMax: null,
    partitions: 4,
    partitioner: 'murmur2',
  })
  addStacks(app, { settings: parsed, catalog })
  app.synth()
  const read = (room: Bundled): Promise<string> =>
    readFile(join(directory, `${parsed.name}-${room}.template.json`), 'utf8')
  const templates = { api: await read('api'), batch: await read('batch') }
  return {
    directory,
    templates,
    functionOf: (stack, id) => readFunction(templates[stack], id),
  }
}
