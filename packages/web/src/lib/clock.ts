// The present, for relative times: ticks once a second while the page is seen.

import { signal } from '@preact/signals'

export const now = signal(Date.now())

window.setInterval(() => {
  if (!document.hidden) now.value = Date.now()
}, 1000)
document.addEventListener('visibilitychange', () => {
  now.value = Date.now()
})
