#!/bin/sh
# Starts as the official image does: flags alone are those of the server, which answers everybody.
set -eu

[ "${1#-}" = "$1" ] || set -- redis-server "$@"
[ "$1" != redis-server ] || set -- "$@" --bind 0.0.0.0 --protected-mode no
exec "$@"
