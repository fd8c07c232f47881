#!/bin/sh
# `npm run fuzz -- [COUNT [SEED]]`: hostile layers by the thousand, applied by the native program built with sanitizers, in
# user namespaces where everything around the target is watched. Without SEED another one each time; the last line names it.
# `npm run fuzz -- FILE…` applies inputs that were kept. `npm run fuzz -- names [SEED]` gives 400,000 damaged packets, and
# 20,000 registrations, to the functions of the name server that read them. Needs what `npm test` installs, and no root.
set -eu
cd "$(dirname "$0")/.."
command -v gcc >/dev/null || {
	echo "fuzz: gcc is not installed: 'npm test' installs what the tests need" >&2
	exit 1
}
if [ "${1-}" = names ]; then
	make -s -C native ../build/native/test/test_names_mutations
	exec build/native/test/test_names_mutations "${2:-$(date +%s)}"
fi
for argument in "$@"; do
	case $argument in
	*[!0-9]*)
		[ -r "$argument" ] || {
			echo "fuzz: neither a number nor a file that can be read: $argument" >&2
			exit 1
		}
		;;
	esac
done
make -s -C native fuzz
program=$PWD/build/native/test/test_layer_fuzz
if [ "$#" -eq 0 ]; then set -- 10000; fi
if [ "$#" -eq 1 ] && [ ! -e "$1" ]; then set -- "$1" "$(date +%s)"; fi
exec "$program" "$@"
