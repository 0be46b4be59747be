// Every keyword of GitHub's own workflow schema, as a path: `on.push.branches`, `jobs.<id>.steps.run`.

import { MappingDefinition } from '@actions/workflow-parser/templates/schema/mapping-definition'
import { OneOfDefinition } from '@actions/workflow-parser/templates/schema/one-of-definition'
import { SequenceDefinition } from '@actions/workflow-parser/templates/schema/sequence-definition'
import { WORKFLOW_ROOT } from '@actions/workflow-parser/workflows/workflow-constants'
import { getWorkflowSchema } from '@actions/workflow-parser/workflows/workflow-schema'

/** Paths of all keys; a key of the user's own choice is `<id>` below `jobs` and `<name>` elsewhere. */
export function schemaKeywords(): readonly string[] {
  const { definitions } = getWorkflowSchema()
  const found = new Set<string>()
  const walk = (type: string, path: string, above: readonly string[]) => {
    const definition = definitions[type]
    if (definition instanceof OneOfDefinition) for (const one of definition.oneOf) walk(one, path, above)
    if (definition instanceof SequenceDefinition && !above.includes(type)) walk(definition.itemType, path, [...above, type])
    if (!(definition instanceof MappingDefinition) || above.includes(type)) return
    for (const [key, property] of Object.entries(definition.properties)) {
      const below = path === '' ? key : `${path}.${key}`
      found.add(below)
      walk(property.type, below, [...above, type])
    }
    if (definition.looseValueType) walk(definition.looseValueType, `${path}.${path === 'jobs' ? '<id>' : '<name>'}`, [...above, type])
  }
  walk(WORKFLOW_ROOT, '', [])
  return [...found].toSorted()
}
