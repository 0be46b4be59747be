'use strict'

const { createApp } = require('./app.js')
const { serve } = require('./service.js')
const { createUpstream } = require('./upstream.js')

const users = createUpstream('user-service', process.env.USER_SERVICE_URL || 'http://user-service:3000')
const orders = createUpstream('order-service', process.env.ORDER_SERVICE_URL || 'http://order-service:3000')

serve(createApp({ users, orders }))
