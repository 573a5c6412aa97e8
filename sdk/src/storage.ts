/**
 * What a page keeps: in localStorage, or, where that is full or not allowed, in memory. Each thing
 * has a key of its own, so that no tab writes over what another one wrote.
 */
export interface Kept {
  get(key: string): string | null
  set(key: string, text: string): void
  remove(key: string): void
  /** Those that begin with `prefix`, in order. */
  keys(prefix: string): readonly string[]
}

export function openStorage(): Kept {
  const memory = new Map<string, string>()
  // Reading `localStorage` itself may throw.
  const attempt = <Value>(use: (storage: Storage) => Value, otherwise: Value): Value => {
    try {
      return use(localStorage)
    } catch {
      return otherwise
    }
  }
  return {
    get: key => memory.get(key) ?? attempt(storage => storage.getItem(key), null),
    set: (key, text) => {
      const isKept = attempt(storage => {
        storage.setItem(key, text)
        return true
      }, false)
      if (!isKept) memory.set(key, text)
    },
    remove: key => {
      memory.delete(key)
      attempt(storage => storage.removeItem(key), undefined)
    },
    keys: prefix =>
      [...attempt(storage => Object.keys(storage), []), ...memory.keys()]
        .filter(key => key.startsWith(prefix))
        .sort(),
  }
}
