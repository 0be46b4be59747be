// What is asked for: from standard input when something is piped in, at the terminal when there is one; never waiting for nobody.

import { text as readText } from 'node:stream/consumers'
import { fail } from '@pushway/core/reason/errors.ts'

/** Whether somebody can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true
}

/** One line from the terminal. @throws PushwayError `usage` when there is none, with `hint` */
export async function ask(question: string, { hidden = false, hint }: { readonly hidden?: boolean; readonly hint: string }): Promise<string> {
  if (!canAsk()) throw fail('usage', { problem: `${question} is needed, and there is no terminal to ask at.`, hint })
  process.stderr.write(`${question}: `)
  const answer = await (hidden ? readHidden() : readLine())
  if (answer === '') throw fail('usage', { problem: `${question} is needed.`, hint })
  return answer
}

/** A secret value: the whole standard input without its last line end, or a hidden line at the terminal. @throws PushwayError `usage` when it is empty */
export async function readValue(what: string, hint: string): Promise<string> {
  if (canAsk()) return ask(what, { hidden: true, hint })
  const value = await readInput()
  if (value === '') throw fail('usage', { problem: `${what} is empty.`, hint })
  return value
}

/** All of standard input without its last line end. @throws PushwayError `usage` at a terminal, where it would wait for nobody knows what */
export async function readInput(): Promise<string> {
  if (process.stdin.isTTY) throw fail('usage', { problem: 'Nothing is piped in.', hint: 'Write: … < FILE, or: printf %s VALUE | pushway …' })
  return (await readText(process.stdin)).replace(/\r?\n$/, '')
}

async function readLine(): Promise<string> {
  const { createInterface } = await import('node:readline/promises')
  const lines = createInterface({ input: process.stdin, terminal: false })
  for await (const line of lines) {
    lines.close()
    return line.trim()
  }
  return ''
}

/** Reads key by key, so that nothing is echoed; Ctrl-C and Ctrl-D give up. */
function readHidden(): Promise<string> {
  const { stdin, stderr } = process
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  return new Promise((resolve, reject) => {
    let typed = ''
    const end = () => {
      stdin.setRawMode(false)
      stdin.pause()
      stdin.off('data', onData)
      stderr.write('\n')
    }
    const onData = (chunk: string) => {
      for (const key of chunk) {
        if (key === '\r' || key === '\n' || key === '\u0004') {
          end()
          return resolve(typed)
        }
        if (key === '\u0003') {
          end()
          return reject(fail('usage', { problem: 'Given up.', hint: '' }))
        }
        typed = key === '\u007F' || key === '\b' ? typed.slice(0, -1) : typed + key
      }
    }
    stdin.on('data', onData)
    stdin.resume()
  })
}
