# shellcheck shell=bash
# No session, the end of a session, the end of the machine.

wait_logout() {
  root "$WAIT"'wait_until "[ ! -e /run/user/1000 ]"' >/dev/null
}

# No user manager, no /run/user/1000.
test_plain() {
  local text
  root 'loginctl disable-linger dev' >/dev/null
  wait_logout
  text=$(plain './lighter run --rm lighter/hello echo works')
  same 'run without a manager says nothing more' works "$text"
  text=$(plain './lighter run -d --name plain lighter/hello sleep 1021 >/dev/null; ./lighter exec plain cat /proc/self/cgroup')
  same 'exec without a manager' '0::/' "$text"
  text=$(plain './lighter doctor')
  check 'doctor names the way to a manager' 'cgroup delegation +none.*\$ sudo loginctl enable-linger dev' "$text"
  text=$(dev './lighter exec plain echo in; ./lighter stop -t 1 plain; ./lighter ps -a; ./lighter rm plain')
  check 'a session that begins later can use and stop it' '^in'$'\n''plain'$'\n''.* Exited [A-Za-z0-9() ]* plain'$'\n''plain'$'\n' "$text"
}

test_logout() {
  local text
  root 'loginctl enable-linger dev' >/dev/null
  text=$(dev './lighter doctor')
  check 'doctor sees lingering' 'life after logout +lingering is on' "$text"
  dev './lighter run -d --name stays lighter/hello sleep 1031' >/dev/null
  root "$WAIT"'wait_until "! loginctl list-sessions --no-legend | grep -w dev | grep -v manager"' >/dev/null
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
    restart "$how"
    text=$(dev './lighter ps -a; ./lighter images; ./lighter logs crash | head -n 1')
    check "after $how the next command tells the truth" ' Exited [A-Za-z0-9() ]* crash' "$text"
    check "after $how image and log are there" 'lighter/hello +latest.*'$'\n''started'$'\n' "$text"
    text=$(dev './lighter start crash; ./lighter exec crash echo in; ./lighter run --rm lighter/hello echo new')
    check "after $how containers start" '^crash'$'\n''in'$'\n''new'$'\n' "$text"
  done
  dev './lighter rm -f crash' >/dev/null
}
