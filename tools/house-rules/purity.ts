// What code may not do: clocks and chance in the core, shells anywhere, decisions by a driver's name.

import type { Node } from '@babel/types'
import { layerOf } from './layers.ts'
import type { Finding, SourceFile } from './source.ts'
import { lastName, lineOf, type Visit, walk } from './walk.ts'

type Rule = (source: SourceFile, visit: Visit) => string | undefined

const rules: Readonly<Record<string, Rule>> = { 'core-pure': impureInCore, 'no-shell': startsShell, 'driver-names': comparesDriver }

/** Clock, chance or ids in the core; `exec` and `shell: true`; comparisons with driver names outside drivers and the composition root. */
export function checkPurity(sources: readonly SourceFile[]): readonly Finding[] {
  return sources.filter((source) => source.kind === 'source').flatMap(checkFile)
}

function checkFile(source: SourceFile): readonly Finding[] {
  const found: Finding[] = []
  for (const visit of walk(source.ast.program)) {
    for (const [rule, check] of Object.entries(rules)) {
      const message = check(source, visit)
      if (message !== undefined) found.push({ rule, path: source.path, line: lineOf(visit.node), message })
    }
  }
  return found
}

const impure = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID', 'crypto.getRandomValues'])

function impureInCore(source: SourceFile, { node }: Visit): string | undefined {
  if (layerOf(source.path) !== 'core') return undefined
  if (node.type === 'NewExpression' && lastName(node.callee) === 'Date' && node.arguments.length === 0) {
    return 'new Date() reads the clock; take the time as an argument.'
  }
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return undefined
  const name = `${node.object.name}.${lastName(node.property)}`
  return impure.has(name) ? `${name} makes the core depend on more than its arguments; take the value as an argument.` : undefined
}

const starters = new Set(['spawn', 'spawnSync', 'execFile', 'execFileSync', 'fork'])

function startsShell(_source: SourceFile, { node, parent }: Visit): string | undefined {
  if (node.type === 'ImportDeclaration' && /^(node:)?child_process$/.test(node.source.value)) {
    const names = node.specifiers.map((s) => (s.type === 'ImportSpecifier' ? lastName(s.imported) : '*'))
    return names.some((name) => name === 'exec' || name === 'execSync')
      ? 'exec runs a string in a shell; use spawn or execFile with an argument array.'
      : undefined
  }
  if (node.type === 'CallExpression' && starters.has(lastName(node.callee) ?? '')) {
    const shells = node.arguments.flatMap((argument) => (argument.type === 'ObjectExpression' ? argument.properties : []))
    return shells.some(isShellOption) ? 'shell must be false: give an argument array.' : undefined
  }
  return isShellOption(node) && parent?.type === 'ObjectExpression' && isTrue(node) ? 'shell must be false: give an argument array.' : undefined
}

function isShellOption(node: Node): boolean {
  return node.type === 'ObjectProperty' && lastName(node.key) === 'shell' && !(node.value.type === 'BooleanLiteral' && !node.value.value)
}

function isTrue(node: Node): boolean {
  return node.type === 'ObjectProperty' && node.value.type === 'BooleanLiteral' && node.value.value
}

const driverNames = new Set(['docker', 'kubernetes', 'haproxy', 'embedded', 'process', 'fake'])

function comparesDriver(source: SourceFile, { node, parent }: Visit): string | undefined {
  // The parser of pushway.yml reads the names; the composition root and the drivers are where they mean something.
  if (['drivers', 'main'].includes(layerOf(source.path) ?? 'main') || source.path.startsWith('packages/core/src/project/')) return undefined
  if (node.type === 'SwitchCase' && node.test?.type === 'StringLiteral' && parent?.type === 'SwitchStatement' && aboutDriver(parent.discriminant)) {
    return driverNames.has(node.test.value) ? named(node.test.value) : undefined
  }
  if (node.type !== 'BinaryExpression' || !/^[!=]==?$/.test(node.operator)) return undefined
  const [literal, other] = node.left.type === 'StringLiteral' ? [node.left, node.right] : [node.right, node.left]
  return literal.type === 'StringLiteral' && driverNames.has(literal.value) && aboutDriver(other) ? named(literal.value) : undefined
}

function aboutDriver(node: Node): boolean {
  return /runtime|driver|router|builder|engine|backend/i.test(lastName(node) ?? '')
}

function named(driver: string): string {
  return `a decision by the name "${driver}": add what is needed to the port's capabilities, and ask those.`
}
