// The words in which the attributes of the Compose Specification are described: what a file may write, and what `config` prints.

/** The types of JSON Schema that a value may have. */
export type Primitive = 'string' | 'number' | 'integer' | 'boolean' | 'null'

/** One form that a value may be written in. */
export type Form =
  | Primitive
  | { readonly kind: 'list'; readonly of: Attribute; readonly unique?: boolean }
  | MapForm
  | { readonly kind: 'dict'; readonly of: Attribute; readonly key?: RegExp; readonly open?: boolean }

/** A mapping with known keys. `extra`: what else may be in it. */
export interface MapForm {
  readonly kind: 'map'
  readonly fields: Fields
  readonly required?: readonly string[]
  readonly extra: 'x-' | 'any' | 'none'
}

/** Attributes by key, in the order that `config` prints them. */
export type Fields = Readonly<Record<string, Attribute>>

/** How a value is printed once it is normalised. Names that end in `?` are kept when they are zero or false. */
export type Shape =
  | { readonly kind: ScalarShape }
  | { readonly kind: 'object'; readonly fields: Fields; readonly jsonKeys?: 'capital' }
  | { readonly kind: 'list' | 'dict'; readonly of: Shape }

type ScalarShape =
  | 'text'
  | 'bool'
  | 'bool?'
  | 'int'
  | 'int?'
  | 'float'
  | 'bytes'
  | 'duration'
  | 'duration?'
  | 'command'
  | 'texts'
  | 'mapping'
  | 'options'
  | 'multi-options'
  | 'environment'
  | 'hosts'
  | 'file-mode'
  | 'count'
  | 'health-test'
  | 'ulimit'
  | 'env-file'
  | 'ssh'
  | 'external'
  /** As it is written. */
  | 'any'
  /** Read, and not printed by Docker's own `config` either. */
  | 'unprinted'

export interface Attribute {
  readonly forms: readonly Form[]
  readonly shape: Shape
  readonly words?: readonly string[]
  /** A pattern that text must contain. */
  readonly pattern?: RegExp
  readonly min?: number
  readonly max?: number
  /** `json`: printed in JSON also when it is empty. `both`: printed also when it is empty or zero. */
  readonly keep?: 'json' | 'both'
}

type Limits = Pick<Attribute, 'words' | 'pattern' | 'min' | 'max' | 'keep'>

function attribute(kind: ScalarShape, forms: readonly Form[], limits: Limits = {}): Attribute {
  return { forms, shape: { kind }, ...limits }
}

/** Text only. */
export const text = (limits?: Limits): Attribute => attribute('text', ['string'], limits)
/** `true`, `false`, or text that says one. */
export const flag = (limits?: Limits): Attribute => attribute('bool', ['boolean', 'string'], limits)
/** A flag whose `false` differs from being absent. */
export const optionalFlag = (): Attribute => attribute('bool?', ['boolean', 'string'])
/** A whole number, or text that says one. */
export const integer = (limits?: Limits): Attribute => attribute('int', ['integer', 'string'], limits)
/** A whole number that is kept when it is 0. */
export const optionalInteger = (limits?: Limits): Attribute => attribute('int?', ['integer', 'string'], limits)
/** A number, or text that says one. */
export const decimal = (limits?: Limits): Attribute => attribute('float', ['number', 'string'], limits)
/** A size: bytes, or text such as `64m`. */
export const bytes = (...forms: readonly Primitive[]): Attribute => attribute('bytes', forms)
/** A length of time such as `1m30s`. */
export const duration = (): Attribute => attribute('duration', ['string'])
/** A length of time that is kept when it is 0. */
export const optionalDuration = (): Attribute => attribute('duration?', ['string'])
/** A shape of its own. */
export const special = (kind: ScalarShape, forms: readonly Form[], limits?: Limits): Attribute => attribute(kind, forms, limits)

const anyText: Attribute = text()

/** A list of text, each once. */
export const uniqueTexts = (): Attribute => attribute('texts', [{ kind: 'list', of: anyText, unique: true }])
/** A list of text. */
export const texts = (): Attribute => attribute('texts', [{ kind: 'list', of: anyText }])
/** One text, or a list of them. */
export const textOrTexts = (unique = true): Attribute => attribute('texts', ['string', { kind: 'list', of: anyText, unique }])

const plainValue: Attribute = attribute('any', ['string', 'number', 'boolean', 'null'])
/** `KEY: value` or `KEY=value`. */
const pairs: readonly Form[] = [
  { kind: 'dict', of: plainValue, key: /.+/ },
  { kind: 'list', of: anyText, unique: true },
]
/** `KEY: value` or `KEY=value`, printed as a mapping of text. */
export const mapping = (): Attribute => attribute('mapping', pairs)
/** The same, a key without value staying one. */
export const environment = (): Attribute => attribute('environment', pairs)
/** `KEY: value` or `KEY=value` for an attribute with a shape of its own. */
export const pairsAs = (kind: ScalarShape): Attribute => attribute(kind, pairs)
/** Options of a driver: a mapping of text and numbers. */
export const options = (): Attribute => attribute('options', [{ kind: 'dict', of: attribute('any', ['string', 'number']), key: /.+/, open: true }])
/** The command line of a process. */
export const command = (): Attribute => attribute('command', ['null', 'string', { kind: 'list', of: anyText }], { keep: 'json' })

/** A mapping with these keys. */
export function object(fields: Fields, form: Partial<Pick<MapForm, 'required' | 'extra'>> & Limits & { readonly also?: readonly Form[] } = {}): Attribute {
  const { required, extra = 'x-', also = [], ...limits } = form
  return { forms: [...also, { kind: 'map', fields, extra, ...(required ? { required } : {}) }], shape: { kind: 'object', fields }, ...limits }
}

/** A list of such values. */
export function listOf(of: Attribute, unique = false): Attribute {
  return { forms: [{ kind: 'list', of, unique }], shape: { kind: 'list', of: of.shape } }
}

/** A mapping from names to such values. `open`: other names are not checked. */
export function dictOf(of: Attribute, key: RegExp, form: { readonly open?: boolean; readonly also?: readonly Form[] } = {}): Attribute {
  return { forms: [...(form.also ?? []), { kind: 'dict', of, key, ...(form.open ? { open: true } : {}) }], shape: { kind: 'dict', of: of.shape } }
}
