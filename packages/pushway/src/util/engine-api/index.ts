// The Engine API of Docker and Podman.

export { createEngine, type Engine, EngineRefusal, type EngineVersion, enginePings, type RawConnection, refused, unlessMissing } from './client.ts'
export { type EventOrState, followEvents, pastEvents } from './events.ts'
export { type ExecRequest, runExec, type StartedExec, startExec } from './exec.ts'
export { describeAddress, type EngineAddress, findEngine } from './find.ts'
export { type OutputChunk, readJsonLines, readLines, readOutput } from './frames.ts'
export { buildImage, findImage, hasBuildKit, loadImages, pullImage, readProgress, StreamProblem, splitReference } from './images.ts'
export * from './schema.ts'
