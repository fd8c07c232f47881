#!/usr/bin/env bash
# `npm run test:vm`: lighter on a whole host with systemd and cgroup v2: scopes, limits, logout, reboot, power cut, and
# what doctor says when something is missing. The last line is `N passed, N failed`; the exit code is 1 if any failed.
# Arguments name single topics: npm run test:vm -- scope doctor
#
# Environment: VM, the program that drives the virtual machine (build, reset, up, cp, ssh, reboot, powercut, down; its
# user `dev` has subordinate ids); LIGHTER, the executable to test (dist/lighter).
set -uo pipefail
cd "$(dirname "$0")/../.."

VM=${VM:-../shared/vm/vm.sh}
LIGHTER=${LIGHTER:-dist/lighter}
TOPICS=(scope network limits plain logout crash doctor)
passed=0 failed=0

say() { printf '==> %s\n' "$*"; }
die() { printf 'test:vm: %s\n' "$*" >&2; exit 2; }

# Each of these is a login session of its own.
dev() { VM_MUX=0 "$VM" ssh "$1" 2>&1; }
root() { VM_MUX=0 "$VM" ssh -u root "$1" 2>&1; }

# The emulated machine itself fails to boot now and then.
export VM_TIMEOUT=${VM_TIMEOUT:-300}
boot() { { "$VM" up || { "$VM" powercut; "$VM" up; }; } >/dev/null; }

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

# Prints the cgroup of the process with this command line.
CGROUP_OF='cgroup_of() { cut -d: -f3 "/proc/$(pgrep -xf "$1")/cgroup"; }; tree=/sys/fs/cgroup;'

test_scope() {
  local text
  text=$(dev './lighter run -d --name scope lighter/hello sleep 1001')
  check 'a container is started' '^[0-9a-f]{64}$' "$text"
  text=$(dev "$CGROUP_OF"'cgroup_of "sleep 1001"; cgroup_of "lighter-monitor .*"')
  check 'it has a cgroup of its own in a scope of the user manager' \
    'user@1000\.service/.*/lighter-[0-9a-f]{64}\.scope/lighter-[0-9a-f]{64}'$'\n' "$text"
  check 'its monitor has one beside it' '/lighter-[0-9a-f]{64}\.scope/monitor'$'\n' "$text"
  text=$(dev "$CGROUP_OF"'cat "$tree$(cgroup_of "sleep 1001")/cgroup.controllers"')
  check 'the controllers are enabled' 'cpu.*memory.*pids' "$text"
  dev './lighter exec -d scope sleep 1002' >/dev/null
  text=$(dev "$CGROUP_OF"'[ "$(cgroup_of "sleep 1001")" = "$(cgroup_of "sleep 1002")" ] && echo same')
  same 'exec from another session enters it' same "$text"
  text=$(dev './lighter exec scope sh -c "cat /proc/self/cgroup; grep cgroup /proc/mounts; mkdir /sys/fs/cgroup/x"')
  check 'inside it is the root' '^0::/'$'\n' "$text"
  check 'and read-only' '/sys/fs/cgroup cgroup2 ro,.*Read-only' "$text"
  text=$(dev './lighter stop -t 1 scope; ./lighter start scope; ./lighter stop -t 0 scope; ./lighter start scope; '"$CGROUP_OF"'cgroup_of "sleep 1001"')
  check 'a restarted one has a scope again' '\.scope/lighter-[0-9a-f]{64}'$'\n' "$text"
  dev './lighter rm -f scope' >/dev/null
  text=$(dev 'sleep 2; systemctl --user list-units --all --no-legend "lighter*"; find /sys/fs/cgroup -name "lighter*"')
  same 'nothing of it is left' '' "$text"
  text=$(root "cd /home/dev; ./lighter run -d --name scope lighter/hello sleep 1003; $CGROUP_OF"'cgroup_of "sleep 1003"; ./lighter exec scope cat /proc/self/cgroup; ./lighter rm -f scope')
  check "root's is in a scope of the system's manager" '/system\.slice/lighter-[0-9a-f]{64}\.scope/lighter-' "$text"
  check 'and is entered by exec' $'\n''0::/'$'\n' "$text"
}

