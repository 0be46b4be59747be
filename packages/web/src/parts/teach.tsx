// What to do when there is nothing yet: the exact commands.

import { Command, Empty } from './basics.tsx'

/** For an installation without projects. */
export function TeachFirstPush() {
  const url = `${window.location.origin}/OWNER/NAME.git`
  return (
    <Empty title="Nothing has been pushed yet">
      <p>
        In a repository of yours, with your own names for <code>OWNER/NAME</code>:
      </p>
      <Command text={`git remote add pushway ${url}`} />
      <Command text="git push pushway main" />
      <p class="dim">
        git asks for your user name, and for a password: use a token from <a href="/account">Password and tokens</a>. The push creates the project, runs its
        workflows from <code>.github/workflows</code>, and deploys where a job names an environment.
      </p>
    </Empty>
  )
}

/** For a project without a push. */
export function TeachPush({ cloneUrl }: { readonly cloneUrl: string }) {
  return (
    <Empty title="Nothing has been pushed to this project yet">
      <p>In your repository:</p>
      <Command text={`git remote add pushway ${cloneUrl}`} />
      <Command text="git push pushway main" />
      <p class="dim">
        Each push starts the workflows in <code>.github/workflows</code>. What to deploy where stands in <code>pushway.yml</code>.
      </p>
    </Empty>
  )
}
