'use strict'

const { readPhrase } = require('./phrases.js')

const longestName = 50

/** The sentence that greets `name`, with a phrase to begin the day. */
async function greet(name, opening = 'Hello') {
  return `${opening}, ${name}! ${await readPhrase(name)}`
}

/** A name from outside, trimmed; undefined when it can't be one. */
function readName(text) {
  const name = text.trim()
  return name !== '' && name.length <= longestName && !/[\p{Cc}<>]/u.test(name) ? name : undefined
}

module.exports = { greet, readName }
