// The library in its form for require(): the other one asks for a path of its own, which a script of the executable has not.
module.exports = require('openpgp')
