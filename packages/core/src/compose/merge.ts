// Merges what several files say, later files over earlier ones.
// Follows https://docs.docker.com/reference/compose-file/merge/ and, where it is silent, what Docker Compose does.

import { patternTable } from './pattern.ts'
import type { Report } from './report.ts'
import { goText } from './scalar.ts'
import { describePath, isPresent, listAt, mapAt, memberOf, sameTree, scalarAt, type Tree, type TreeMap, type TreePath, withMember } from './tree.ts'

interface Merging {
  readonly path: TreePath
  readonly report: Report
}

type Rule = (base: Tree, overlay: Tree, merging: Merging) => Tree

const replace: Rule = (_, overlay) => overlay
const append: Rule = (base, overlay) => listAt(base, [...sequenceOf(base), ...sequenceOf(overlay)])

const rules = patternTable<Rule>({
  'networks.*.ipam.config': mergePools,
  'networks.*.labels': append,
  'volumes.*.labels': append,
  'services.*.annotations': append,
  'services.*.build': mergeBuild,
  'services.*.build.args': append,
  'services.*.build.additional_contexts': append,
  'services.*.build.extra_hosts': appendNew,
  'services.*.build.labels': append,
  'services.*.command': replace,
  'services.*.depends_on': mergeNames('service_started'),
  'services.*.deploy.labels': append,
  'services.*.dns': append,
  'services.*.dns_opt': append,
  'services.*.dns_search': append,
  'services.*.entrypoint': replace,
  'services.*.env_file': append,
  'services.*.label_file': append,
  'services.*.environment': append,
  'services.*.extra_hosts': appendNew,
  'services.*.healthcheck.test': replace,
  'services.*.labels': append,
  'services.*.logging': mergeLogging,
  'services.*.models': mergeNames(),
  'services.*.networks': mergeNames(),
  'services.*.sysctls': append,
  'services.*.tmpfs': append,
  'services.*.ulimits.*': replace,
})

/** The overlay over the base: mappings by key, lists one after the other, unless the place has a rule of its own. */
export function mergeTrees(base: Tree, overlay: Tree, merging: Merging): Tree {
  const rule = rules.find(merging.path)
  if (rule) return rule(base, overlay, merging)
  if (!isPresent(overlay)) return base
  if (base.kind === 'map' && overlay.kind === 'map') return mergeMaps(base, overlay, merging)
  if (base.kind === 'list' && overlay.kind === 'list') return listAt(base, [...base.items, ...overlay.items])
  if (base.kind === 'scalar') return overlay
  const what = describePath(merging.path)
  merging.report.error(
    overlay,
    'compose-merge',
    `${what} can't be merged with what an earlier file says: there it is a ${base.kind === 'map' ? 'mapping' : 'list'}.`,
  )
  return base
}

function mergeMaps(base: TreeMap, overlay: TreeMap, { path, report }: Merging): TreeMap {
  const entries = new Map(base.entries)
  for (const [key, value] of overlay.entries) {
    const before = entries.get(key)
    entries.set(key, before === undefined ? value : mergeTrees(before, value, { path: [...path, key], report }))
  }
  return { ...base, entries }
}

/** A mapping as the list it could have been, in order of its texts. */
function sequenceOf(tree: Tree): readonly Tree[] {
  if (tree.kind === 'list') return tree.items
  if (tree.kind === 'scalar') return typeof tree.value === 'string' ? [tree] : []
  const texts = [...tree.entries].flatMap(([key, value]): Tree[] => {
    if (value.kind === 'list') return value.items.map((item) => scalarAt(item, `${key}=${item.kind === 'scalar' ? goText(item.value) : ''}`))
    if (!isPresent(value)) return [scalarAt(value, key)]
    return [scalarAt(value, `${key}=${value.kind === 'scalar' ? goText(value.value) : ''}`)]
  })
  return texts.toSorted((a, b) => compareTexts(String((a as { value?: unknown }).value), String((b as { value?: unknown }).value)))
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function appendNew(base: Tree, overlay: Tree): Tree {
  const before = sequenceOf(base)
  return listAt(base, [...before, ...sequenceOf(overlay).filter((item) => !before.some((one) => sameTree(one, item)))])
}

function mergeBuild(base: Tree, overlay: Tree, merging: Merging): Tree {
  const whole = (tree: Tree): TreeMap => (tree.kind === 'map' ? tree : mapAt(tree, tree.kind === 'scalar' && tree.value !== null ? [['context', tree]] : []))
  return mergeMaps(whole(base), whole(overlay), merging)
}

/** Lists of names are mappings: `[db]` is `{db: }`, or with the condition a dependency has by default. */
function mergeNames(condition?: string): Rule {
  const whole = (tree: Tree): TreeMap => {
    if (tree.kind === 'map') return tree
    const names = tree.kind === 'list' ? tree.items : []
    return mapAt(
      tree,
      names.map((item) => [item.kind === 'scalar' ? goText(item.value) : '', condition === undefined ? scalarAt(item, null) : dependency(item, condition)]),
    )
  }
  return (base, overlay, merging) => mergeMaps(whole(base), whole(overlay), merging)
}

function dependency(item: Tree, condition: string): TreeMap {
  return mapAt(item, [
    ['condition', scalarAt(item, condition)],
    ['required', scalarAt(item, true)],
  ])
}

/** Options of another driver have no meaning for this one. */
function mergeLogging(base: Tree, overlay: Tree, merging: Merging): Tree {
  if (base.kind !== 'map' || overlay.kind !== 'map') return overlay
  const [a, b] = [memberOf(base, 'driver'), memberOf(overlay, 'driver')]
  return a && b && !sameTree(a, b) ? overlay : mergeMaps(base, overlay, merging)
}

/** The overlay's pools, each over the one with the same subnet. */
function mergePools(base: Tree, overlay: Tree, merging: Merging): Tree {
  if (base.kind !== 'list' || overlay.kind !== 'list') return overlay
  const items = overlay.items.map((pool): Tree => {
    const subnet = memberOf(pool, 'subnet')
    const same = base.items.find((one) => {
      const other = memberOf(one, 'subnet')
      return subnet === undefined ? other === undefined : other !== undefined && sameTree(other, subnet)
    })
    return same?.kind === 'map' && pool.kind === 'map' ? mergeMaps(same, pool, merging) : pool
  })
  return listAt(overlay, items)
}

/** The tree without the values at these paths: what a later file clears or replaces whole. */
export function clearPaths(tree: Tree, paths: readonly TreePath[]): Tree {
  return paths.reduce<Tree>((current, path) => clearPath(current, path), tree)
}

function clearPath(tree: Tree, path: TreePath): Tree {
  const [key, ...rest] = path
  const child = key === undefined ? undefined : memberOf(tree, key)
  if (key === undefined || child === undefined || tree.kind !== 'map') return tree
  return withMember(tree, key, rest.length === 0 ? undefined : clearPath(child, rest))
}
