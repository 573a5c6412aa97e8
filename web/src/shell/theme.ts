/** Light, dark, or as the system has it; kept in the browser. */

const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const NAME = 'weir.theme'

export function readTheme(): Theme {
  const kept = attempt(() => localStorage.getItem(NAME))
  return THEMES.find(theme => theme === kept) ?? 'system'
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system'
}

/** Shows it, and keeps it where the browser lets it. */
export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset['theme']
  else dataset['theme'] = theme
  attempt(() => localStorage.setItem(NAME, theme))
  dispatchEvent(new Event(THEME_CHANGED))
}

/** Told to the window, so that what is drawn on a canvas is drawn anew. */
const THEME_CHANGED = 'weir:theme'

/** Calls when the colours change, by the system or by the switch; the answer ends it. */
export function onTheme(call: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', call)
  addEventListener(THEME_CHANGED, call)
  return () => {
    system.removeEventListener('change', call)
    removeEventListener(THEME_CHANGED, call)
  }
}

/** Storage may be forbidden. */
function attempt<T>(call: () => T): T | null {
  try {
    return call()
  } catch {
    return null
  }
}
