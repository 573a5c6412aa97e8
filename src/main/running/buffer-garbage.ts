/**
 * What brokers send comes in buffers of 64 KiB, which V8 counts apart from its heap: it looks
 * through the whole heap whenever some tens of MiB of them have come, and a process that catches up
 * spends a fifth of its CPU on that. Counted with the heap, they are collected when it is. Such a
 * process holds some 100 MiB more; one that is not behind holds no more than before.
 */
import { setFlagsFromString } from 'node:v8'

/** For the whole process, from now on. */
export function collectBuffersWithHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}
