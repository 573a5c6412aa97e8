/** What calls of Segment's libraries become, from the tables that the collector reads. */
import type { SegmentRule } from '../../src/model/segment.ts'
import { SEGMENT_EVENTS, SEGMENT_OTHERS, SEGMENT_PATHS } from '../../src/model/segment.ts'
import { code, list, paragraph, toPage, toTable } from './markdown.ts'

export function toSegmentPage(): string {
  const tracked = Object.entries(SEGMENT_EVENTS).map(([name, rule]) => toRow(code(name), rule))
  const others = Object.entries(SEGMENT_OTHERS).map(([call, rule]) => toRow(`${call} call`, rule))
  const paths = [...SEGMENT_PATHS.keys()].map(code).join(', ')
  return toPage("Segment's calls", 'src/model/segment.ts', [
    paragraph(
      `Calls come to ${paths}. [The guide](../guides/segment.md) ` +
        'says how to send them, and how a config adds to this table.',
    ),
    toTable(['call', 'event type', 'fields found elsewhere'], [...tracked, ...others]),
    paragraph(
      'A field of `data` is the property of its own name; where there is none, or null, the ' +
        'first of the paths above that has a value. A tracked name that is itself an event type ' +
        'becomes an event of it. The rest of the event:',
    ),
    toTable(
      ['field', 'from'],
      [
        [code('event_id'), '`messageId`; without one, a hash of the call and its time'],
        [code('user_id'), '`userId`; where that is missing or empty, `anonymousId`'],
        [code('timestamp'), '`timestamp`, else `originalTimestamp`, else when it came'],
        [code('session_id'), '`properties.session_id`'],
        [code('data'), 'the fields above, and all other properties as they are'],
        [code('segment'), '`type`, and all else of the call, but `writeKey`'],
      ],
    ),
    list([
      'Numbers keep their digits. A number where the field is text, and a text that is a number ' +
        'where the field is one, become what the field is, digit by digit.',
      'What is wrong with the event is told of the event: the pointer of a verdict names its ' +
        'fields, not those of the call.',
    ]),
  ])
}

function toRow(name: string, rule: SegmentRule | null): readonly string[] {
  if (rule === null) return [name, 'counted, not kept', '']
  const found = Object.entries(rule.data ?? {}).map(
    ([field, paths]) => `${code(field)} from ${paths.map(code).join(', ')}`,
  )
  const fallen = Object.entries(rule.otherwise ?? {}).map(
    ([field, value]) => `${code(field)} is ${value} if missing`,
  )
  return [name, code(rule.type), [...found, ...fallen].join('; ')]
}
