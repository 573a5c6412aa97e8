/** An outage is told once when it begins, and once when it is over, whoever notices it. */
import type { Fault } from './fault.ts'

export interface Outage {
  readonly isOut: boolean
  begin(fault: Fault): void
  end(): void
}

/** `tell` is called with what is wrong, and with null when it is over. */
export function createOutage(tell: (fault: Fault | null) => void): Outage {
  let isOut = false
  return {
    get isOut() {
      return isOut
    },
    begin: fault => {
      if (isOut) return
      isOut = true
      tell(fault)
    },
    end: () => {
      if (!isOut) return
      isOut = false
      tell(null)
    },
  }
}
