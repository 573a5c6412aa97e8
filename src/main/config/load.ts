/**
 * Where settings come from: a flag, else a WEIR_ variable, else weir.config.ts, else the default.
 * Of each it is known which, for `weir config --sources`.
 */
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SegmentPlan } from '../../collector/segment-plan.ts'
import { planSegment } from '../../collector/segment-plan.ts'
import { loadMskSigner } from '../../log/kafka/msk-iam.ts'
import type { Catalog } from '../../model/catalog.ts'
import { createCatalog } from '../../model/catalog.ts'
import type { WeirConfig } from '../../model/config.ts'
import type { EventSchema } from '../../model/event.ts'
import type { KafkaOptions } from '../../model/kafka.ts'
import type { MetricPlan } from '../../model/plan.ts'
import { planMetrics } from '../../model/plan.ts'
import { SHOP_EVENTS } from '../../model/shop-events.ts'
import { SHOP_METRICS } from '../../model/shop-metrics.ts'
import { Fault, messageOf } from '../../std/fault.ts'
import { toArchiveSettings } from './archive.ts'
import { toKafkaOptions, toKafkaSettings } from './kafka.ts'
import type { SettingName, Settings } from './settings.ts'
import { SETTING_NAMES, SETTINGS, toFlag, toVariable } from './settings.ts'

export interface LoadedConfig {
  readonly settings: Settings
  /**
   * Of each setting, what was written, and where: `flag --port`, `WEIR_PORT`, a path, `default`.
   */
  readonly sources: readonly { readonly name: SettingName; text: string; source: string }[]
  readonly configPath: string | null
  readonly catalog: Catalog
  readonly plans: readonly MetricPlan[]
  /** What calls of Segment's libraries become. */
  readonly segment: SegmentPlan
  /** Where the log is; null: in the data directory. */
  readonly kafka: KafkaOptions | null
}

export interface ConfigInputs {
  /** Values of flags by setting name. */
  readonly flags: { readonly [name: string]: string | undefined }
  readonly environment: { readonly [name: string]: string | undefined }
  /** `--config`; without one, weir.config.ts in the working directory where it exists. */
  readonly configPath: string | null
  readonly workingDirectory: string
}

const CONFIG_FILE = 'weir.config.ts'
const LISTS = ['events', 'metrics']
/** Settings that are written as lists of texts. */
const TEXT_LISTS = ['hostsAllowed', 'originsAllowed', 'trustedProxies']

/**
 * Throws CONFIG_INVALID, FILE_UNREADABLE or PROGRAM_MISSING, naming the setting, where it stood and
 * the remedy.
 */
export async function loadConfig(inputs: ConfigInputs): Promise<LoadedConfig> {
  const configPath = findConfig(inputs)
  const config = configPath === null ? {} : await importConfig(configPath)
  const loaded = resolveConfig(config, configPath, inputs)
  // What is not installed is told at once, and not by each connection that fails.
  if (loaded.kafka?.sasl?.mechanism === 'aws-msk-iam') await loadMskSigner()
  return loaded
}

/** `config` as it is written at `configPath`. Throws as `loadConfig` does. */
export function resolveConfig(
  config: WeirConfig,
  configPath: string | null,
  inputs: Pick<ConfigInputs, 'flags' | 'environment'>,
): LoadedConfig {
  assertVariables(inputs.environment)
  const path = configPath ?? CONFIG_FILE
  const written = {
    ...toTexts(config),
    ...toKafkaSettings(config.log, path),
    ...toArchiveSettings(config.archive, path),
  }
  const sources = SETTING_NAMES.map(name => findSource(name, inputs, { written, path }))
  const settings = Object.fromEntries(
    sources.map(({ name, text, source }) => [
      name,
      SETTINGS[name].parse(text, `${name} (${source})`),
    ]),
  ) as unknown as Settings
  const catalog = toCatalog(settings, config.events ?? [])
  const plans = planMetrics(withOverrides(SHOP_METRICS, config.metrics ?? []), catalog, {
    zone: settings.zone,
    graceMs: settings.grace,
  })
  const kafka = toKafkaOptions(settings, config.log, inputs.environment)
  const segment = planSegment(config.segment ?? {}, catalog)
  return { settings, sources, configPath, catalog, plans, segment, kafka }
}

function findConfig({ configPath, workingDirectory }: ConfigInputs): string | null {
  const path = resolve(workingDirectory, configPath ?? CONFIG_FILE)
  if (existsSync(path)) return path
  if (configPath === null) return null
  throw new Fault('FILE_UNREADABLE', `config file ${path} does not exist; check --config`)
}

