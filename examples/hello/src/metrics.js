'use strict'

/** Upper bounds of the histogram's buckets, in seconds. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

/** Counts requests and their durations, and writes them in Prometheus' text format. */
function createMetrics() {
  const requests = new Map()
  const durations = new Map()

  function observe({ method, route, status, seconds }) {
    const labels = `method="${method}",route="${route}",status="${status}"`
    requests.set(labels, (requests.get(labels) ?? 0) + 1)
    const key = `route="${route}"`
    const histogram = durations.get(key) ?? { buckets: bounds.map(() => 0), count: 0, sum: 0 }
    durations.set(key, histogram)
    bounds.forEach((bound, i) => {
      if (seconds <= bound) histogram.buckets[i] += 1
    })
    histogram.count += 1
    histogram.sum += seconds
  }

  function render() {
    const lines = ['# HELP http_requests_total Requests answered.', '# TYPE http_requests_total counter']
    for (const [labels, count] of requests) lines.push(`http_requests_total{${labels}} ${count}`)
    lines.push('# HELP http_request_duration_seconds Time to answer a request.', '# TYPE http_request_duration_seconds histogram')
    for (const [labels, histogram] of durations) lines.push(...renderHistogram(labels, histogram))
    return `${lines.join('\n')}\n`
  }

  return { observe, render }
}

function renderHistogram(labels, { buckets, count, sum }) {
  const name = 'http_request_duration_seconds'
  return [
    ...bounds.map((bound, i) => `${name}_bucket{${labels},le="${bound}"} ${buckets[i]}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${count}`,
  ]
}

module.exports = { createMetrics }
