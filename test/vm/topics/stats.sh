# shellcheck shell=bash
# What a container uses.

test_stats() {
  local text
  dev "$WAIT"'./lighter run -d --name busy -m 64m --cpus 0.2 lighter/hello sh -c "dd if=/dev/zero of=/dev/shm/x bs=1M count=20; sleep 1131 & sleep 1131 & while :; do :; done"
    wait_until "[ \$(pgrep -cxf sleep.1131) = 2 ]"' >/dev/null
  text=$(dev './lighter stats --no-stream --format "{{json .}}" busy')
  check 'memory in use of the limit' '"MemUsage":"2[0-9](\.[0-9]+)?MiB / 64MiB"' "$text"
  check 'and its share' '"MemPerc":"[34][0-9]\.[0-9]+%"' "$text"
  check 'processes' '"PIDs":"3"' "$text"
  check 'the processor, below the limit' '"CPUPerc":"([1-9]|[123][0-9])\.[0-9]+%"' "$text"
  text=$(dev './lighter stats --no-stream; ./lighter rm -f busy')
  check 'the table' '^CONTAINER ID +NAME +CPU % +MEM USAGE / LIMIT +MEM % +NET I/O +BLOCK I/O +PIDS'$'\n''[0-9a-f]{12} +busy ' "$text"
  text=$(dev './lighter run -d --name free lighter/hello sleep 1132 >/dev/null; ./lighter stats --no-stream --format "{{.MemUsage}} {{.PIDs}}" free; ./lighter rm -f free')
  check 'without a limit it is that of the machine' '/ 3\.[0-9]+GiB 1'$'\n' "$text"
}
