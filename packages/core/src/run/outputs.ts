// GitHub's limits on what jobs hand on: 1 MB for an output, 50 MB for a run, counted as UTF-16.
// Follows https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs

const mostOfOutput = 1024 * 1024
const mostOfRun = 50 * 1024 * 1024

type Outputs = Readonly<Record<string, string>>

/** Why these outputs of one job can't be handed on; `others`: those of the run's other jobs. */
export function outputsProblem(outputs: Outputs, others: readonly Outputs[] = []): string | undefined {
  const large = Object.keys(outputs).find((name) => bytesOf(outputs[name] ?? '') > mostOfOutput)
  if (large !== undefined) return `The output ${large} has ${bytesOf(outputs[large] ?? '')} bytes (UTF-16), and ${mostOfOutput} are the most. Use an artifact.`
  const sum = [outputs, ...others].reduce((total, one) => total + Object.values(one).reduce((bytes, value) => bytes + bytesOf(value), 0), 0)
  return sum > mostOfRun ? `The outputs of this run's jobs have more than ${mostOfRun} bytes (UTF-16) together. Use artifacts.` : undefined
}

function bytesOf(text: string): number {
  return text.length * 2
}
