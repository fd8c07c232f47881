# shellcheck shell=bash
# What starts with the machine, after an orderly end and after a power cut.

test_reboot() {
  local text how name
  text=$(dev './lighter system boot --enable; ./lighter doctor')
  check 'the unit is enabled' '^Containers with a restart policy start when the machine does\.' "$text"
  check 'doctor knows' 'start at boot +containers whose restart policy wants it are started' "$text"
  dev 'run() { name=$1; shift; ./lighter run -d --name "$name" "$@"; }
    for policy in no always unless-stopped on-failure; do run "$policy" --restart $policy lighter/hello sleep 1141; done
    run always-stopped --restart always lighter/hello sleep 1141; run unless-stopped-stopped --restart unless-stopped lighter/hello sleep 1141
    run finished --restart on-failure lighter/hello true
    run healthy --restart always --health-cmd "test -e /dev/null" --health-interval 2s lighter/hello sleep 1141
    ./lighter stop -t 0 always-stopped unless-stopped-stopped; sync' >/dev/null
  for how in reboot powercut; do
    restart "$how"
    # Not started by this session, but by the machine.
    root "$WAIT"'wait_until "systemctl --user -M dev@ is-active default.target && ! systemctl --user -M dev@ list-jobs | grep boot"' >/dev/null
    text=$(dev "$WAIT"'wait_until "./lighter ps | grep -F \"(healthy)\""; systemctl --user --no-pager status lighter-boot.service; ./lighter ps -a --format "{{.Names}}: {{.Status}};"')
    for name in always unless-stopped on-failure always-stopped; do
      check "$how: started: $name" $'\n'"$name: Up " "$text"
    done
    for name in no unless-stopped-stopped finished; do
      check "$how: not started: $name" $'\n'"$name: Exited " "$text"
    done
    check "$how: the health check goes on" $'\n''healthy: Up [^'$'\n'']*\(healthy\)' "$text"
    dev './lighter stop -t 0 always-stopped; sync' >/dev/null
  done
  text=$(dev './lighter rm -f $(./lighter ps -aq) >/dev/null; ./lighter system boot --disable; find .config/systemd/user -name "lighter*"')
  same 'the unit is gone' 'Containers are not started with the machine.' "$text"
}
