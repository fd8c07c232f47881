# shellcheck shell=bash
# Containers of clients of the Engine API: their limits, and the socket when the machine starts.

# api METHOD PATH [BODY]: status and answer.
# shellcheck disable=SC2016 # the guest's shell expands it
API='api() { perl api.pl "$@"; };'

# serve: systemd listens, and the guest has the client.
serve() {
  "$VM" cp test/vm/api.pl api.pl
  dev './lighter system service --install' >/dev/null
}

LIMITED='{"Image":"lighter/hello","Cmd":["sleep","1301"],"HostConfig":{"Memory":67108864,"MemorySwap":100663296,"MemoryReservation":33554432,"NanoCpus":500000000,"CpuShares":512,"CpusetCpus":"1","PidsLimit":20}}'

test_api() {
  local text
  serve
  text=$(dev "$API api POST '/containers/create?name=limited' '$LIMITED'; api POST /containers/limited/start; $LIMITS_OF cgroup_of 'sleep 1301'; limits_of 'sleep 1301' $FILES")
  check 'api: a container is created and started' '^201'$'\n''\{"Id":"[0-9a-f]{64}","Warnings":\[\]\}'$'\n''+204'$'\n' "$text"
  check 'api: it is in a scope of its own, not in the service' $'\n''/user\.slice/[^'$'\n'']*/lighter-[0-9a-f]{64}\.scope/lighter-[0-9a-f]{64}'$'\n' "$text"
  check 'api: its limits are in its cgroup' $'\n''memory\.max=67108864;'$'\n''memory\.swap\.max=33554432;'$'\n''memory\.low=33554432;'$'\n''cpu\.max=50000 100000;'$'\n''cpu\.weight=20;'$'\n''cpuset\.cpus=1;.*pids\.max=20;' "$text"
  text=$(dev "$API"'api GET "/containers/limited/stats?stream=false" | tail -n +2 | jq -c "[.name, .memory_stats.limit, .memory_stats.usage > 0, .pids_stats, .cpu_stats.cpu_usage.total_usage > 0, .cpu_stats.online_cpus, (.cpu_stats.throttling_data | keys)]"')
  same 'api: stats read the controllers' '["/limited",67108864,true,{"current":1,"limit":20},true,2,["periods","throttled_periods","throttled_time"]]' "$text"
  text=$(dev "$API api POST /containers/limited/update '"'{"Memory":134217728,"MemorySwap":201326592,"NanoCpus":1500000000,"CpusetCpus":"0","PidsLimit":33}'"'; $LIMITS_OF limits_of 'sleep 1301' $FILES; api GET '/containers/limited/stats?stream=false&one-shot=true' | tail -n +2 | jq -c '[.memory_stats.limit, .pids_stats.limit]'")
  check 'api: update says nothing more' '^200'$'\n''\{"Warnings":(null|\[\])\}'$'\n' "$text"
  check 'api: update changes the cgroup' 'memory\.max=134217728;'$'\n''memory\.swap\.max=67108864;.*cpu\.max=150000 100000;.*cpuset\.cpus=0;.*pids\.max=33;' "$text"
  check 'api: stats know' $'\n''\[134217728,33\]'$'\n' "$text"
  text=$(dev "$API api POST '/containers/limited/restart?t=0'; systemctl --user stop lighter.service; $LIMITS_OF limits_of 'sleep 1301' $FILES; api GET /containers/limited/json | tail -n +2 | jq -c '[.State.Status, .HostConfig.Memory, .HostConfig.PidsLimit]'")
  check 'api: the next start has the same limits, and outlives the service' '^204'$'\n''.*memory\.max=134217728;.*cpu\.max=150000 100000;.*pids\.max=33;.*'$'\n''\["running",134217728,33\]' "$text"
  text=$(dev "$API"' api POST "/containers/create?name=eater" "{\"Image\":\"lighter/hello\",\"Cmd\":[\"tail\",\"/dev/zero\"],\"HostConfig\":{\"Memory\":16777216,\"MemorySwap\":16777216}}" >/dev/null; api POST /containers/eater/start; api POST /containers/eater/wait; api GET /containers/eater/json | tail -n +2 | jq -c ".State | [.Status, .OOMKilled, .ExitCode]"')
  check 'api: beyond its memory it ends with 137' '^204'$'\n''+200'$'\n''\{"StatusCode":137' "$text"
  check 'api: inspect says why' $'\n''\["exited",true,137\]' "$text"
  text=$(dev "$API api DELETE '/containers/limited?force=true'; api DELETE /containers/eater; $WAIT left() { find /sys/fs/cgroup -name 'lighter-[0-9a-f]*[0-9a-f].scope'; }; wait_until '! left | grep .'; left; ./lighter system service --uninstall >/dev/null")
  same 'api: nothing of them is left' $'204\n\n204' "$text"
}

# It is root who asks where the user must not have logged in.
test_lingering() {
  local text
  serve
  "$VM" cp -u root test/vm/api.pl /root/api.pl
  restart reboot
  root "$WAIT"'wait_until "systemctl --user -M dev@ is-active sockets.target"' >/dev/null
  text=$(root "export XDG_RUNTIME_DIR=/run/user/1000; $API systemctl --user -M dev@ is-active lighter.socket lighter.service; loginctl list-sessions --no-legend | grep -w dev | grep -vc manager; api GET /_ping")
  same 'lingering: after a boot nobody has logged in and the socket answers' $'active\ninactive\n0\n200\nOK' "$text"
  text=$(root "export XDG_RUNTIME_DIR=/run/user/1000; $API api POST '/containers/create?name=early' '$LIMITED'; api POST /containers/early/start; $LIMITS_OF cgroup_of 'sleep 1301'; limits_of 'sleep 1301' memory.max pids.max")
  check 'lingering: containers start without a login, with their limits' '^201.*'$'\n''204'$'\n''.*/user@1000\.service/.*\.scope/lighter-[0-9a-f]{64}'$'\n''memory\.max=67108864;'$'\n''pids\.max=20;' "$text"
  root 'loginctl disable-linger dev; sync' >/dev/null
  restart reboot
  text=$(root "$WAIT wait_until 'systemctl is-active multi-user.target'; find /run/user -name docker.sock")
  same 'without lingering nobody listens before the first login' '' "$text"
  text=$(dev "$API api GET /_ping; api GET '/containers/json?all=1' | tail -n +2 | jq -c '.[] | [.Names, .State]'")
  check 'without lingering the login brings the socket' '^200'$'\n''OK' "$text"
  check 'without lingering the container of before has ended' $'\n''\[\["/early"\],"exited"\]' "$text"
  root 'loginctl enable-linger dev' >/dev/null
  dev './lighter rm -f early; ./lighter system service --uninstall' >/dev/null
}
