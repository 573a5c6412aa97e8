import { expect, test } from 'vitest'
import type { Decision, EarlierRun, SkipReason } from './decide.ts'
import { decide, decideByLake } from './decide.ts'
import type { LakeMark } from './lake-mark.ts'
import type { RunState } from './run-record.ts'

const MARK: LakeMark = { files: 3, digest: 'a', later_files: 0 }
const MORE: LakeMark = { files: 4, digest: 'b', later_files: 0 }
const LATER: LakeMark = { ...MARK, later_files: 2 }

function last(state: RunState, more: Partial<EarlierRun> = {}): EarlierRun {
  const isFinal = state === 'published'
  return { run: 'day-1', number: 1, tick: 'before', mark: MARK, state, isFinal, ...more }
}
function skip(why: SkipReason, run: string | null = 'day-1'): Decision {
  return { kind: 'skip', why, run }
}
const start = (number: number): Decision => ({ kind: 'start', number })
const RESUME: Decision = { kind: 'resume', run: 'day-1' }
const EARLY = { isFinal: false }
const NOW = { tick: 'now' }

test.each<
  readonly [
    about: string,
    mark: LakeMark | null,
    earlier: EarlierRun | null,
    newest: Decision,
    older: Decision,
  ]
>([
  ['nothing in the lake', null, null, skip('empty', null), skip('empty', null)],
  ['a first run', MARK, null, start(1), start(1)],
  ['one whose start is not known', MARK, last('asked'), RESUME, RESUME],
  ['the same, of this tick', MARK, last('asked', NOW), RESUME, RESUME],
  ['the same, of a lake that was emptied', null, last('asked'), RESUME, RESUME],
  ['this tick, that runs', MORE, last('running', NOW), skip('same_tick'), skip('same_tick')],
  ['this tick, that is done', MORE, last('published', NOW), skip('same_tick'), skip('same_tick')],
  ['this tick, that failed', MORE, last('failed', NOW), skip('same_tick'), skip('same_tick')],
  ['one that waits', MORE, last('started'), skip('running'), skip('running')],
  ['one that runs', MORE, last('running'), skip('running'), skip('running')],
  ['one that saw all', MARK, last('published'), skip('nothing_new'), skip('counted')],
  [
    'one that saw all, and the next day',
    LATER,
    last('published'),
    skip('nothing_new'),
    skip('counted'),
  ],
  ['one that did not', MORE, last('published'), start(2), skip('counted')],
  ['the second that did not', MORE, last('published', { number: 2 }), start(3), skip('counted')],
  [
    'one that came too early',
    MARK,
    last('published', EARLY),
    skip('nothing_new'),
    skip('nothing_new'),
  ],
  ['the same, and the next day', LATER, last('published', EARLY), start(2), start(2)],
  ['one that failed', MARK, last('failed'), start(2), start(2)],
  ['one that failed, of no lake', null, last('failed'), skip('empty'), skip('empty')],
  [
    'as many files, but others',
    { ...MARK, digest: 'c' },
    last('published'),
    start(2),
    skip('counted'),
  ],
])('%s', (_, mark, earlier, newest, older) => {
  const decideOn = (isNewest: boolean): Decision => {
    const situation = { tick: 'now', isNewest, last: earlier }
    return decide(situation) ?? decideByLake(situation, mark)
  }
  expect(decideOn(true)).toEqual(newest)
  expect(decideOn(false)).toEqual(older)
})
