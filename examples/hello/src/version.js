'use strict'

/** The version that `/` answers. */
module.exports = { version: '1.0.0' }