test_network() {
  local text
  dev 'id=$(./lighter run -d --name first lighter/hello sleep 1011); ./lighter run -d --name second lighter/hello sleep 1012
    systemctl --user stop "lighter-$id.scope"' >/dev/null
  text=$(dev './lighter ps -a')
  check 'stopping a scope ends its container' ' Exited [A-Za-z0-9() ]* first' "$text"
  check 'and no other' ' Up [A-Za-z0-9() ]* second' "$text"
  text=$(dev 'systemctl --user list-units --no-legend "lighter-uplink-*" | wc -l; pgrep -c slirp4netns; ./lighter exec second ping -c 1 -W 20 10.0.2.2')
  check 'the way out to the network stays' '^1'$'\n''1'$'\n''.*1 packets received' "$text"
  dev './lighter rm -f first second' >/dev/null
}

test_limits() {
  local text
  dev './lighter run -d --name oom lighter/hello sh -c "sleep 20; tail /dev/zero"' >/dev/null
  text=$(dev "$CGROUP_OF"'echo 8M >"$tree$(cgroup_of "sleep 20")/memory.max"; ./lighter wait oom; ./lighter inspect oom | jq -c ".[0].State | {OOMKilled}"; ./lighter rm oom')
  check 'inspect knows that memory ran out' '^137'$'\n''.*"OOMKilled":true' "$text"
  "$VM" cp test/vm/bundle.sh bundle.sh
  text=$(dev 'systemd-run --user --scope --quiet -p Delegate=yes sh bundle.sh')
  check 'limits of an OCI bundle are in the cgroup' 'memory\.max=16777216 pids\.max=12 cpu\.max=20000 100000' "$text"
  check 'a process beyond the memory limit is killed' 'oom_kill 1' "$text"
  check 'a process beyond the pids limit is not made' "can't fork" "$text"
  check 'the cgroup is removed' 'left: 0'$'\n' "$text"
  text=$(dev 'BUNDLE_PLACE=session sh bundle.sh')
  check 'without a place for a cgroup limits are refused' 'linux\.resources needs a cgroup' "$text"
}

# No user manager, no /run/user/1000.
test_plain() {
  local text
  root 'loginctl disable-linger dev; for i in $(seq 60); do [ -e /run/user/1000 ] || break; sleep 1; done' >/dev/null
  text=$(plain './lighter run --rm lighter/hello echo works')
  same 'run without a manager says nothing more' works "$text"
  text=$(plain './lighter run -d --name plain lighter/hello sleep 1021 >/dev/null; ./lighter exec plain cat /proc/self/cgroup')
  same 'exec without a manager' '0::/' "$text"
  text=$(plain './lighter doctor')
  check 'doctor names the way to a manager' 'cgroup delegation +none.*\$ sudo loginctl enable-linger dev' "$text"
  text=$(dev './lighter exec plain echo in; ./lighter stop -t 1 plain; ./lighter ps -a; ./lighter rm plain')
  check 'a session that begins later can use and stop it' '^in'$'\n''plain'$'\n''.* Exited [A-Za-z0-9() ]* plain'$'\n''plain'$'\n' "$text"
}

wait_logout() {
  root 'for i in $(seq 120); do [ -e /run/user/1000 ] || break; sleep 1; done' >/dev/null
}

test_logout() {
  local text
  root 'loginctl enable-linger dev' >/dev/null
  text=$(dev './lighter doctor')
  check 'doctor sees lingering' 'life after logout +lingering is on' "$text"
  dev './lighter run -d --name stays lighter/hello sleep 1031' >/dev/null
  sleep 20
  text=$(dev './lighter ps; ./lighter exec stays echo in')
  check 'with lingering a container outlives the session' ' Up [A-Za-z0-9() ]* stays'$'\n''in'$'\n' "$text"
  root 'loginctl disable-linger dev' >/dev/null
  text=$(dev './lighter doctor; ./lighter start stays')
  check 'doctor has the command for lingering' 'the last logout ends all containers.*\$ sudo loginctl enable-linger dev' "$text"
  wait_logout
  text=$(dev './lighter ps -a; ./lighter start stays; ./lighter ps; ./lighter rm -f stays')
  check 'without it the last logout ends it, and ps says so' ' Exited [A-Za-z0-9() ]* stays' "$text"
  check 'and it starts again' ' Up [A-Za-z0-9() ]* stays' "$text"
  root 'loginctl enable-linger dev' >/dev/null
}

