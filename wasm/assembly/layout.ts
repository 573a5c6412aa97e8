/**
 * What stands in memory, between JavaScript and this module: programs, as `src/engine/scan/
 * program.ts` compiles them from schemas. They lie at the bottom, one behind another, and go all at
 * once. Positions are addresses in memory. No object here is managed: nothing is ever collected.
 */

/** What a slot holds: numbers that `program.ts` shares. */
export const KIND_TEXT: i32 = 0
export const KIND_ID: i32 = 1
export const KIND_TYPE: i32 = 2
export const KIND_TIME: i32 = 3
export const KIND_CURRENCY: i32 = 4
export const KIND_INTEGER: i32 = 5
export const KIND_DECIMAL: i32 = 6
export const KIND_MONEY: i32 = 7
export const KIND_ITEM_MONEY: i32 = 8
export const KIND_BOOLEAN: i32 = 9
export const KIND_OBJECT: i32 = 10
export const KIND_LIST: i32 = 11

/** `null` at the start of a slot: its key is there, its value is absent. */
export const ABSENT: usize = <usize>-1
/** What reading gives where the slow path has to read: no value ends at address 0. */
export const BAIL: usize = 0

/** A known place of an event, and what the event under way has there. */
@unmanaged
export class Slot {
  kind: i32
  isRequired: bool
  /** The decoded text is needed. */
  isKept: bool
  /** Of decimals. */
  scale: i32
  /** Inclusive; of integers. */
  min: f64
  max: f64
  /** The object in the slot, or the item of the list. */
  node: ObjectNode | null
  /** Serial number of the object in which the slot's key was seen last. */
  seenAt: u64
  /** Of text, quotes aside. Of other kinds, any start but ABSENT. */
  start: usize
  end: usize
  /** How many of the digits stood behind the point. */
  decimals: i32
  /** All digits as one integer, then units of the slot's scale. Of times, ms. */
  number: f64
}

/** An object of the schema: the envelope, `data`, an item of a list. */
@unmanaged
export class ObjectNode {
  /** 1 for the envelope. */
  depth: i32
  requiredCount: i32
  /** Its keys. */
  names: usize
  nameCount: i32
  /** Stands before the first key. */
  start: KeyEntry
  /** Entries that were learnt, one behind another, from `pool` up to `poolTail`. */
  pool: usize
  poolTail: usize
}

/** A known key of an object. */
@unmanaged
export class KeyName {
  text: usize
  size: i32
  slot: Slot
}

/**
 * A separator and key as they were seen, and what followed them. Its bytes stand behind it, from
 * `ENTRY_TEXT` on, padded to blocks of 16.
 */
@unmanaged
export class KeyEntry {
  /** null: a key that is not declared. */
  slot: Slot | null
  size: i32
  /** What followed it last time, and before. */
  next: KeyEntry | null
  other: KeyEntry | null
}

export const ENTRY_TEXT: usize = 16

/** An event type, compiled. */
@unmanaged
export class Program {
  envelope: ObjectNode
  data: ObjectNode
  eventId: Slot
  userId: Slot
  timestamp: Slot
  dataSlot: Slot
  typeName: usize
  typeNameSize: i32
  /** Addresses of the slots of money directly in `data`. */
  money: usize
  moneyCount: i32
  /** The wanted columns. */
  fields: usize
  fieldCount: i32
}

/** A wanted column. */
@unmanaged
export class FieldColumn {
  isText: bool
  /** null: this type of event does not have it. */
  slot: Slot | null
}
