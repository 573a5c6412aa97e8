import { expect, test } from 'vitest'
import { toPrometheusText } from './prometheus.ts'

test('names, help and labels are escaped as the format says', () => {
  const text = toPrometheusText([
    {
      name: 'weir_things_total',
      kind: 'counter',
      help: 'Things,\nin a \\ way.',
      samples: [
        { labels: { topic: 'a"b\\c\nd', partition: 3 }, value: 1.5 },
        { labels: {}, value: Number.POSITIVE_INFINITY },
      ],
    },
    { name: 'weir_none', kind: 'gauge', help: 'None.', samples: [] },
  ])
  expect(text.split('\n')).toEqual([
    '# HELP weir_things_total Things,\\nin a \\\\ way.',
    '# TYPE weir_things_total counter',
    'weir_things_total{topic="a\\"b\\\\c\\nd",partition="3"} 1.5',
    'weir_things_total +Inf',
    '# HELP weir_none None.',
    '# TYPE weir_none gauge',
    '',
  ])
})
