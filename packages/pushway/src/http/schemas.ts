// Shapes of what comes in: bodies and queries of the API.

import { z } from 'zod'
import { isProjectName } from '../git/names.ts'

const text = z.string().max(10_000)

export const why = z.object({ why: text.default('') })
export const whyRequired = z.object({ why: text.min(1, 'say why') })
export const approval = z.object({ why: text.default(''), contentDigest: z.string().max(200).optional() })
export const projectName = z.string().refine(isProjectName, 'must be owner/name of letters, digits, "-", "_" and "."')
export const settingName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'must be letters, digits and "_", not beginning with a digit')
export const roleName = z.enum(['admin', 'write', 'read'])

/** A query's number. */
export function count(fallback: number, max: number) {
  return z.coerce.number().int().min(0).max(max).default(fallback)
}

/** A query's switch: `?follow=1`. */
export const flag = z
  .enum(['0', '1', 'true', 'false'])
  .default('0')
  .transform((value) => value === '1' || value === 'true')

export const limit = z.object({ limit: count(50, 1000) })
export const environmentQuery = z.object({ environment: z.string().max(200).optional() })
