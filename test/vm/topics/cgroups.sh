# shellcheck shell=bash
# Where containers and the way out to the network live.

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
  text=$(dev "$WAIT"'left() { systemctl --user list-units --all --no-legend "lighter*"; find /sys/fs/cgroup -name "lighter*"; }; wait_until "! left | grep ."; left')
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
