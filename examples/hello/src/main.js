'use strict'

const { createService } = require('./service.js')
const { version } = require('./version.js')

const log = (line) => process.stdout.write(`${new Date().toISOString()} ${line}\n`)
const port = Number(process.env.PORT || 3000)
const { server, stop } = createService({ opening: process.env.GREETING || 'Hello', log })

server.on('error', (error) => {
  log(`cannot listen on port ${port}: ${error.message}`)
  process.exit(1)
})
server.listen(port, () => log(`hello ${version} listens on port ${server.address().port}`))

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    log(`${signal}: answering what is in flight, then stopping`)
    setTimeout(() => process.exit(1), 10_000).unref()
    await stop()
    log('stopped')
    process.exit(0)
  })
}