async function importConfig(path: string): Promise<WeirConfig> {
  resolveWeirToThisCopy()
  let module: Record<string, unknown>
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('CONFIG_INVALID', `${path} cannot be loaded: ${messageOf(cause)}`, { cause })
  }
  const config = module['default']
  if (typeof config !== 'object' || config === null) {
    throw new Fault('CONFIG_INVALID', `${path} has no 'export default defineConfig({…})'`)
  }
  assertNames(config, path)
  return config
}

let isHooked = false

/** A config may lie anywhere: its `import … from 'weir'` means the Weir that runs. */
function resolveWeirToThisCopy(): void {
  if (isHooked) return
  isHooked = true
  // This file and the index are both .ts in a checkout, and both .js in the package.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const index = new URL(`../../index.${extension}`, import.meta.url).href
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === 'weir' ? { url: index, shortCircuit: true } : next(specifier, context),
  })
}

function assertNames(config: object, path: string): void {
  // How to reach Kafka stands in `log`, and `metrics` is what is counted.
  const single = SETTING_NAMES.filter(name => !name.startsWith('kafka') && name !== 'metrics')
  const known: readonly string[] = [...single, ...LISTS, 'log', 'segment']
  for (const [name, value] of Object.entries(config)) {
    if (!known.includes(name)) {
      throw new Fault(
        'CONFIG_INVALID',
        `${path} sets '${name}', which is no setting; there are: ${known.join(', ')}`,
      )
    }
    if (TEXT_LISTS.includes(name) && isTextList(value)) continue
    if (LISTS.includes(name) !== Array.isArray(value) && value !== undefined) {
      const wanted = LISTS.includes(name) ? 'a list' : 'a single value'
      throw new Fault('CONFIG_INVALID', `${path} sets '${name}' to something that is not ${wanted}`)
    }
    if (Array.isArray(value)) assertDefinitions(name, value, path)
  }
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function assertDefinitions(name: string, items: readonly unknown[], path: string): void {
  const [kind, by] = name === 'events' ? ['event', 'defineEvent'] : ['metric', 'defineMetric']
  for (const [index, item] of items.entries()) {
    if (typeof item === 'object' && item !== null && 'kind' in item && item.kind === kind) continue
    throw new Fault('CONFIG_INVALID', `${path}: ${name}[${index}] was not made by ${by}(…)`)
  }
}

/** A misspelt variable would be silent otherwise. */
function assertVariables(environment: ConfigInputs['environment']): void {
  const known = [...SETTING_NAMES.map(toVariable), ...OTHER_VARIABLES]
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('WEIR_') || known.includes(name)) continue
    throw new Fault(
      'CONFIG_INVALID',
      `${name} is set, but there is no such setting; see weir config`,
    )
  }
}

/** Read elsewhere in main: the config's path, and where to crash in tests. */
const OTHER_VARIABLES = ['WEIR_CONFIG', 'WEIR_CRASH_AT']

function findSource(
  name: SettingName,
  inputs: Pick<ConfigInputs, 'flags' | 'environment'>,
  file: { readonly written: { readonly [name: string]: string }; readonly path: string },
): { name: SettingName; text: string; source: string } {
  const flag = inputs.flags[name]
  if (flag !== undefined) return { name, text: flag, source: `flag ${toFlag(name)}` }
  const variable = inputs.environment[toVariable(name)]
  if (variable !== undefined) return { name, text: variable, source: toVariable(name) }
  const written = file.written[name]
  if (written !== undefined) return { name, text: written, source: file.path }
  return { name, text: SETTINGS[name].default, source: 'default' }
}

/** The settings that a config file gives a value. */
function toTexts(config: WeirConfig): { readonly [name: string]: string } {
  const values = Object.entries(config).filter(
    ([name, value]) => value !== undefined && !LISTS.includes(name),
  )
  return Object.fromEntries(values.map(([name, value]) => [name, String(value)]))
}

function toCatalog(settings: Settings, events: readonly EventSchema[]): Catalog {
  return createCatalog({
    events: withOverrides(SHOP_EVENTS, events),
    topicPrefix: settings.topicPrefix,
    currency: settings.currency,
    dedupDays: settings.dedupDays,
    futureSkewMs: settings.futureSkew,
    eventAgeMsMax: settings.eventAgeMax,
    partitions: settings.partitions,
    partitioner: settings.partitioner,
  })
}

/** The built-in ones, each replaced by a declared one of its name, then the other declared ones. */
function withOverrides<Item extends { readonly name: string }>(
  builtIn: readonly Item[],
  declared: readonly Item[],
): readonly Item[] {
  const names = new Set(builtIn.map(item => item.name))
  return [
    ...builtIn.map(item => declared.find(other => other.name === item.name) ?? item),
    ...declared.filter(item => !names.has(item.name)),
  ]
}
