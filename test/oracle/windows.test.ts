/** The oracle's windows against what a calendar says: each case written out by hand. */
import { expect, test } from 'vitest'
import { findWindows } from './windows.ts'

test.each([
  ['minute', 'UTC', '2024-09-03T10:15:30Z', '2024-09-03T10:15:00Z', '2024-09-03T10:16:00Z'],
  ['hour', 'Asia/Kolkata', '2024-09-03T10:15:30Z', '2024-09-03T09:30:00Z', '2024-09-03T10:30:00Z'],
  [
    'hour',
    'Asia/Kathmandu',
    '2024-09-03T10:15:30Z',
    '2024-09-03T10:15:00Z',
    '2024-09-03T11:15:00Z',
  ],
  // 27 October 2024: 02:00 to 03:00 happens twice in Berlin, and is two windows.
  ['hour', 'Europe/Berlin', '2024-10-27T00:30:00Z', '2024-10-27T00:00:00Z', '2024-10-27T01:00:00Z'],
  ['hour', 'Europe/Berlin', '2024-10-27T01:30:00Z', '2024-10-27T01:00:00Z', '2024-10-27T02:00:00Z'],
  ['day', 'Europe/Berlin', '2024-10-27T01:30:00Z', '2024-10-26T22:00:00Z', '2024-10-27T23:00:00Z'],
  ['day', 'Europe/Berlin', '2024-03-31T12:00:00Z', '2024-03-30T23:00:00Z', '2024-03-31T22:00:00Z'],
  // Lord Howe goes back by half an hour, at 02:00 (+11:00) to 01:30 (+10:30), on 7 April 2024.
  [
    'hour',
    'Australia/Lord_Howe',
    '2024-04-06T14:59:59Z',
    '2024-04-06T14:00:00Z',
    '2024-04-06T15:00:00Z',
  ],
  [
    'hour',
    'Australia/Lord_Howe',
    '2024-04-06T15:00:00Z',
    '2024-04-06T15:00:00Z',
    '2024-04-06T15:30:00Z',
  ],
  // And forward at 02:00 (+10:30) to 02:30 (+11:00) on 6 October 2024: that hour has 30 minutes.
  [
    'hour',
    'Australia/Lord_Howe',
    '2024-10-05T15:45:00Z',
    '2024-10-05T15:30:00Z',
    '2024-10-05T16:00:00Z',
  ],
  // Samoa had no 30 December 2011.
  ['day', 'Pacific/Apia', '2011-12-30T09:59:59Z', '2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z'],
  ['day', 'Pacific/Apia', '2011-12-30T10:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
  // 4 November 2018 began at 01:00 in São Paulo.
  [
    'day',
    'America/Sao_Paulo',
    '2018-11-04T12:00:00Z',
    '2018-11-04T03:00:00Z',
    '2018-11-05T02:00:00Z',
  ],
  // 18 February 2018: at midnight back to 23:00 of the 17th; the 18th begins an hour later.
  [
    'day',
    'America/Sao_Paulo',
    '2018-02-18T02:30:00Z',
    '2018-02-17T02:00:00Z',
    '2018-02-18T03:00:00Z',
  ],
  // St. John's went back at 00:01 to 23:01: the 7th had begun, and it is not the 6th again.
  [
    'day',
    'America/St_Johns',
    '2010-11-07T02:31:00Z',
    '2010-11-07T02:30:00Z',
    '2010-11-08T03:30:00Z',
  ],
  [
    'hour',
    'America/St_Johns',
    '2010-11-07T02:30:30Z',
    '2010-11-07T02:30:00Z',
    '2010-11-07T02:31:00Z',
  ],
  [
    'hour',
    'America/St_Johns',
    '2010-11-07T02:31:00Z',
    '2010-11-07T02:31:00Z',
    '2010-11-07T03:30:00Z',
  ],
  ['week', 'UTC', '2024-09-03T10:15:30Z', '2024-09-02T00:00:00Z', '2024-09-09T00:00:00Z'],
  ['week', 'UTC', '2024-09-01T23:59:59Z', '2024-08-26T00:00:00Z', '2024-09-02T00:00:00Z'],
  [
    'month',
    'Europe/Berlin',
    '2024-03-31T22:00:00Z',
    '2024-03-31T22:00:00Z',
    '2024-04-30T22:00:00Z',
  ],
  ['month', 'UTC', '2024-02-29T00:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
  ['6h', 'Asia/Kolkata', '2024-09-03T10:15:30Z', '2024-09-03T06:00:00Z', '2024-09-03T12:00:00Z'],
])('the %s in %s of %s', (window, zone, time, start, end) => {
  const found = findWindows(window, zone)(Date.parse(time))
  expect(found).toEqual({ start: Date.parse(start), end: Date.parse(end) })
})

test('all is one window without bounds', () => {
  expect(findWindows('all', 'UTC')(0)).toEqual({ start: null, end: null })
})
