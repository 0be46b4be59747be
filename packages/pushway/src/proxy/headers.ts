// Which headers pass the proxy (RFC 9110 §7.6.1) and which ones it writes itself.

/** Belong to one connection, never to the next one; `expect` is answered by us. */
const ofConnection = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/** Say who asked: whatever a client says here about itself is replaced. */
function isClaim(name: string): boolean {
  return name === 'forwarded' || name === 'x-real-ip' || name.startsWith('x-forwarded-')
}

/** Names listed by the Connection headers of a flat list; `undefined` in the usual case that there are none but the common two. */
function named(raw: readonly string[]): Set<string> | undefined {
  let names: Set<string> | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    for (const part of (raw[i + 1] as string).split(',')) {
      const lower = part.trim().toLowerCase()
      if (lower === '' || lower === 'close' || lower === 'keep-alive') continue
      names ??= new Set()
      names.add(lower)
    }
  }
  return names
}

/** The request's headers as a target gets them: `raw` is a flat list of names and values, and so is the result. */
export function forwardedHeaders(raw: readonly string[], client: string | undefined, host: string | undefined): string[] {
  const dropped = named(raw)
  const out: string[] = []
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    const lower = name.toLowerCase()
    if (ofConnection.has(lower) || isClaim(lower) || dropped?.has(lower)) continue
    out.push(name, raw[i + 1] as string)
  }
  out.push('X-Forwarded-For', client?.startsWith('::ffff:') ? client.slice(7) : (client ?? 'unknown'), 'X-Forwarded-Proto', 'http')
  if (host !== undefined) out.push('X-Forwarded-Host', host)
  return out
}

/** An answer's headers as the client gets them, from undici's flat list of bytes. */
export function answeredHeaders(raw: readonly (Buffer | string)[]): string[] {
  const all: string[] = new Array(raw.length)
  for (let i = 0; i < raw.length; i++) all[i] = (raw[i] as Buffer).toString('latin1')
  const dropped = named(all)
  const out: string[] = []
  for (let i = 0; i < all.length; i += 2) {
    const lower = (all[i] as string).toLowerCase()
    if (ofConnection.has(lower) || dropped?.has(lower)) continue
    out.push(all[i] as string, all[i + 1] as string)
  }
  return out
}
