// Starts the page.

import { render } from 'preact'
import { App } from './app.tsx'
import { listenForKeys } from './lib/keys.ts'
import { listenForLinks } from './lib/navigate.ts'
import { loadSession } from './lib/session.ts'

const root = document.getElementById('app')
listenForLinks()
listenForKeys()
// A one-time address is used before it is asked who is there.
if (!/^\/sign-in$/.test(window.location.pathname) || window.location.hash === '') void loadSession()
if (root) render(<App />, root)
