# shellcheck shell=bash
# What limits are in the cgroup, and what happens beyond them.

test_limits() {
  local text
  dev './lighter run -d --name oom lighter/hello sh -c "sleep 1100; tail /dev/zero"' >/dev/null
  text=$(dev "$CGROUP_OF"'echo 8M >"$tree$(cgroup_of "sleep 1100")/memory.max"; pkill -xf "sleep 1100"; ./lighter wait oom; ./lighter inspect oom | jq -c ".[0].State | {OOMKilled}"; ./lighter rm oom')
  check 'inspect knows that memory ran out' '^137'$'\n''.*"OOMKilled":true' "$text"
  "$VM" cp test/vm/bundle.sh bundle.sh
  text=$(dev 'systemd-run --user --scope --quiet -p Delegate=yes sh bundle.sh')
  check 'limits of an OCI bundle are in the cgroup' 'memory\.max=16777216 pids\.max=12 cpu\.max=20000 100000' "$text"
  check 'a process beyond the memory limit is killed' 'oom_kill 1' "$text"
  check 'a process beyond the pids limit is not made' "can't fork" "$text"
  check 'the cgroup is removed' 'left: 0'$'\n' "$text"
  text=$(dev 'BUNDLE_PLACE=session sh bundle.sh')
  check 'without a place for a cgroup limits are refused' 'linux\.cgroupsPath .*/memory cannot be made: this user may not make one there' "$text"
  test_limits_of_flags
  test_limits_of_others
}

FILES='memory.max memory.swap.max memory.low cpu.max cpu.weight cpuset.cpus cpuset.mems pids.max io.max'

test_limits_of_flags() {
  local text
  text=$(dev './lighter run -d --name limited -m 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 \
    --cpuset-cpus 1 --cpuset-mems 0 --pids-limit 20 --device-read-bps /dev/vda:1mb --device-write-bps /dev/vda:2mb \
    --device-read-iops /dev/vda:100 --device-write-iops /dev/vda:200 lighter/hello sleep 1101'"; $LIMITS_OF limits_of 'sleep 1101' $FILES")
  check 'nothing is left out of the limits' '^[0-9a-f]{64}'$'\n''memory\.max' "$text"
  check '--memory' $'\n''memory\.max=67108864;' "$text"
  check '--memory-swap counts both' $'\n''memory\.swap\.max=33554432;' "$text"
  check '--memory-reservation' $'\n''memory\.low=33554432;' "$text"
  check '--cpus' $'\n''cpu\.max=50000 100000;' "$text"
  check '--cpu-shares' $'\n''cpu\.weight=20;' "$text"
  check '--cpuset-cpus, --cpuset-mems' $'\n''cpuset\.cpus=1;'$'\n''cpuset\.mems=0;' "$text"
  check '--pids-limit' $'\n''pids\.max=20;' "$text"
  check 'rates of devices' $'\n''io\.max=[0-9]+:0 rbps=1048576 wbps=2097152 riops=100 wiops=200;' "$text"
  text=$(dev './lighter inspect limited | jq -c ".[0].HostConfig | [.Memory, .MemorySwap, .MemoryReservation, .NanoCpus, .CpuShares, .CpusetCpus, .PidsLimit, .BlkioDeviceReadBps]"; ./lighter rm -f limited')
  check 'inspect has them' '^\[67108864,100663296,33554432,500000000,512,"1",20,\[\{"Path":"/dev/vda","Rate":1048576\}\]\]' "$text"
  text=$(dev './lighter run -d --name quota --cpu-period 50000 --cpu-quota 20000 --memory-swap -1 -m 64m --pids-limit -1 lighter/hello sleep 1102'"; $LIMITS_OF limits_of 'sleep 1102' $FILES; ./lighter rm -f quota")
  check '--cpu-quota, --cpu-period' $'\n''cpu\.max=20000 50000;' "$text"
  check 'no limit of swap, of pids' $'\n''memory\.swap\.max=max;.*pids\.max=max;' "$text"
  text=$(dev './lighter run -d --name foreign --runtime crun -m 64m --pids-limit 20 --cpus 0.5 lighter/hello sleep 1107'"; $LIMITS_OF cgroup_of 'sleep 1107'; limits_of 'sleep 1107' $FILES; ./lighter exec foreign cat /proc/self/cgroup; ./lighter rm -f foreign")
  check 'with crun as the runtime the cgroup is the same' '^[0-9a-f]{64}'$'\n''/[^'$'\n'']*/lighter-[0-9a-f]{64}\.scope/lighter-[0-9a-f]{64}'$'\n' "$text"
  check 'and so are the limits' 'memory\.max=67108864;.*cpu\.max=50000 100000;.*pids\.max=20;' "$text"
  test_io_weight
  text=$(dev './lighter run -d --name placed -m 64m --cgroup-parent lightertest-inner.slice lighter/hello sleep 1104; '"$LIMITS_OF"'cgroup_of "sleep 1104"; limits_of "sleep 1104" memory.max; ./lighter rm -f placed')
  check '--cgroup-parent' '/lightertest\.slice/lightertest-inner\.slice/lighter-[0-9a-f]{64}\.scope/' "$text"
  check 'and the limits are in it' $'\n''memory\.max=67108864;' "$text"
  text=$(dev './lighter run --rm --cgroup-parent not/a/slice lighter/hello true')
  check '--cgroup-parent that is no slice' 'cgroup-parent for systemd cgroup should be a valid slice named as "xxx\.slice"' "$text"
}

