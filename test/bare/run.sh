#!/usr/bin/env bash
# `npm run test:bare`: the README's two commands from a clean clone on machines that have Node and npm and nothing else, as root
# and as a user, and what they say where something cannot be had. The last line is `N passed, N failed`; the exit code is 1 if
# any failed. Arguments name single cases: `npm run test:bare -- root user`. What is committed is tested, and nothing else.
#
# Needs root, debootstrap and a network, which the machines share: tests that run beside it take each other's ports.
# Environment: LIGHTER_BARE_CACHE, where the machine to copy is kept (/var/cache/lighter-bare, 0.5 GB; a machine in use takes
# 3 GB more), with npm-test.log of the last `npm test`.
set -uo pipefail
cd "$(dirname "$0")/../.."
. test/bare/machine.sh

CASES=(root user single refused offline tests)
BASE=${LIGHTER_BARE_CACHE:-/var/cache/lighter-bare}
passed=0 failed=0

say() { printf '==> %s\n' "$*"; }
die() { printf 'test:bare: %s\n' "$*" >&2; exit 2; }

# expect WHAT CODE COMMAND [ARGUMENT...]: the command ends with this code. Its output goes into $log.
expect() {
  local what=$1 expected=$2 code start=$SECONDS
  shift 2
  "$@" >"$log" 2>&1
  code=$?
  if ((code == expected)); then
    pass "$what ($((SECONDS - start)) s)"
  else
    fail "$what" "exit code $expected" "$code"
  fi
}

pass() { passed=$((passed + 1)); echo "ok $1"; }

fail() {
  failed=$((failed + 1))
  printf 'FAILED %s\n  expected: %s\n  got: %s\n' "$1" "$2" "$3"
  tail -n 60 "$log" | sed 's/^/  | /'
}

# said WHAT SENTENCE, unsaid WHAT SENTENCE: the last output has a line with it, or none.
said() { if grep -qF -e "$2" "$log"; then pass "$1"; else fail "$1" "$2" 'not said'; fi; }
unsaid() { if grep -qF -e "$2" "$log"; then fail "$1" "not: $2" 'said'; else pass "$1"; fi; }

# one_sentence WHAT SENTENCE: this ends the output, apart from what npm adds.
one_sentence() {
  said "$1" "$2"
  if (($(grep -c -e '^quickstart: ' -e '^test: ' "$log") == 1)); then pass "$1, once"; else fail "$1, once" 'one sentence' 'others'; fi
}

greets() { said "$1: the greeting" 'Hello from lighter: this container works.'; }

quickstart() { enter "$1" "$2" npm run quickstart; }

# twice MACHINE USER: from nothing to the greeting, and again without installing anything.
twice() {
  expect "quickstart as $2" 0 quickstart "$1" "$2"
  greets "quickstart as $2"
  expect "quickstart as $2, again" 0 quickstart "$1" "$2"
  greets "quickstart as $2, again"
  unsaid "quickstart as $2, again: no packages" 'Host packages that are missing'
  unsaid "quickstart as $2, again: no npm packages" 'npm ci'
}

# No /dev/net/tun, no /dev/fuse, no subordinate ids.
case_root() { twice "$1" root; }

case_user() {
  twice "$1" dev
  if grep -q '^dev:100000:65536$' "$1/etc/subuid"; then pass 'subordinate ids'; else fail 'subordinate ids' 'a range for dev' none; fi
  expect 'npm test as dev, one file' 0 enter "$1" dev npm test -- test/e2e/flags.test.ts
  said 'npm test as dev, one file: nothing failed' ' passed, 0 failed'
}

# Containers with one id: the sources do not have what the build can do without, then no ranges can be written.
case_single() {
  local readonly='touch /etc/subuid /etc/subgid && mount --bind /etc/subuid /etc/subuid && mount --bind /etc/subgid /etc/subgid'
  printf 'Package: uidmap slirp4netns fuse-overlayfs\nPin: release *\nPin-Priority: -1\n' >"$1/etc/apt/preferences.d/absent"
  expect 'without newuidmap' 0 quickstart "$1" dev
  said 'without newuidmap: said' 'going on without: uidmap slirp4netns fuse-overlayfs'
  greets 'without newuidmap'
  rm "$1"/etc/apt/preferences.d/absent "$1"/etc/sub[ug]id
  expect 'without ranges' 0 enter "$1" dev sh -c "sudo sh -c '$readonly' && npm run quickstart"
  said 'without ranges: said' 'going on without: containers have only one user id then'
  greets 'without ranges'
}

case_refused() {
  sed -i 's/NOPASSWD: //' "$1/etc/sudoers.d/dev"
  expect 'quickstart, sudo wants a password' 1 quickstart "$1" dev
  one_sentence 'quickstart, sudo wants a password' 'they need root, and sudo wants a password without a terminal'
  expect 'npm test, sudo wants a password' 1 enter "$1" dev npm test
  one_sentence 'npm test, sudo wants a password' 'sudo wants a password without a terminal'
  rm "$1/usr/bin/sudo"
  expect 'quickstart, no sudo' 1 quickstart "$1" dev
  one_sentence 'quickstart, no sudo' 'they need root, and there is no sudo here'
  expect 'npm test, no sudo' 1 enter "$1" dev npm test
  one_sentence 'npm test, no sudo' 'there is no sudo here'
}

case_offline() {
  UNSHARE=--net expect 'quickstart, no network' 1 quickstart "$1" root
  one_sentence 'quickstart, no network' 'the build cannot do without'
  UNSHARE=--net expect 'npm test, no network' 1 enter "$1" root npm test
  one_sentence 'npm test, no network' 'these packages could not be installed (no network'
  expect 'quickstart, no registry' 1 enter "$1" root env npm_config_registry=http://127.0.0.1:9 npm_config_fetch_retries=0 npm run quickstart
  one_sentence 'quickstart, no registry' 'npm could not fetch the packages'
}

# The whole of `npm test`, with the files in another order than usual, which vitest names.
case_tests() {
  echo "    follow it with: tail -f $log"
  expect 'npm test as root' 0 enter "$1" root npm test -- --sequence.shuffle.files
  echo "    $(tail -n 1 "$log")"
  cp "$log" "$BASE/npm-test.log"
  said 'npm test as root: nothing failed' ' passed, 0 failed'
}

[[ $(id -u) == 0 ]] || die 'this needs root, to make machines'
command -v debootstrap >/dev/null || die 'debootstrap is not installed'
[[ $# -gt 0 ]] || set -- "${CASES[@]}"
for case in "$@"; do
  declare -F "case_$case" >/dev/null || die "no case $case; there are: ${CASES[*]}"
done
mkdir -p "$BASE"
exec 9>"$BASE/lock"
flock --nonblock 9 || die "another run uses $BASE"
rm -rf --one-file-system "$BASE"/run-*
work=$(mktemp -d "$BASE/run-XXXXXX")
log=$work/log
trap 'rm -rf --one-file-system "$work"' EXIT
say "a machine with nothing, in $BASE"
make_base "$BASE" >"$log" 2>&1 || { tail "$log" >&2; die 'there is no machine to copy'; }
for case in "$@"; do
  say "$case"
  new_machine "$BASE" "$work/$case" || die 'the machine cannot be copied'
  "case_$case" "$work/$case"
  rm -rf --one-file-system "${work:?}/$case"
done
echo "$passed passed, $failed failed"
((failed == 0))
