// The Settings port: secrets and variables, per project and environment.

import type { EnvironmentName, EpochMs, ProjectName } from '@pushway/core/text/ids.ts'
import type { Secret } from '../util/secret.ts'

/** Where a setting belongs; no environment: the whole project. */
export interface SettingScope {
  readonly project: ProjectName
  readonly environment: EnvironmentName | undefined
}

/**
 * Secrets are sealed at rest, and every new value is a new version: releases pin versions, so old ones are kept. Durable when a call returns.
 * An environment's value hides the project's of the same name.
 */
export interface Settings {
  setSecret(scope: SettingScope, secret: { name: string; value: Secret; by: string; at: EpochMs }): number
  /** The secrets a job or release of that environment sees: the project's, overridden by the environment's. */
  secrets(scope: SettingScope): Readonly<Record<string, { readonly value: Secret; readonly version: number }>>
  /** One secret at the version a release pinned. */
  secretAt(scope: SettingScope, name: string, version: number): Secret | undefined
  secretNames(project: ProjectName): readonly { name: string; environment?: string; version: number }[]
  setVariable(scope: SettingScope, variable: { name: string; value: string; by: string; at: EpochMs }): void
  variables(scope: SettingScope): Readonly<Record<string, string>>
  variableList(project: ProjectName): readonly { name: string; environment?: string; value: string }[]
  /** Seals and opens other small secrets (webhook keys) with the same key. */
  seal(value: Secret): Uint8Array
  open(sealed: Uint8Array): Secret
}
