// The schema's history: one SQL text per version, in order. Never edit one that has been released; add another.

import { events } from './0001-events.ts'
import { registry } from './0002-registry.ts'
import { accounts } from './0003-accounts.ts'
import { images } from './0004-images.ts'
import { tokenPermissions } from './0005-token-permissions.ts'
import { results } from './0006-results.ts'
import { forge } from './0007-forge.ts'
import { signingKeys } from './0008-signing-keys.ts'
import { mirrors } from './0009-mirrors.ts'

export const migrations: readonly string[] = [events, registry, accounts, images, tokenPermissions, results, forge, signingKeys, mirrors]
