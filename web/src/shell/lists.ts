/** Moving by keys: `j` and `k` in the list of a room, `/` to its first field. */

const ITEM = '[data-item]'

/** Puts the focus `step` items on, from the one that has it, or on the first. */
export function moveInList(root: ParentNode, step: 1 | -1): void {
  const items = [...root.querySelectorAll<HTMLElement>(ITEM)]
  const at = items.findIndex(item => item.contains(document.activeElement))
  const next = at === -1 ? 0 : Math.min(items.length - 1, Math.max(0, at + step))
  const item = items[next]
  item?.focus()
  item?.scrollIntoView({ block: 'nearest' })
}

/** The field that is marked as the room's search, else its first. */
export function focusSearch(root: ParentNode): void {
  const field =
    root.querySelector<HTMLElement>('[data-search]') ??
    root.querySelector<HTMLElement>('input, select, textarea')
  field?.focus()
}
