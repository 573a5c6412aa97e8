import { expect, test } from 'vitest'
import { parseS3Url } from './s3-url.ts'

test.each([
  ['s3://shop', { bucket: 'shop', prefix: '' }],
  ['s3://shop/', { bucket: 'shop', prefix: '' }],
  ['s3://shop.eu-1/weir', { bucket: 'shop.eu-1', prefix: 'weir' }],
  ['s3://shop/a/b=c/d.e_f-g/', { bucket: 'shop', prefix: 'a/b=c/d.e_f-g' }],
  ['', null],
  ['./results', null],
  ['/mnt/s3', null],
  ['s3:/shop', null],
])('%s is a bucket, or a path', (text, expected) => {
  expect(parseS3Url(text, 'results')).toEqual(expected)
})

test.each([
  's3://',
  's3://x',
  's3://Shop',
  's3://shop//a',
  's3://shop/a//b',
  's3://shop/../b',
  's3://shop/a b',
  's3://shop/ü',
  's3a://shop/a',
  'https://shop.s3.amazonaws.com/a',
])('%s is refused, with what it may be', text => {
  expect(() => parseS3Url(text, 'results (flag --results)')).toThrow(
    /^results \(flag --results\) is '.*', neither a directory nor s3:\/\/bucket\/folder/,
  )
})
