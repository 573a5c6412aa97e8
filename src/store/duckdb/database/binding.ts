/** SQL as text, with what stands in it for texts of readers and events. */

export interface Select {
  readonly sql: string
  /** `$1`, `$2`, … */
  readonly texts: readonly string[]
}

/** Takes a text, and gives what stands for it. */
export type Bind = (text: string) => string

export function createBinding(): { readonly texts: readonly string[]; readonly bind: Bind } {
  const texts: string[] = []
  return { texts, bind: text => `$${texts.push(text)}` }
}

export function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
}
