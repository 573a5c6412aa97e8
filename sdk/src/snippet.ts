/**
 * `/sdk.js`: what a page loads with one tag, `<script src="https://…/sdk.js" data-key="…"></script>`,
 * and then has as `weir`. Of the tag's address come the events' address.
 */
import type { Weir } from './sdk.ts'
import { openWeir } from './sdk.ts'

export type { Weir } from './sdk.ts'

declare global {
  interface Window {
    weir?: Weir
  }
}

const tag = document.currentScript
if (tag instanceof HTMLScriptElement) {
  window.weir = openWeir({ url: new URL('.', tag.src).href, key: tag.dataset['key'] ?? '' })
}
