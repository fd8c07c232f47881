// The library without its parser of .proto files: what messages have is written in api/buildkit/wire/messages.ts.
module.exports = require('protobufjs/light')
