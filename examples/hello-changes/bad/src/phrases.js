'use strict'

const { setTimeout: sleep } = require('node:timers/promises')

/** Connections to the phrase store. */
const poolSize = 1

/** How long the phrase store takes to answer, in milliseconds. */
const storeLatency = 120

const phrases = ['Have a good day.', 'Nice to see you.', 'Welcome back.', 'Make yourself at home.']

/** Hands out at most `size` connections at a time. */
function createPool(size) {
  let used = 0
  return {
    acquire() {
      if (used === size) throw new Error('no free connection to the phrase store')
      used += 1
    },
    release() {
      used -= 1
    },
  }
}

const pool = createPool(poolSize)

/** The phrase for a name, read from the phrase store. */
async function readPhrase(name) {
  pool.acquire()
  try {
    await sleep(storeLatency)
    return phrases[name.length % phrases.length]
  } finally {
    pool.release()
  }
}

module.exports = { createPool, readPhrase }
