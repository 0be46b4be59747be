'use strict'

/** The version that `/` answers. */
module.exports = { version: '1.2.0' }