test_crash() {
  local text how
  dev './lighter run -d --name crash lighter/hello sh -c "echo started; exec sleep 1041"; sync' >/dev/null
  for how in powercut reboot; do
    "$VM" "$how" >/dev/null || "$VM" powercut
    "$VM" status >/dev/null || boot
    text=$(dev './lighter ps -a; ./lighter images; ./lighter logs crash | head -n 1')
    check "after $how the next command tells the truth" ' Exited [A-Za-z0-9() ]* crash' "$text"
    check "after $how image and log are there" 'lighter/hello +latest.*'$'\n''started'$'\n' "$text"
    text=$(dev './lighter start crash; ./lighter exec crash echo in; ./lighter run --rm lighter/hello echo new')
    check "after $how containers start" '^crash'$'\n''in'$'\n''new'$'\n' "$text"
  done
  dev './lighter rm -f crash' >/dev/null
}

# broken WHAT BREAK PATTERN [MEND]: what doctor says while something is broken, and that the commands it prints mend it;
# where those need a package mirror, MEND does.
broken() {
  local before after
  root "$2" >/dev/null
  before=$(dev './lighter doctor')
  check "doctor: $1" "$3" "$before"
  if [[ $# == 4 ]]; then
    root "$4" >/dev/null
  else
    root "$(sed -n 's/^ *\$ //p' <<<"$before" | sed 's/sudo //g')" >/dev/null
  fi
  after=$(dev './lighter doctor | grep -v "^ok"')
  same "doctor: $1, mended" '' "$after"
}

test_doctor() {
  root 'loginctl enable-linger dev; cp /etc/subuid /root/subuid' >/dev/null
  broken 'user namespaces are switched off' 'sysctl user.max_user_namespaces=0' \
    'missing +user namespaces +the limit user\.max_user_namespaces is 0'
  broken 'no subordinate user ids' ': >/etc/subuid' 'dev has no range in /etc/subuid.*usermod --add-subuids [0-9-]+ dev'
  root 'cp /root/subuid /etc/subuid' >/dev/null
  broken 'newuidmap has lost its privilege' 'chmod u-s /usr/bin/newuidmap' \
    'missing +id map.*newuidmap is neither setuid.*--reinstall uidmap' 'chmod u+s /usr/bin/newuidmap'
  broken 'no newuidmap' 'mv /usr/bin/newuidmap /root' 'not installed.*apt-get install -y uidmap' \
    'mv /root/newuidmap /usr/bin'
  broken 'the tun device is closed' 'chmod 600 /dev/net/tun' '/dev/net/tun +cannot be opened'
  broken 'no slirp4netns' 'mv /usr/bin/slirp4netns /root' 'not installed.*apt-get install -y slirp4netns' \
    'mv /root/slirp4netns /usr/bin'
  broken 'controllers are not delegated' 'cd /etc/systemd/system/user@.service.d; printf "[Service]\nDelegate=\nDelegate=pids\n" >delegate.conf; systemctl daemon-reload; systemctl restart user@1000' \
    'cgroup delegation +not delegated: cpu'
}

[[ -x $VM ]] || die "there is no virtual machine: VM names the program that drives it"
[[ -x $LIGHTER ]] || die "$LIGHTER is not there: run 'npm run build' first"
! "$VM" status >/dev/null 2>&1 || die 'the virtual machine runs already'
[[ $# -gt 0 ]] || set -- "${TOPICS[@]}"
for topic in "$@"; do
  declare -F "test_$topic" >/dev/null || die "no topic $topic; there are: ${TOPICS[*]}"
done
"$VM" build && "$VM" reset && boot || die 'the virtual machine does not start'
trap '"$VM" down >/dev/null 2>&1 || "$VM" powercut' EXIT
"$VM" cp "$LIGHTER" lighter && root 'loginctl enable-linger dev' || die 'the virtual machine does not answer'
dev './lighter run --rm lighter/hello true' || die 'no container starts at all'
for topic in "$@"; do
  say "$topic"
  "test_$topic"
done
echo "$passed passed, $failed failed"
((failed == 0))
