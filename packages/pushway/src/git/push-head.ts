// The head of a push request: its commands, capabilities and options, read while the stream goes by (gitprotocol-pack, "Reference Update Request").

import type { RefUpdate } from '../ports/service.ts'
import { isCommitId, isRefName } from './names.ts'
import { PacketReader } from './packet.ts'

/** A head larger than this is not read; the push itself goes on. */
const MAX_HEAD = 8 * 1024 * 1024
const ZERO = '0'.repeat(40)

export interface PushHead {
  readonly commands: readonly RefUpdate[]
  readonly capabilities: ReadonlySet<string>
  readonly options: readonly string[]
}

/** Collects a push's head from the chunks of its body. */
export class PushHeadReader {
  readonly #packets = new PacketReader()
  readonly #commands: RefUpdate[] = []
  readonly #options: string[] = []
  #capabilities: ReadonlySet<string> = new Set()
  #part: 'commands' | 'options' | 'done' = 'commands'
  #seen = 0

  /** Looks at a chunk; does nothing once the head is over. */
  push(chunk: Buffer): void {
    if (this.#over) return
    this.#seen += chunk.length
    if (this.#seen > MAX_HEAD + chunk.length) {
      this.#part = 'done'
      return
    }
    try {
      this.#read(chunk)
    } catch {
      // The pack has begun, or it is no push: git itself says what is wrong.
      this.#part = 'done'
    }
  }

  get #over(): boolean {
    return this.#part === 'done'
  }

  get head(): PushHead {
    return { commands: this.#commands, capabilities: this.#capabilities, options: this.#options }
  }

  #read(chunk: Buffer): void {
    for (const packet of this.#packets.push(chunk)) {
      if (packet.kind === 'flush') this.#part = this.#part === 'commands' && this.#capabilities.has('push-options') ? 'options' : 'done'
      else if (this.#part === 'commands') this.#command(packet.bytes.toString())
      else this.#options.push(packet.bytes.toString().replace(/\n$/, ''))
      // What follows is the pack, not packets.
      if (this.#over) return
    }
  }

  #command(line: string): void {
    const [text = '', capabilities] = line.split('\0')
    if (capabilities !== undefined) this.#capabilities = new Set(capabilities.trim().split(' '))
    const before = text.slice(0, 40)
    const after = text.slice(41, 81)
    const ref = text.slice(82).replace(/\n$/, '')
    if (isCommitId(before) && isCommitId(after) && isRefName(ref)) {
      this.#commands.push({ ref, before: before === ZERO ? null : before, after: after === ZERO ? null : after })
    }
  }
}

/** Which of the asked updates really happened, by the refs before and after. */
export function confirmUpdates(asked: readonly RefUpdate[], before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly RefUpdate[] {
  return asked.flatMap((update) => {
    const was = before.get(update.ref) ?? null
    const is = after.get(update.ref) ?? null
    return was !== is && is === update.after ? [{ ref: update.ref, before: was, after: is }] : []
  })
}
