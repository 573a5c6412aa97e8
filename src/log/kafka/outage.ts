/** An outage is told once when it begins, and once when it is over, whoever notices it. */
import type { Fault } from '../../std/fault.ts'

export interface Outage {
  begin(fault: Fault): void
  end(): void
}

export function createOutage(tell: (fault: Fault | null) => void): Outage {
  let isOut = false
  return {
    begin: fault => {
      if (!isOut) tell(fault)
      isOut = true
    },
    end: () => {
      if (isOut) tell(null)
      isOut = false
    },
  }
}
