#!/usr/bin/env bash
# `npm run test:vm`: lighter on a whole host with systemd and cgroup v2: scopes, limits, journal, logout, a store on NFS, the Engine API,
# reboot, power cut, and what doctor says when something is missing. The last line is `N passed, N failed`; the exit code is 1 if any failed.
# Arguments name single topics: npm run test:vm -- scope doctor. They are in topics/.
#
# Environment: VM, the program that drives the virtual machine (build, reset, up, cp, ssh, reboot, powercut, down; its
# user `dev` has subordinate ids); LIGHTER, the executable to test (dist/lighter).
set -uo pipefail
cd "$(dirname "$0")/../.."

VM=${VM:-../shared/vm/vm.sh}
LIGHTER=${LIGHTER:-dist/lighter}
TOPICS=(scope network limits oom update stats pause plain nfs service api logout crash reboot lingering powercut journald doctor)
passed=0 failed=0

say() { printf '==> %s\n' "$*"; }
die() { printf 'test:vm: %s\n' "$*" >&2; exit 2; }

# Each of these is a login session of its own.
dev() { VM_MUX=0 "$VM" ssh "$1" 2>&1; }
root() { VM_MUX=0 "$VM" ssh -u root "$1" 2>&1; }

# The emulated machine itself panics at boot now and then: once more, then.
export VM_TIMEOUT=${VM_TIMEOUT:-300}
boot() { "$VM" up >/dev/null || boot_again; }
boot_again() {
  say 'the machine did not boot: once more'
  "$VM" powercut
  "$VM" up >/dev/null
}

# restart HOW: after a reboot or a powercut the machine runs again.
restart() {
  case $1 in
  reboot) "$VM" reboot >/dev/null || boot_again ;;
  powercut) "$VM" powercut && boot ;;
  esac || die "the virtual machine does not start after $1"
}

# No session, no variables of one: what cron and setpriv start.
plain() {
  root "cd /home/dev && setpriv --reuid=1000 --regid=1000 --init-groups env -i HOME=/home/dev PATH=\$PATH sh -c '$1'"
}

# check WHAT PATTERN TEXT: the extended regular expression matches somewhere; ^ is the beginning of the whole text, a
# dot matches a line's end too, and a line break in the pattern also matches the end of the text.
check() {
  local pattern=${2//$'\n'/$'(\n|$)'}
  if [[ $3 =~ $pattern ]]; then
    passed=$((passed + 1))
    echo "ok $1"
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n  expected: %s\n  got: %s\n' "$1" "$2" "${3//$'\n'/$'\n'       }"
  fi
}

# same WHAT EXPECTED TEXT
same() {
  if [[ $2 == "$3" ]]; then check "$1" '' ''; else check "$1" 'exactly: '"$2" "$3"; fi
}

# For the guest's shell. wait_until COMMAND: until it succeeds, for as long as a slow machine may need; the checks after it say
# what was missing. cgroup_of COMMAND: the cgroup of the process with this command line; limits_of COMMAND FILE...: what
# its files say, without those that are not there.
WAIT='wait_until() { for i in $(seq 300); do eval "$1" >/dev/null 2>&1 && break; sleep 1; done; };'
CGROUP_OF='cgroup_of() { cut -d: -f3 "/proc/$(pgrep -xf "$1")/cgroup"; }; tree=/sys/fs/cgroup;'
LIMITS_OF=$CGROUP_OF'limits_of() { local c f; c=$tree$(cgroup_of "$1"); shift; for f; do [ ! -e "$c/$f" ] || echo "$f=$(tr "\n" ";" <"$c/$f")"; done; };'

for file in test/vm/topics/*.sh; do
  # shellcheck source=/dev/null
  . "$file"
done

[[ -x $VM ]] || die "there is no virtual machine: VM names the program that drives it"
[[ -x $LIGHTER ]] || die "$LIGHTER is not there: run 'npm run build' first"
! "$VM" status >/dev/null 2>&1 || die 'the virtual machine runs already'
[[ $# -gt 0 ]] || set -- "${TOPICS[@]}"
for topic in "$@"; do
  declare -F "test_$topic" >/dev/null || die "no topic $topic; there are: ${TOPICS[*]}"
done
VM_EXTRA_PACKAGES="nfs-kernel-server nfs-common" "$VM" build && "$VM" reset && boot || die 'the virtual machine does not start'
trap '"$VM" down >/dev/null 2>&1 || "$VM" powercut' EXIT
"$VM" cp "$LIGHTER" lighter && root 'loginctl enable-linger dev' || die 'the virtual machine does not answer'
dev './lighter run --rm lighter/hello true' || die 'no container starts at all'
for topic in "$@"; do
  say "$topic ($((SECONDS / 60)) min)"
  "test_$topic"
done
echo "$passed passed, $failed failed"
((failed == 0))
