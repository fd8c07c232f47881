# shellcheck shell=bash
# Limits that change.

test_update() {
  local text
  dev './lighter run -d --name changing -m 64m --pids-limit 20 lighter/hello sleep 1121' >/dev/null
  text=$(dev './lighter update -m 128m --memory-swap 192m --memory-reservation 48m --cpus 1.5 --cpuset-cpus 0 --pids-limit 33 -c 1024 changing'"
    $LIMITS_OF limits_of 'sleep 1121' $FILES")
  check 'update of a running one says its name and nothing else' '^changing'$'\n''memory\.max' "$text"
  check 'its memory' 'memory\.max=134217728;'$'\n''memory\.swap\.max=67108864;'$'\n''memory\.low=50331648;' "$text"
  check 'its cpus' 'cpu\.max=150000 100000;'$'\n''cpu\.weight=39;'$'\n''cpuset\.cpus=0;' "$text"
  check 'its pids' 'pids\.max=33;' "$text"
  text=$(dev "./lighter stop -t 0 changing; ./lighter start changing; $LIMITS_OF limits_of 'sleep 1121' $FILES")
  check 'the next start has the same' 'memory\.max=134217728;'$'\n''memory\.swap\.max=67108864;.*cpu\.max=150000 100000;.*pids\.max=33;' "$text"
  text=$(dev "./lighter stop -t 0 changing; ./lighter update -m 96m --memory-swap -1 --cpus 0.25 --pids-limit -1 --cpuset-cpus 0-1 changing; ./lighter start changing
    $LIMITS_OF limits_of 'sleep 1121' $FILES")
  check 'update of a stopped one counts at the next start' 'memory\.max=100663296;'$'\n''memory\.swap\.max=max;.*cpu\.max=25000 100000;.*cpuset\.cpus=0-1;.*pids\.max=max;' "$text"
  text=$(dev "./lighter update --restart always --pids-limit 44 changing >/dev/null; kill -9 \$(pgrep -xf 'sleep 1121')
    $WAIT wait_until './lighter inspect -f \"{{.RestartCount}} {{.State.Status}}\" changing | grep \"1 running\"'
    $LIMITS_OF limits_of 'sleep 1121' $FILES")
  check 'the same after its monitor started it again' 'memory\.max=100663296;.*cpu\.max=25000 100000;.*pids\.max=44;' "$text"
  text=$(dev './lighter update -m 1k changing; ./lighter update -m 512m --memory-swap 256m changing; ./lighter update --cpus 99 changing
    ./lighter events --since 1h --until 0s --filter container=changing --filter event=update --format "event {{.Action}}"; ./lighter rm -f changing')
  check 'what is refused' 'Minimum memory limit allowed is 6MB.*Minimum memoryswap limit should be larger than memory limit.*Range of CPUs is from 0\.01 to 2\.00' "$text"
  check 'each change is an event' $'\n''event update'$'\n''event update'$'\n''changing' "$text"
  text=$(dev "./lighter run -d --rm --name brief --pids-limit 20 lighter/hello sleep 1122 >/dev/null; ./lighter update --restart always --pids-limit 50 brief
    $LIMITS_OF limits_of 'sleep 1122' pids.max; ./lighter inspect -f '{{.HostConfig.PidsLimit}}' brief; ./lighter rm -f brief")
  check 'a policy that cannot be leaves the limits as they are' 'Restart policy cannot be updated because AutoRemove is enabled.*pids\.max=20;'$'\n''20'$'\n' "$text"
}
