// What surrounds every page: the bar with where we are, the project's tabs, the dialogs of the keyboard.

import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { closeOverlay, overlay, shortcuts } from '../lib/keys.ts'
import { liveState } from '../lib/live.ts'
import { place } from '../lib/navigate.ts'
import { matchPage, type Page, projectOf } from '../lib/router.ts'
import { me, signOut } from '../lib/session.ts'
import { useAct } from './ask.tsx'
import { ErrorBox } from './basics.tsx'
import { Modal } from './modal.tsx'
import { SearchDialog } from './search.tsx'

export function Shell({ children }: { readonly children: ComponentChildren }) {
  const page = matchPage(place.value.path)
  const project = projectOf(page)
  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <TopBar page={page} />
      {project !== undefined && <Tabs project={project} page={page} />}
      <main id="main" class="main" tabIndex={-1}>
        {children}
      </main>
      {overlay.value === 'search' && <SearchDialog project={project} />}
      {overlay.value === 'shortcuts' && <ShortcutsDialog />}
    </>
  )
}

function TopBar({ page }: { readonly page: Page }) {
  const project = projectOf(page)
  return (
    <header class="topbar">
      <a class="brand" href="/" aria-label="Pushway, home">
        <Logo />
        <span>Pushway</span>
      </a>
      {project !== undefined && (
        <nav class="crumbs" aria-label="Where we are">
          <span class="slash">/</span>
          <a href={`/${project}`}>{project}</a>
        </nav>
      )}
      <span class="grow" />
      <LiveMark />
      <button type="button" class="search-button" onClick={() => (overlay.value = 'search')}>
        <span>Search</span> <kbd>/</kbd>
      </button>
      <nav class="topnav" aria-label="Main">
        <a href="/timeline" aria-current={page.kind === 'timeline' ? 'page' : undefined}>
          Timeline
        </a>
        {me.value?.admin && (
          <a href="/users" aria-current={page.kind === 'users' ? 'page' : undefined}>
            Users
          </a>
        )}
      </nav>
      <UserMenu />
    </header>
  )
}

function Logo() {
  return (
    <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">
      <path d="M2 10h12" stroke="currentColor" stroke-width="2" />
      <circle cx="4" cy="10" r="2.6" fill="currentColor" />
      <path d="m11 4 7 6-7 6" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linejoin="round" />
    </svg>
  )
}

/** Whether changes arrive by themselves; said only when they do not. */
function LiveMark() {
  const away = liveState.value === 'away'
  return (
    <span class="live" role="status">
      {away ? 'Reconnecting…' : ''}
    </span>
  )
}

function UserMenu() {
  const [open, setOpen] = useState(false)
  const { act, error, dismiss } = useAct()
  const user = me.value
  if (!user) return null
  const showShortcuts = () => {
    overlay.value = 'shortcuts'
    setOpen(false)
  }
  return (
    <div class="menu" onFocusOut={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOpen(false)}>
      <button type="button" class="avatar" aria-expanded={open} aria-label={`Menu of ${user.name}`} onClick={() => setOpen(!open)}>
        {user.name.slice(0, 1).toUpperCase()}
      </button>
      {open && (
        <div class="menu-items">
          <p class="dim">
            Signed in as <strong>{user.name}</strong>
          </p>
          <a href="/account" onClick={() => setOpen(false)}>
            Password and tokens
          </a>
          <button type="button" class="plain" onClick={showShortcuts}>
            Keyboard shortcuts
          </button>
          <button type="button" class="plain" onClick={() => act(signOut)}>
            Sign out
          </button>
          <ErrorBox error={error} onDismiss={dismiss} />
        </div>
      )}
    </div>
  )
}

const tabs: readonly { readonly title: string; readonly path: string; readonly kinds: readonly Page['kind'][] }[] = [
  { title: 'Way', path: '', kinds: ['project'] },
  { title: 'Runs', path: '/runs', kinds: ['runs', 'run'] },
  { title: 'Pull requests', path: '/pulls', kinds: ['pulls', 'pull'] },
  { title: 'Environments', path: '/environments', kinds: ['environments', 'environment'] },
  { title: 'Timeline', path: '/timeline', kinds: ['project-timeline'] },
  { title: 'Images', path: '/images', kinds: ['images', 'image'] },
  { title: 'Settings', path: '/settings', kinds: ['settings'] },
]

function Tabs({ project, page }: { readonly project: string; readonly page: Page }) {
  return (
    <nav class="tabs" aria-label="Project">
      {tabs.map(({ title, path, kinds }) => (
        <a key={path} href={`/${project}${path}`} aria-current={kinds.includes(page.kind) ? 'page' : undefined}>
          {title}
        </a>
      ))}
    </nav>
  )
}

function ShortcutsDialog() {
  return (
    <Modal title="Keyboard shortcuts" onClose={() => closeOverlay('shortcuts')}>
      <dl class="shortcuts">
        {shortcuts.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              {keys.split(/\s+/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  )
}
