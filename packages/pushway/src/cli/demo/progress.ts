// What the demo shows while it runs: chapters, stations with their time, a spinner on a terminal and plain lines elsewhere.

import { logLine, plainLine } from '../format.ts'
import type { Screen, Style } from '../screen.ts'
import { hasColors, makeScreen } from '../screen.ts'

/** One station while it is worked on. */
export interface Station {
  /** What goes on right now; shown on a terminal only, each text in place of the one before. */
  now(text: string): void
  /** A line that stays. */
  line(text: string, style?: Style): void
  /** What stands behind the station's name once it is done. */
  result(text: string): void
}

export interface Progress {
  chapter(text: string): void
  line(text: string, style?: Style): void
  /** Does one station's work below its name; the time is shown when it is done. */
  station<T>(name: string, work: (station: Station) => Promise<T>): Promise<T>
  /** The station that is or was worked on last. */
  at(): string
  /** Ends what moves on the terminal. */
  stop(): void
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 100

/** Progress on `out`. */
export function createProgress(out: NodeJS.WriteStream): Progress {
  const { paint } = makeScreen({ colors: hasColors(out) })
  const spinner = out.isTTY === true && process.env.TERM !== 'dumb' ? createSpinner(out, paint) : undefined
  const write = (text: string) => {
    spinner?.clear()
    out.write(`${text}\n`)
    spinner?.draw()
  }
  let current = 'start'
  return {
    at: () => current,
    stop: () => spinner?.stop(),
    chapter: (text) => write(`\n${paint('bold', text)}`),
    line: (text, style) => write(`  ${paint(style, logLine(text))}`),
    async station(name, work) {
      current = name
      const began = performance.now()
      const took = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
      let ended = ''
      if (spinner) spinner.start(name)
      else write(`  … ${name}`)
      try {
        const value = await work({
          now: (text) => spinner?.say(plainLine(text)),
          line: (text, style) => write(`      ${paint(style ?? 'dim', logLine(text))}`),
          result: (text) => {
            ended = text
          },
        })
        spinner?.stop()
        write(`  ${paint('green', '✓')} ${name}${ended === '' ? '' : `  ${ended}`}  ${paint('dim', took())}`)
        return value
      } catch (error) {
        spinner?.stop()
        write(`  ${paint('red', '✗')} ${name}  ${paint('dim', took())}`)
        throw error
      }
    },
  }
}

/** The last line of a terminal, drawn again and again while something goes on. */
function createSpinner(out: NodeJS.WriteStream, paint: Screen['paint']) {
  let timer: NodeJS.Timeout | undefined
  let name = ''
  let text = ''
  let frame = 0
  let began = 0
  const clear = () => {
    if (timer) out.write('\r\u001B[2K')
  }
  const draw = () => {
    if (!timer) return
    const seconds = `${Math.floor((performance.now() - began) / 1000)} s`
    // Longer than the terminal is wide, a line could not be taken back.
    const room = (out.columns || 80) - 14
    const shown = name.slice(0, room)
    const detail = text.slice(0, Math.max(0, room - shown.length))
    out.write(`\r\u001B[2K  ${frames[frame++ % frames.length]} ${paint('cyan', shown)}  ${paint('dim', detail)}  ${seconds}`)
  }
  return {
    clear,
    draw,
    start(station: string) {
      name = station
      text = ''
      began = performance.now()
      timer ??= setInterval(draw, frameMs)
      draw()
    },
    say(next: string) {
      text = next
    },
    stop() {
      clear()
      clearInterval(timer)
      timer = undefined
    },
  }
}
