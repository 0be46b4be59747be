// Isolation of projects' commands from Pushway's own data and from each other.

export type { IsolatedCommand, IsolateOptions, Isolation } from './command.ts'
export { guardCommand, isolateCommand, systemProgram } from './command.ts'
export { detectIsolation } from './detect.ts'
export { openHome } from './home.ts'
export { projectUid } from './project-uid.ts'
export { writeUsers } from './users.ts'
