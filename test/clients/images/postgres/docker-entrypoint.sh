#!/bin/sh
# Starts as the official image does: a new database of the wished name where the volume has none, then the server.
set -eu

if [ "$(id -u)" = 0 ]; then
	chown postgres:postgres "$PGDATA"
	cd /
	exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
	user=${POSTGRES_USER:-postgres}
	database=${POSTGRES_DB:-$user}
	password=$(cat "${POSTGRES_PASSWORD_FILE:-/dev/null}")
	(umask 077 && printf '%s' "${password:-${POSTGRES_PASSWORD:?no password}}" >/tmp/password)
	initdb -D "$PGDATA" -U "$user" --auth-local=trust --auth-host=scram-sha-256 --pwfile=/tmp/password --locale=C -E UTF8 -N
	rm /tmp/password
	echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
	[ "$database" = postgres ] || echo "CREATE DATABASE \"$database\"" | postgres --single -D "$PGDATA" -j postgres
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql
