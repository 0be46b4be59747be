// Loaded before a Node.js program's own code: moves the ports it listens on, and finds the services it calls.
// PUSHWAY_PORTS: "3000=20001,…" (what the program listens on = where it really does, on the loopback address).
// PUSHWAY_SERVICES: "user-db:5432=127.0.0.1:20007,…" (what it dials = where that is).
'use strict'

const net = require('node:net')
const dns = require('node:dns')
const { syncBuiltinESMExports } = require('node:module')

const loopback = '127.0.0.1'
const loopbackNames = new Set(['localhost', loopback, '0.0.0.0', '::1', '::', '[::1]'])

function pairs(text) {
  return (text || '')
    .split(',')
    .filter((entry) => entry.includes('='))
    .map((entry) => {
      const cut = entry.lastIndexOf('=')
      return [entry.slice(0, cut), entry.slice(cut + 1)]
    })
}

const ports = new Map(pairs(process.env.PUSHWAY_PORTS).map(([target, host]) => [Number(target), Number(host)]))
const ownHostPorts = new Set(ports.values())
const services = new Map(pairs(process.env.PUSHWAY_SERVICES))

// PUSHWAY_HOSTS: "user-db=127.64.1.2,…" (names that have an address of their own on this machine, on all of its ports).
const hosts = new Map(pairs(process.env.PUSHWAY_HOSTS))

// Each other service name gets a loopback address of its own in this program, so that a name resolved first and dialled later is still known.
const addressOf = new Map()
const nameOf = new Map()
for (const [name, address] of hosts) {
  addressOf.set(name, address)
  nameOf.set(address, name)
}
for (const key of services.keys()) {
  const name = key.slice(0, key.lastIndexOf(':'))
  if (addressOf.has(name)) continue
  const n = addressOf.size + 1
  const address = `127.77.${Math.floor(n / 250)}.${(n % 250) + 1}`
  addressOf.set(name, address)
  nameOf.set(address, name)
}

function isPort(value) {
  return (typeof value === 'number' && Number.isInteger(value)) || (typeof value === 'string' && /^\d+$/.test(value))
}

/** Where `listen(port)` really goes; undefined: where it says. */
function hostPortFor(port) {
  if (!isPort(port)) return undefined
  const number = Number(port)
  if (ports.has(number)) return ports.get(number)
  return ownHostPorts.has(number) ? number : undefined
}

const listen = net.Server.prototype.listen
net.Server.prototype.listen = function pushwayListen(...args) {
  const [first, second] = args
  if (isPort(first)) {
    const port = hostPortFor(first)
    if (port !== undefined) {
      args[0] = port
      if (typeof second === 'string') args[1] = loopback
      else args.splice(1, 0, loopback)
    }
  } else if (first !== null && typeof first === 'object' && !(first instanceof net.Socket)) {
    const port = first.path === undefined && first.fd === undefined ? hostPortFor(first.port) : undefined
    if (port !== undefined) args[0] = { ...first, port, host: loopback, ipv6Only: false }
  }
  return listen.apply(this, args)
}

/** Where a connection to host:port really goes; undefined: where it says. */
function destinationOf(host, port) {
  const number = Number(port)
  const name = typeof host === 'string' ? host.toLowerCase().replace(/\.$/, '') : 'localhost'
  if (loopbackNames.has(name)) return ports.has(number) ? { host: loopback, port: ports.get(number) } : undefined
  const found = services.get(`${nameOf.get(name) || name}:${number}`)
  if (found === undefined) return undefined
  const cut = found.lastIndexOf(':')
  return { host: found.slice(0, cut), port: Number(found.slice(cut + 1)) }
}

function redirected(options) {
  if (options === null || typeof options !== 'object' || options.path || !isPort(options.port)) return options
  const to = destinationOf(options.host, options.port)
  return to === undefined ? options : { ...options, ...to }
}

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function pushwayConnect(...args) {
  const [first, second] = args
  if (Array.isArray(first)) {
    // Node.js' own callers hand over arguments that they have put in order already.
    first[0] = redirected(first[0])
  } else if (isPort(first)) {
    const to = destinationOf(typeof second === 'string' ? second : undefined, first)
    if (to !== undefined) args.splice(0, typeof second === 'string' ? 2 : 1, to.port, to.host)
  } else {
    args[0] = redirected(first)
  }
  return connect.apply(this, args)
}

/** A service's own address in the shape the caller asked for. */
function lookupAnswer(host, options) {
  const address = typeof host === 'string' ? addressOf.get(host.toLowerCase()) : undefined
  if (address === undefined) return undefined
  const entry = { address, family: 4 }
  return { entry, all: typeof options === 'object' && options !== null && options.all === true }
}

const lookup = dns.lookup
dns.lookup = function pushwayLookup(...args) {
  const [host, options, callback] = args
  const done = typeof options === 'function' ? options : callback
  const found = lookupAnswer(host, options)
  if (found === undefined || typeof done !== 'function') return lookup.apply(dns, args)
  process.nextTick(() => (found.all ? done(null, [found.entry]) : done(null, found.entry.address, 4)))
  return {}
}

const promised = dns.promises.lookup
dns.promises.lookup = async function pushwayLookup(host, options) {
  const found = lookupAnswer(host, options)
  if (found === undefined) return promised.call(dns.promises, host, options)
  return found.all ? [found.entry] : found.entry
}

syncBuiltinESMExports()
