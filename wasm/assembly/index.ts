/**
 * The door: what `src/engine/scan/fast-path.ts` calls. Programs are built by the functions below,
 * then scans use them. Nothing is imported: no clock, no chance, no memory but this module's own.
 */
import { POOL_BYTES } from './keys'
import { FieldColumn, KeyEntry, KeyName, ObjectNode, Program, Slot } from './layout'
import { allocate } from './memory'

export { setCurrencies, setIdBytesMax } from './event'
export {
  allocate,
  columnAt,
  forgetPrograms,
  halfOf,
  keepAllocated,
  layOut,
  setTail,
  tailOf,
  validAt,
} from './memory'
export {
  cutRows,
  offsetBeforeOf,
  offsetLastOf,
  rowCountOf,
  setBatch,
  startWalk,
  walkBatch,
} from './records'
export { scanRows, setEventBounds } from './rows'
export { setTimeBounds } from './time'
export { setDepthMax } from './value'

export function createSlot(kind: i32, isRequired: bool, isKept: bool, scale: i32): Slot {
  const slot = changetype<Slot>(allocate(offsetof<Slot>()))
  slot.kind = kind
  slot.isRequired = isRequired
  slot.isKept = isKept
  slot.scale = scale
  return slot
}

export function setBounds(slot: Slot, min: f64, max: f64): void {
  slot.min = min
  slot.max = max
}

/** The object in the slot, or the item of the list. */
export function setNode(slot: Slot, node: ObjectNode): void {
  slot.node = node
}

export function createNode(depth: i32, requiredCount: i32, nameCount: i32): ObjectNode {
  const node = changetype<ObjectNode>(allocate(offsetof<ObjectNode>()))
  node.depth = depth
  node.requiredCount = requiredCount
  node.nameCount = nameCount
  node.names = allocate(<usize>nameCount * offsetof<KeyName>())
  node.start = changetype<KeyEntry>(allocate(offsetof<KeyEntry>()))
  node.pool = allocate(POOL_BYTES)
  node.poolTail = node.pool
  return node
}

export function setName(node: ObjectNode, index: i32, slot: Slot, text: usize, size: i32): void {
  const name = changetype<KeyName>(node.names + <usize>index * offsetof<KeyName>())
  name.slot = slot
  name.text = text
  name.size = size
}

export function createProgram(envelope: ObjectNode, data: ObjectNode, dataSlot: Slot): Program {
  const program = changetype<Program>(allocate(offsetof<Program>()))
  program.envelope = envelope
  program.data = data
  program.dataSlot = dataSlot
  return program
}

export function setEnvelope(program: Program, eventId: Slot, userId: Slot, timestamp: Slot): void {
  program.eventId = eventId
  program.userId = userId
  program.timestamp = timestamp
}

export function setTypeName(program: Program, text: usize, size: i32): void {
  program.typeName = text
  program.typeNameSize = size
}

/** `slots`: addresses of the slots of money directly in `data`. */
export function setMoney(program: Program, slots: usize, count: i32): void {
  program.money = slots
  program.moneyCount = count
}

export function setFieldCount(program: Program, count: i32): void {
  program.fieldCount = count
  program.fields = allocate(<usize>count * offsetof<FieldColumn>())
}

/** `slot` 0: the type of event does not have it. */
export function setField(program: Program, index: i32, slot: Slot | null, isText: bool): void {
  const field = changetype<FieldColumn>(program.fields + <usize>index * offsetof<FieldColumn>())
  field.slot = slot
  field.isText = isText
}
