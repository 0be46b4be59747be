// What a service's image is called.

import type { ServiceModel } from '@pushway/core/compose/app/model.ts'

/** The image of a service; one that is built has the project's name before its own. */
export function imageName(project: string, key: string, { image }: ServiceModel): string {
  return image || `${project}-${key}`
}
