// Which page is shown, for whom.

import { useEffect } from 'preact/hooks'
import { navigate, place } from './lib/navigate.ts'
import { matchPage, type Page } from './lib/router.ts'
import { loadSession, me, sessionError } from './lib/session.ts'
import { AccountPage } from './pages/account.tsx'
import { DeploymentPage } from './pages/deployment.tsx'
import { EnvironmentPage } from './pages/environment.tsx'
import { EnvironmentsPage } from './pages/environments.tsx'
import { HomePage } from './pages/home.tsx'
import { ImagePage } from './pages/image.tsx'
import { ImagesPage } from './pages/images.tsx'
import { ProjectPage } from './pages/project.tsx'
import { PullPage } from './pages/pull.tsx'
import { PullsPage } from './pages/pulls.tsx'
import { RunPage } from './pages/run.tsx'
import { RunsPage } from './pages/runs.tsx'
import { SettingsPage } from './pages/settings.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { TimelinePage } from './pages/timeline.tsx'
import { UsersPage } from './pages/users.tsx'
import { Empty, ErrorBox, Skeleton } from './parts/basics.tsx'
import { Shell } from './parts/shell.tsx'

export function App() {
  const page = matchPage(place.value.path)
  const user = me.value
  const nobody = user === null && page.kind !== 'sign-in'
  useEffect(() => {
    if (nobody) navigate(`/sign-in?next=${encodeURIComponent(`${place.value.path}${place.value.search}${place.value.hash}`)}`, { replace: true })
  }, [nobody])
  useEffect(() => {
    document.title = titleOf(page)
  }, [place.value.path])
  if (page.kind === 'sign-in') return <SignInPage />
  if (!user) return <Waiting />
  return (
    <Shell>
      <PageOf page={page} />
    </Shell>
  )
}

/** Before it is known who is there. */
function Waiting() {
  return (
    <main class="main narrow">
      <ErrorBox error={sessionError.value} />
      {sessionError.value ? (
        <button type="button" onClick={() => void loadSession()}>
          Try again
        </button>
      ) : (
        <Skeleton lines={3} />
      )}
    </main>
  )
}

function PageOf({ page }: { readonly page: Page }) {
  switch (page.kind) {
    case 'home':
    case 'sign-in':
      return <HomePage />
    case 'timeline':
      return <TimelinePage />
    case 'users':
      return <UsersPage />
    case 'account':
      return <AccountPage />
    case 'deployment':
      return <DeploymentPage key={page.id} id={page.id} />
    case 'project':
      return <ProjectPage key={page.project} project={page.project} />
    case 'runs':
      return <RunsPage key={page.project} project={page.project} />
    case 'run':
      return <RunPage key={`${page.project}/${page.number}`} project={page.project} number={page.number} />
    case 'pulls':
      return <PullsPage key={page.project} project={page.project} />
    case 'pull':
      return <PullPage key={`${page.project}/${page.number}`} project={page.project} number={page.number} />
    case 'environments':
      return <EnvironmentsPage key={page.project} project={page.project} />
    case 'image':
      return <ImagePage key={`${page.project}/${page.reference}`} project={page.project} reference={page.reference} />
    case 'environment':
      return <EnvironmentPage key={`${page.project}/${page.environment}`} project={page.project} environment={page.environment} />
    case 'project-timeline':
      return <TimelinePage key={page.project} project={page.project} />
    case 'images':
      return <ImagesPage key={page.project} project={page.project} />
    case 'settings':
      return <SettingsPage key={page.project} project={page.project} />
    case 'unknown':
      return (
        <Empty title="There is no such page">
          <p>
            Nothing is at <code>{page.path}</code>. <a href="/">Go home</a>, or press <kbd>/</kbd> to search.
          </p>
        </Empty>
      )
  }
}

function titleOf(page: Page): string {
  switch (page.kind) {
    case 'home':
      return 'Pushway'
    case 'run':
      return `Run #${page.number} · ${page.project}`
    case 'pull':
      return `Pull request #${page.number} · ${page.project}`
    case 'pulls':
      return `Pull requests · ${page.project}`
    case 'image':
      return `Image · ${page.project}`
    case 'environment':
      return `${page.environment} · ${page.project}`
    case 'project':
      return page.project
    case 'deployment':
      return 'Deployment · Pushway'
    default:
      return 'project' in page ? `${page.kind.replace('project-', '')} · ${page.project}` : `${page.kind} · Pushway`
  }
}
