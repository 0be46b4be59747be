// Sizes, lengths of time and flags as compose reads and prints them.

const sizeUnits: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 }

/** `64m`, `1.5GiB`, `512`, `300kb` in bytes, units of 1024; undefined for anything else. Follows compose's byte values. */
export function parseBytes(text: string): number | undefined {
  const [, amount = '', unit = ''] = /^\+?(\d+\.?\d*|\.\d+) ?([a-zA-Z]*)$/.exec(text) ?? []
  const [, letter = '', rest = ''] = /^([kmgtp]?)(|b|ib)$/.exec(unit.toLowerCase()) ?? [undefined, undefined, 'no']
  if (amount === '' || rest === 'no' || (letter === '' && rest === 'ib')) return undefined
  return Math.trunc(Number(amount) * (sizeUnits[letter] ?? 1))
}

const timeUnits: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
}
const oneLength = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w)/g

/** `1h30m`, `90s`, `1.5s`, `2d`, `0` in nanoseconds; undefined for anything else. Follows compose's durations. */
export function parseNanoseconds(text: string): bigint | undefined {
  const [, sign = '', rest = ''] = /^([-+]?)(.*)$/s.exec(text) ?? []
  if (rest === '0') return 0n
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w))+$/.test(rest)) return undefined
  let total = 0n
  for (const [, amount = '0', unit = 's'] of rest.matchAll(oneLength)) {
    const [whole = '0', fraction = ''] = amount.split('.')
    const scale = timeUnits[unit] ?? 0n
    total += BigInt(whole || '0') * scale + (fraction === '' ? 0n : (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length))
  }
  return sign === '-' ? -total : total
}

/** A length of time as Go prints it: `1m30s`, `500ms`, `1h0m0s`, `0s`. */
export function formatNanoseconds(length: bigint): string {
  if (length < 0n) return `-${formatNanoseconds(-length)}`
  if (length === 0n) return '0s'
  if (length < 1_000n) return `${length}ns`
  if (length < 1_000_000n) return `${decimalOf(length, 1_000n)}µs`
  if (length < 1_000_000_000n) return `${decimalOf(length, 1_000_000n)}ms`
  const seconds = `${decimalOf(length % 60_000_000_000n, 1_000_000_000n)}s`
  const minutes = length / 60_000_000_000n
  if (minutes === 0n) return seconds
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`
}

function decimalOf(value: bigint, unit: bigint): string {
  const rest = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '')
  return rest === '' ? String(value / unit) : `${value / unit}.${rest}`
}

/** What text says as a flag; `old` for YAML 1.1's words, which newer YAML does not have. */
export function parseFlag(text: string): { readonly value: boolean; readonly old: boolean } | undefined {
  const word = text.toLowerCase()
  if (word === 'true' || word === 'false') return { value: word === 'true', old: false }
  if (['y', 'yes', 'on'].includes(word)) return { value: true, old: true }
  return ['n', 'no', 'off'].includes(word) ? { value: false, old: true } : undefined
}

/** A whole number written as text, with a sign or without. */
export function parseWhole(text: string): number | undefined {
  return /^[-+]?\d{1,16}$/.test(text) ? Number(text) : undefined
}

/** A number written as text, as Go's ParseFloat reads it, without its hexadecimal forms. */
export function parseDecimal(text: string): number | undefined {
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined
}
