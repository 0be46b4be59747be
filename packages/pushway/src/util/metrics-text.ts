// Prometheus' text format: pure.

export interface MetricHeading {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
}

/** A metric with its lines; nothing when it has none. */
export function renderMetric({ name, type, help }: MetricHeading, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines]
}

/** `{name="value",…}`, escaped. */
export function renderLabels(values: Readonly<Record<string, string>>): string {
  const parts = Object.entries(values).map(([name, value]) => `${name}="${value.replace(/["\\\n]/g, (c) => (c === '\n' ? '\\n' : `\\${c}`))}"`)
  return `{${parts.join(',')}}`
}
