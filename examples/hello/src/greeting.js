'use strict'

const longestName = 50

/** The sentence that greets `name`. */
async function greet(name, opening = 'Hello') {
  return `${opening}, ${name}!`
}

/** A name from outside, trimmed; undefined when it can't be one. */
function readName(text) {
  const name = text.trim()
  return name !== '' && name.length <= longestName && !/[\p{Cc}<>]/u.test(name) ? name : undefined
}

module.exports = { greet, readName }
