// What the program uses of undici. Its own index loads all of it (fetch, WebSocket, caches, mocks): 60 ms more of a warm pull.
const Dispatcher = require('undici/lib/dispatcher/dispatcher')
const { connect, request } = require('undici/lib/api')

Dispatcher.prototype.request = request
// How its agent speaks to a proxy.
Dispatcher.prototype.connect = connect

module.exports = {
  Agent: require('undici/lib/dispatcher/agent'),
  EnvHttpProxyAgent: require('undici/lib/dispatcher/env-http-proxy-agent'),
  Pool: require('undici/lib/dispatcher/pool'),
}
