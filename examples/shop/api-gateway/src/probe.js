'use strict'

// Asks this container's own service; exit 0 when it answers 200. For health checks: needs no curl.
const { get } = require('node:http')

const path = process.argv[2] || '/health'
const request = get({ host: '127.0.0.1', port: Number(process.env.PORT || 3000), path, timeout: 1500 }, (response) => {
  process.exit(response.statusCode === 200 ? 0 : 1)
})
request.on('timeout', () => process.exit(1))
request.on('error', () => process.exit(1))