# As root, and with what Debian delegates to users by itself: cpu, memory, pids.
test_limits_of_others() {
  local text
  text=$(root "cd /home/dev; ./lighter run -d --name limited -m 64m --cpuset-cpus 0 --pids-limit 20 lighter/hello sleep 1105; $LIMITS_OF limits_of 'sleep 1105' $FILES; ./lighter rm -f limited")
  check "root's limits" '^[0-9a-f]{64}'$'\n''memory\.max=67108864;.*cpuset\.cpus=0;.*pids\.max=20;' "$text"
  root 'cd /etc/systemd/system/user@.service.d; mv delegate.conf /root; systemctl daemon-reload; systemctl restart user@1000' >/dev/null
  text=$(dev './lighter run -d --name limited -m 64m --cpuset-cpus 0 --pids-limit 20 --device-read-bps /dev/vda:1mb lighter/hello sleep 1106'"; $LIMITS_OF limits_of 'sleep 1106' $FILES; ./lighter rm -f limited")
  check 'what is not delegated is left out with a warning' '^WARNING: Your kernel does not support cpuset or the cgroup is not mounted\. Cpuset discarded\.'$'\n''WARNING: Your kernel does not support BPS Block I/O read limit' "$text"
  check 'and the rest counts' $'\n''memory\.max=67108864;.*pids\.max=20;' "$text"
  root 'mv /root/delegate.conf /etc/systemd/system/user@.service.d; systemctl daemon-reload; systemctl restart user@1000' >/dev/null
}

# Only some schedulers of the kernel know weights, and fewer those of one device.
test_io_weight() {
  local text
  text=$(dev './lighter run -d --name heavy --blkio-weight 300 --blkio-weight-device /dev/vda:500 lighter/hello sleep 1103'"; $LIMITS_OF limits_of 'sleep 1103' io.weight io.bfq.weight; ./lighter rm -f heavy")
  case $text in
  *weight=*) check '--blkio-weight' 'io\.(bfq\.)?weight=default (2930|300);' "$text" ;;
  *) check '--blkio-weight, which this kernel has not, is left out with a warning' 'WARNING: Your kernel does not support Block I/O weight or' "$text" ;;
  esac
  case $text in
  *weight=*:*) check '--blkio-weight-device' 'weight=[^'$'\n'']*[0-9]+:0 (4950|500);' "$text" ;;
  *) check '--blkio-weight-device, which this kernel has not, is left out with a warning' 'WARNING: Your kernel does not support Block I/O weight_device or' "$text" ;;
  esac
  text=$(dev './lighter run -d --name heavy --blkio-weight 300 lighter/hello sleep 1103 >/dev/null; ./lighter update --blkio-weight 500 heavy'"; $LIMITS_OF limits_of 'sleep 1103' io.weight io.bfq.weight; ./lighter rm -f heavy")
  case $text in
  *weight=*) check 'update --blkio-weight' 'io\.(bfq\.)?weight=default (4950|500);' "$text" ;;
  *) check 'update --blkio-weight is left out with a warning' 'Your kernel does not support Block I/O weight or' "$text" ;;
  esac
}
