/**
 * What becomes of a record. Each record of the log gets exactly one verdict, and the verdict is a
 * pure function of the partition's records up to it and of the catalog.
 *
 * An event with several faults always gets the same one. They are looked for in this order:
 * no_value, too_large, not_utf8, not_json, too_deep, lone_surrogate, not_object; then event_type
 * (missing, wrong_type, empty, too_long, unknown_type, wrong_topic), event_id, user_id, timestamp,
 * session_id, data, data.currency, the fields of data in the order of their declaration (in a list
 * by item, then by declared field); at last future and too_old. Of a number, not_integer or
 * too_precise comes before out_of_range. `data` may be missing where none of its fields is
 * required; null is absence, but an item of a list that is null is of a wrong type. In
 * `weir.unparsed` the reason that the front door wrote into the header `weir-reason`, where it is
 * one of the codes, is the verdict; and wrong_topic is looked for last, so that what is wrong with
 * the event itself is told first.
 */

/** Why a record is invalid: a closed list, stable; the text says what the sender should know. */
export const INVALID_CODES = {
  no_value: 'the record has no value',
  too_large: 'the event is larger than 64 KiB; its first 64 KiB, length and SHA-256 are kept',
  not_utf8: 'the bytes are not valid UTF-8',
  not_json: 'the bytes are not one JSON value',
  too_deep: 'objects and arrays are nested deeper than 32',
  lone_surrogate: 'a string or key holds half of a surrogate pair',
  not_object: 'the event is not a JSON object',
  csv_line: 'the line does not fit the header of its CSV file',
  missing: 'a required field is missing or null',
  wrong_type: 'a field has another JSON type than declared',
  empty: 'an id is the empty string',
  too_long: 'an id is longer than 256 bytes',
  unknown_type: 'the event_type is not declared',
  wrong_topic: 'the record stands in the topic of another event_type',
  bad_timestamp: 'the timestamp is not RFC 3339 with Z or an offset, or no real instant',
  future: 'the timestamp is further past its arrival than futureSkew allows',
  too_old: 'the timestamp is further before its arrival than eventAgeMax allows',
  not_integer: 'a number is not integral',
  out_of_range: 'a number is outside its declared range, or an amount is beyond 10^15 units',
  too_precise: 'an amount has more decimals than its currency or its declared scale',
  unknown_currency: 'the currency is not a code of ISO 4217',
} as const

export type InvalidCode = keyof typeof INVALID_CODES

export interface Invalid {
  readonly kind: 'invalid'
  readonly code: InvalidCode
  /** RFC 6901 JSON pointer to the field at fault; '' for the whole. */
  readonly pointer: string
}

/** What the front door can say of an item before it is stored: where it goes, and how it looks. */
export interface ItemCheck {
  /**
   * The declared event type, where event_type and user_id can be read; else null: weir.unparsed.
   */
  readonly eventType: string | null
  readonly eventId: string | null
  /** The key of the record: the UTF-8 bytes of user_id; null where it cannot be read. */
  readonly userId: Uint8Array | null
  /** The verdict apart from duplicates, with now as arrival. */
  readonly invalid: Invalid | null
}
