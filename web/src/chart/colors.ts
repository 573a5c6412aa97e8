/**
 * Colours of the style sheet for a canvas. A custom property is text until an element uses it, so
 * one is asked: `probe` is any element below the root that shows nothing.
 */
export interface Colors {
  /** Of a custom property, as `--ink`. */
  readonly of: (property: string) => string
  /** After the theme changed. */
  readonly forget: () => void
}

export function createColors(probe: HTMLElement): Colors {
  const known = new Map<string, string>()
  return {
    of: property => {
      let text = known.get(property)
      if (text === undefined) {
        probe.style.color = `var(${property})`
        text = getComputedStyle(probe).color
        known.set(property, text)
      }
      return text
    },
    forget: () => known.clear(),
  }
}
