/** What `import … from 'weir'` gives: the words of a config. */
export type { ArchiveTarget, LocalArchive, S3Archive, S3Options } from './model/archive-target.ts'
export { local, s3 } from './model/archive-target.ts'
export type { WeirConfig } from './model/config.ts'
export { defineConfig } from './model/config.ts'
export type { EventOf, EventSchema } from './model/event.ts'
export { defineEvent } from './model/event.ts'
export { boolean, decimal, integer, list, money, string } from './model/field.ts'
export type { KafkaLog, KafkaOptions } from './model/kafka.ts'
export { kafka } from './model/kafka.ts'
export type { Metric } from './model/metric.ts'
export { count, countDistinct, defineMetric, max, min, ratio, sum } from './model/metric.ts'
export type { SegmentConfig, SegmentRule } from './model/segment.ts'
export {
  addToCart,
  addToWishlist,
  pageView,
  productView,
  purchase,
  search,
} from './model/shop-events.ts'
