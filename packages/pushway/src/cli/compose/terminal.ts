// Connects this program's input to what runs in a container; a terminal is given over whole, with its size.

import type { RawConnection } from '../../util/engine-api/index.ts'

interface TerminalWishes {
  readonly tty: boolean
  readonly resize: (size: { readonly columns: number; readonly rows: number }) => Promise<void>
}

/** Gives what ends the connection. */
export function connectTerminal(connection: RawConnection, { tty, resize }: TerminalWishes): () => void {
  const { stdin, stdout } = process
  const send = (bytes: Buffer) => void connection.input.write(bytes)
  const end = () => connection.endInput()
  const tellSize = () => void resize({ columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 }).catch(() => undefined)
  stdin.on('data', send).once('end', end)
  connection.input.on('error', () => undefined)
  if (tty) {
    stdin.setRawMode(true)
    stdout.on('resize', tellSize)
    tellSize()
  }
  return () => {
    stdin.off('data', send).off('end', end)
    if (tty) stdin.setRawMode(false)
    stdout.off('resize', tellSize)
    stdin.pause()
    stdin.unref?.()
  }
}
