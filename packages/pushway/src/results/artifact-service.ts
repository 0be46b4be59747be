// github.actions.results.api.v1.ArtifactService: artifacts of one run, for its own jobs.

import { artifactExpiry, artifactNameProblem } from '@pushway/core/results/artifact.ts'
import type { ArtifactRow } from '../ports/results.ts'
import { TwirpError } from './answers.ts'
import type { ResultsContext } from './context.ts'
import * as shapes from './schema.ts'
import { type JobClaims, jobBackendId } from './tokens.ts'
import { digestOf, newUploadId, removeUpload } from './uploads.ts'

export interface ServiceCall {
  readonly claims: JobClaims
  readonly body: string
  /** The server as the caller reaches it. */
  readonly base: string
}

type Method = (context: ResultsContext, call: ServiceCall) => Promise<object> | object

/** The methods of the service, by name. */
export const artifactMethods: Readonly<Record<string, Method>> = {
  CreateArtifact: createArtifact,
  FinalizeArtifact: finalizeArtifact,
  ListArtifacts: listArtifacts,
  GetSignedArtifactURL: signArtifact,
  DeleteArtifact: deleteArtifact,
}

/** Only a job's own run is reached with its token. @throws TwirpError */
function checkRun({ claims }: ServiceCall, run: string): void {
  if (run !== claims.run) throw new TwirpError('permission_denied', 'the token is not for this workflow run')
}

/** Writing is done in a job's own name. @throws TwirpError */
function checkJob(call: ServiceCall, request: { workflow_run_backend_id: string; workflow_job_run_backend_id: string }): void {
  checkRun(call, request.workflow_run_backend_id)
  if (request.workflow_job_run_backend_id !== jobBackendId(call.claims)) throw new TwirpError('permission_denied', 'the token is not for this job')
}

function createArtifact(context: ResultsContext, call: ServiceCall): object {
  const request = shapes.readRequest(shapes.createArtifact, call.body)
  checkJob(call, request)
  const problem = artifactNameProblem(request.name)
  if (problem !== undefined) throw new TwirpError('invalid_argument', problem)
  const { project, run, attempt, job } = call.claims
  const at = context.now()
  dropUnfinished(context, call, request.name)
  const expiresAt = artifactExpiry(at, request.expires_at ?? undefined)
  const mime = /^[\w.+-]+\/[\w.+-]+$/.test(request.mime_type ?? '') ? (request.mime_type as string) : 'application/zip'
  const row = context.store.addArtifact({ project, run, attempt, job, name: request.name, upload: newUploadId(), mime, at, expiresAt })
  if (!row) throw new TwirpError('already_exists', 'an artifact with this name already exists on the workflow run')
  return { ok: true, signed_upload_url: context.sign(call.base, row.upload, 'write') }
}

/** An upload of the same job that broke off does not keep its name. */
function dropUnfinished(context: ResultsContext, { claims }: ServiceCall, name: string): void {
  const left = context.store.artifacts(claims.run).find((row) => row.name === name && row.attempt === claims.attempt && row.job === claims.job && !row.ready)
  if (!left) return
  context.store.removeArtifact(left.id)
  void removeUpload(context, left.upload)
}

async function finalizeArtifact(context: ResultsContext, call: ServiceCall): Promise<object> {
  const request = shapes.readRequest(shapes.finalizeArtifact, call.body)
  checkJob(call, request)
  const { run, attempt, job } = call.claims
  const row = context.store.artifacts(run).find((one) => one.name === request.name && one.attempt === attempt && one.job === job && !one.ready)
  if (!row) throw new TwirpError('not_found', 'no artifact of this name is being uploaded by this job')
  const { digest, size } = await digestOf(context, row.upload)
  if (size !== request.size) throw new TwirpError('failed_precondition', `the upload has ${size} bytes, not ${request.size}: it is not whole`)
  if (request.hash && request.hash !== digest) throw new TwirpError('failed_precondition', `the upload has the digest ${digest}, not ${request.hash}`)
  context.store.finishArtifact(row.id, { size, digest })
  return { ok: true, artifact_id: String(row.id) }
}

function listArtifacts(context: ResultsContext, call: ServiceCall): object {
  const request = shapes.readRequest(shapes.listArtifacts, call.body)
  checkRun(call, request.workflow_run_backend_id)
  const { name_filter: name, id_filter: id } = request
  const rows = readyArtifacts(context, call.claims.run).filter((row) => (name ? row.name === name : true) && (id ? row.id === id : true))
  return { artifacts: rows.map(describe) }
}

function describe(row: ArtifactRow): object {
  return {
    workflow_run_backend_id: row.run,
    workflow_job_run_backend_id: jobBackendId(row),
    database_id: String(row.id),
    name: row.name,
    size: String(row.size),
    created_at: new Date(row.createdAt).toISOString(),
    ...(row.digest === undefined ? {} : { digest: row.digest }),
  }
}

/** Newest first. */
function readyArtifacts(context: ResultsContext, run: string): readonly ArtifactRow[] {
  return context.store.artifacts(run).filter((row) => row.ready && row.expiresAt > context.now())
}

/** Of several attempts' artifacts of one name: the named job's, else the newest. */
function named(context: ResultsContext, call: ServiceCall): ArtifactRow {
  const request = shapes.readRequest(shapes.nameArtifact, call.body)
  checkRun(call, request.workflow_run_backend_id)
  const rows = readyArtifacts(context, call.claims.run).filter((row) => row.name === request.name)
  const row = rows.find((one) => jobBackendId(one) === request.workflow_job_run_backend_id) ?? rows[0]
  if (!row) throw new TwirpError('not_found', `there is no artifact ${JSON.stringify(request.name)}`)
  return row
}

function signArtifact(context: ResultsContext, call: ServiceCall): object {
  return { signed_url: context.sign(call.base, named(context, call).upload, 'read') }
}

async function deleteArtifact(context: ResultsContext, call: ServiceCall): Promise<object> {
  const row = named(context, call)
  context.store.removeArtifact(row.id)
  await removeUpload(context, row.upload)
  return { ok: true, artifact_id: String(row.id) }
}
