// Starts the page.

import { render } from 'preact'
import { App } from './app.tsx'
import { listenForKeys } from './lib/keys.ts'
import { listenForLinks } from './lib/navigate.ts'
import { loadSession } from './lib/session.ts'

const root = document.getElementById('app')
listenForLinks()
listenForKeys()
void loadSession()
if (root) render(<App />, root)
