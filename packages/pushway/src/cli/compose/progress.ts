// Progress as people know it: on a terminal a list that changes in place, ` ✔ Container shop-web-1  Started`; elsewhere a line for each step.

export type ProgressStyle = 'auto' | 'tty' | 'plain' | 'quiet'

export interface Progress {
  /** `id`: `Container shop-web-1`; `text`: `Starting`. Ends in `ed` or `Healthy`: that step is done. */
  say(id: string, text: string): void
  /** A line of a build or pull, as it is. */
  line(text: string): void
}

const doneWords =
  /^(Created|Started|Running|Stopped|Removed|Recreated|Healthy|Exited|Killed|Paused|Unpaused|Restarted|Built|Pulled|Pushed|Copied|Skipped|Recreate)/

/** Progress on standard error. */
export function createProgress(style: ProgressStyle): Progress {
  const tty = style === 'tty' || (style === 'auto' && process.stderr.isTTY === true)
  if (style === 'quiet') return { say: () => undefined, line: () => undefined }
  const write = (text: string) => void process.stderr.write(text)
  if (!tty) return { say: (id, text) => write(` ${id}  ${text}\n`), line: (text) => write(`${text}\n`) }
  return createList(write)
}

function createList(write: (text: string) => void): Progress {
  const steps = new Map<string, { text: string; readonly since: number; until?: number }>()
  let drawn = 0
  const draw = () => {
    const width = Math.max(0, ...[...steps].map(([id, { text }]) => id.length + text.length)) + 4
    const lines = [...steps].map(([id, { text, since, until }]) => {
      const seconds = `${(((until ?? Date.now()) - since) / 1000).toFixed(1)}s`
      return ` ${until === undefined ? '⠿' : '\u001B[32m✔\u001B[0m'} ${`${id}  ${text}`.padEnd(width)}${seconds}`
    })
    const done = [...steps.values()].filter(({ until }) => until !== undefined).length
    const up = drawn > 0 ? `\u001B[${drawn}A` : ''
    write(`${up}${[`[+] Running ${done}/${steps.size}`, ...lines].map((line) => `\u001B[2K${line}\n`).join('')}`)
    drawn = lines.length + 1
  }
  return {
    say(id, text) {
      const since = steps.get(id)?.since ?? Date.now()
      steps.set(id, { text, since, ...(doneWords.test(text) ? { until: Date.now() } : {}) })
      draw()
    },
    line(text) {
      write(`${text}\n`)
      // What is above stays where it is; the list begins anew below.
      drawn = 0
    },
  }
}
