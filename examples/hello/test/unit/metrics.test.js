'use strict'

const { createMetrics } = require('../../src/metrics.js')

test('counts requests by method, route and status', () => {
  const metrics = createMetrics()
  metrics.observe({ method: 'GET', route: '/', status: 200, seconds: 0.004 })
  metrics.observe({ method: 'GET', route: '/', status: 200, seconds: 0.02 })
  metrics.observe({ method: 'GET', route: '/', status: 500, seconds: 3 })
  const text = metrics.render()
  expect(text).toContain('http_requests_total{method="GET",route="/",status="200"} 2')
  expect(text).toContain('http_requests_total{method="GET",route="/",status="500"} 1')
})

test('the histogram is cumulative', () => {
  const metrics = createMetrics()
  for (const seconds of [0.004, 0.02, 3]) metrics.observe({ method: 'GET', route: '/', status: 200, seconds })
  const text = metrics.render()
  expect(text).toContain('http_request_duration_seconds_bucket{route="/",le="0.005"} 1')
  expect(text).toContain('http_request_duration_seconds_bucket{route="/",le="0.025"} 2')
  expect(text).toContain('http_request_duration_seconds_bucket{route="/",le="2.5"} 2')
  expect(text).toContain('http_request_duration_seconds_bucket{route="/",le="+Inf"} 3')
  expect(text).toContain('http_request_duration_seconds_count{route="/"} 3')
})
