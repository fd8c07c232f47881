# shellcheck shell=bash
# Standing still by the freezer.

test_pause() {
  local text
  dev './lighter run -d --name ticking lighter/hello sh -c "while :; do echo tick; sleep 1; done"' >/dev/null
  text=$(dev "./lighter pause ticking; $CGROUP_OF"'cd $tree$(cgroup_of "sh -c while :; do echo tick; sleep 1; done"); cat cgroup.freeze; grep frozen cgroup.events
    cd; ./lighter ps; ./lighter logs ticking | wc -l; sleep 5; ./lighter logs ticking | wc -l; timeout 60 ./lighter exec ticking true')
  check 'pause freezes the cgroup' '^ticking'$'\n''1'$'\n''frozen 1'$'\n' "$text"
  check 'ps says so' ' Up [^'$'\n'']* \(Paused\) +ticking'$'\n' "$text"
  check 'nothing is written meanwhile' $'\n''([0-9]+)'$'\n''([0-9]+)'$'\n' "$text"
  same 'as many lines as before' "$(grep -xE '[0-9]+' <<<"$text" | sed -n 2p)" "$(grep -xE '[0-9]+' <<<"$text" | sed -n 3p)"
  check 'exec is refused' 'Container [^ ]+ is paused, unpause the container before exec' "$text"
  text=$(dev "./lighter unpause ticking; $CGROUP_OF"'cat $tree$(cgroup_of "sh -c while :; do echo tick; sleep 1; done")/cgroup.freeze; ./lighter pause ticking; ./lighter stop -t 1 ticking; ./lighter ps -a; ./lighter rm ticking')
  check 'unpause' '^ticking'$'\n''0'$'\n' "$text"
  check 'stop ends a paused one' ' Exited \([0-9]+\) [^'$'\n'']* ticking' "$text"
}
