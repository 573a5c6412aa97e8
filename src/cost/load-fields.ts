/** How each part of a load is written: a flag of `weir cost`, or a setting of the stacks. */
import { Fault } from '../std/fault.ts'
import type { CostLoad } from './load.ts'
import { LOAD_DEFAULT } from './load.ts'
import { REGIONS } from './prices.ts'

/** Parts that Weir has a setting for already. */
export type Given = 'partitions' | 'commitS'
export type FieldName = Exclude<keyof CostLoad, Given>

export interface Field<Value> {
  /** What its value is called in help. */
  readonly value: string
  readonly about: string
  /** Throws USAGE. `what` names where it was written. */
  readonly parse: (text: string, what: string) => Value
}

export const FIELDS: { readonly [Name in FieldName]: Field<CostLoad[Name]> } = {
  region: oneOf(REGIONS, 'whose prices'),
  eventsPerDay: number([0, 1e12], 'events that come in a day'),
  eventBytes: number([1, 65_536], 'bytes of an event as JSON'),
  eventsPerRequest: number([1, 10_000], 'events that come in one request'),
  questionsPerDay: number([0, 1e9], 'requests to the API, those of open pages included'),
  answerBytes: number([1, 1e8], 'bytes of an answer'),
  pageLoadsPerDay: number([0, 1e9], 'how often the page is opened in a day'),
  eventTypes: number([1, 1_000], 'event types that come'),
  brokerSize: oneOf(['small', 'standard'], 'brokers: kafka.t3.small or kafka.m7g.large'),
  retentionHours: number([1, 8_760], 'how long Kafka keeps records'),
  workers: number([1, 64], 'tasks that collect and count'),
  alb: toggle('whether events come over HTTP, through a load balancer'),
  interfaceEndpoints: toggle('whether AWS is called over endpoints in the VPC'),
  runner: oneOf(['emr-serverless', 'ec2'], 'where Spark runs'),
  spot: toggle('whether the EC2 instance is a spot instance'),
  schedule: orOff(oneOf(['hour', 'day'], 'how often Spark runs')),
  lakeDays: orOff(number([1, 36_500], 'days that the lake keeps events')),
  dashboard: toggle('whether there is a page'),
  budgetUsd: number([1, 1e6], 'US dollars a month at which spending stops'),
}

export const FIELD_NAMES: readonly FieldName[] = Object.keys(FIELDS) as FieldName[]

/**
 * The default, with what was written in its place: of each name the last text that there is. Throws
 * USAGE naming the first that cannot be.
 */
export function parseLoad(
  texts: ReadonlyMap<FieldName, { readonly text: string; readonly what: string }>,
  given: Pick<CostLoad, Given>,
): CostLoad {
  const parsed = [...texts].map(([name, { text, what }]) => [name, FIELDS[name].parse(text, what)])
  // The names are those of the fields, and each value is what its field parses to.
  return { ...LOAD_DEFAULT, ...(Object.fromEntries(parsed) as Partial<CostLoad>), ...given }
}

function number(range: readonly [min: number, max: number], about: string): Field<number> {
  const [min, max] = range
  return {
    value: 'N',
    about,
    parse: (text, what) => {
      const value = /^\d{1,15}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
      if (!(value >= min && value <= max)) refuse(what, text, `a number ${min}..${max}`)
      return value
    },
  }
}

function oneOf<const Choice extends string>(
  choices: readonly Choice[],
  about: string,
): Field<Choice> {
  return {
    value: choices.join('|'),
    about,
    parse: (text, what) => {
      const found = choices.find(choice => choice === text)
      return found ?? refuse(what, text, choices.join(' or '))
    },
  }
}

function toggle(about: string): Field<boolean> {
  const { value, parse } = oneOf(['on', 'off'], about)
  return { value, about, parse: (text, what) => parse(text, what) === 'on' }
}

function orOff<Value>({ value, about, parse }: Field<Value>): Field<Value | null> {
  return {
    value: `${value}|off`,
    about,
    parse: (text, what) => (text === 'off' ? null : parse(text, what)),
  }
}

function refuse(what: string, text: string, wanted: string): never {
  throw new Fault('USAGE', `${what} is '${text}', not ${wanted}`)
}
