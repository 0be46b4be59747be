// One push: the body streams into git, its answer streams back, and before the last packet the pusher is shown what the push has started.

import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { PushwayError } from '@pushway/core/reason/errors.ts'
import type { ProjectName } from '@pushway/core/text/ids.ts'
import type { Principal } from '../ports/principal.ts'
import { flushPacket, PacketReader, packetLine, progressPackets } from './packet.ts'
import { confirmUpdates, PushHeadReader } from './push-head.ts'
import { spawnGit } from './run-git.ts'
import type { GitServer } from './server.ts'

export interface PushRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly body: Readable
  readonly project: ProjectName
  readonly principal: Principal
}

/** Answers `git-receive-pack`; returns when the pusher has everything. */
export async function receivePush(server: GitServer, request: PushRequest): Promise<void> {
  const { repositories } = server
  const { project, res, body, principal } = request
  if (!repositories.has(project)) {
    server.onCreate(project, principal)
    await repositories.create(project)
  }
  const before = await repositories.refs(project)
  const gone = new AbortController()
  res.on('close', () => gone.abort())
  const reader = new PushHeadReader()
  const child = spawnGit(repositories.context, ['receive-pack', '--stateless-rpc', repositories.path(project)])
  child.stderr.resume()
  res.writeHead(200, { 'content-type': 'application/x-git-receive-pack-result', 'cache-control': 'no-cache, max-age=0, must-revalidate' })
  feed(body, child, reader)
  const flushed = await passThrough(child, res)
  const updates = confirmUpdates(reader.head.commands, before, await repositories.refs(project))
  if (updates.length > 0) {
    await repositories.settleHead(project)
    const say = reader.head.capabilities.has('side-band-64k') && flushed ? (line: string) => void res.write(progressPackets(`${line}\n`)) : () => {}
    await announce(server, { project, updates, principal, options: reader.head.options, say, signal: gone.signal })
  }
  res.end(flushed ? flushPacket : undefined)
}

/** The body goes to git as it comes; the head is read on the way. A body that breaks off ends git too. */
function feed(body: Readable, child: ChildProcessWithoutNullStreams, reader: PushHeadReader): void {
  body.on('data', (chunk: Buffer) => reader.push(chunk))
  pipeline(body, child.stdin).catch(() => {
    if (body.errored || !body.readableEnded) child.kill()
  })
}

/** Hands on git's answer but for its last flush, which must come after our own lines. True: there was one. */
async function passThrough(child: ChildProcessWithoutNullStreams, res: ServerResponse): Promise<boolean> {
  const packets = new PacketReader()
  let held = false
  const ended = new Promise<void>((resolve) => {
    child.on('error', () => resolve())
    child.on('close', () => resolve())
  })
  for await (const chunk of child.stdout) {
    for (const packet of packets.push(chunk as Buffer)) {
      if (held) res.write(flushPacket)
      held = packet.kind === 'flush'
      if (packet.kind === 'line') res.write(packetLine(packet.bytes))
    }
  }
  await ended
  return held
}

async function announce(server: GitServer, push: Parameters<GitServer['onPush']>[0]): Promise<void> {
  try {
    await server.onPush(push)
  } catch (error) {
    if (error instanceof PushwayError) {
      push.say(`error: ${error.message}`)
      push.say(error.next)
    } else {
      push.say("error: The push was taken, but nothing could be started for it: a mistake of ours. See the server's log.")
      server.onMistake(error)
    }
  }
}
