import { sh, topic } from '../suite.ts'

export default topic('run-flags', [
  {
    name: 'environment: values, taken over, empty, none',
    script: sh`
      export TAKEN=over; unset ABSENT
      docker run --rm -e A=1 -e B= -e TAKEN -e ABSENT -e 'C=x=y z' busybox env | grep -v HOSTNAME | sort`,
  },
  {
    name: 'environment files',
    script: sh`
      export TAKEN=over
      printf '# comment\n\nX=1\nY="quoted"\n  Z=indented\nTAKEN\nEMPTY=\n' >vars
      docker run --rm --env-file vars -e X=2 busybox env | grep -v HOSTNAME | sort`,
  },
  {
    name: 'an environment file that is not there',
    script: sh`docker run --rm --env-file nosuch busybox true`,
  },
  {
    name: 'an environment file with a bad name',
    script: sh`printf 'a b=1\n' >vars; docker run --rm --env-file vars busybox true`,
  },
  {
    name: 'an environment file with no name',
    script: sh`printf '=1\n' >vars; docker run --rm --env-file vars busybox true`,
  },
  {
    name: 'an environment variable without a name',
    script: sh`docker run --rm -e =x busybox true`,
  },
  {
    name: 'users: name, number, with group',
    script: sh`
      for user in app 1000 1000:29 app:audio 4242 nobody:root; do docker run --rm -u $user busybox id; done`,
  },
  {
    name: 'group-add',
    script: sh`docker run --rm -u 1000 --group-add audio --group-add 777 busybox id`,
  },
  {
    name: 'the home of a user',
    script: sh`for user in app 4242; do docker run --rm -u $user busybox sh -c 'echo $HOME'; done`,
  },
  {
    name: 'a working directory is made',
    script: sh`docker run --rm -w /made/for/it busybox sh -c 'pwd; ls -ld . | cut -c1-10'`,
  },
  { name: 'a relative working directory', script: sh`docker run --rm -w relative busybox pwd` },
  {
    name: 'entrypoint with arguments',
    script: sh`docker run --rm --entrypoint echo busybox a 'b  c'`,
  },
  {
    name: 'an empty entrypoint leaves the command',
    script: sh`docker run --rm --entrypoint '' busybox echo alone`,
  },
  {
    name: 'an entrypoint without a command drops the command of the image',
    script: sh`docker run --rm --entrypoint echo busybox`,
  },
  {
    name: 'hostname',
    script: sh`docker run --rm -h box.example busybox sh -c 'hostname; grep -c box.example /etc/hosts'`,
  },
  {
    name: 'a domain name',
    script: sh`docker run --rm -h box --domainname example.org busybox sh -c 'hostname -f; cat /proc/sys/kernel/domainname'`,
  },
  { name: 'a hostname that cannot be one', script: sh`docker run --rm -h 'a b' busybox true` },
  {
    name: 'the hostname is the short id',
    script: sh`docker run --cidfile id busybox hostname | cmp - <(cut -c1-12 id; echo) | head -c0; cut -c1-12 id | wc -c`,
  },
  {
    name: 'add-host',
    script: sh`docker run --rm --add-host db:10.1.2.3 --add-host v6:::1 busybox sh -c 'grep -w -e db -e v6 /etc/hosts'`,
  },
  { name: 'add-host without an address', script: sh`docker run --rm --add-host db busybox true` },
  {
    name: 'add-host with a bad address',
    script: sh`docker run --rm --add-host db:999.1.1.1 busybox true`,
  },
  {
    name: 'dns',
    script: sh`docker run --rm --dns 9.9.9.9 --dns-search example.org --dns-option ndots:3 busybox cat /etc/resolv.conf | grep -v '^#'`,
  },
  { name: 'a bad dns address', script: sh`docker run --rm --dns nine busybox true` },
  {
    name: 'read-only',
    script: sh`docker run --rm --read-only busybox sh -c 'touch /x; echo $?; touch /dev/shm/x; echo $?'`,
  },
  {
    name: 'cidfile',
    script: sh`
      docker run --cidfile id busybox true; wc -c <id; docker inspect -f '{{.Id}}' $(cat id) | cmp - <(cat id; echo) && echo same`,
  },
  {
    name: 'a cidfile that exists',
    script: sh`touch id; docker run --cidfile id busybox true; echo "= $?"; docker ps -aq | wc -l`,
  },
  {
    name: 'labels and label files',
    script: sh`
      printf '# no\nfrom=file\nbare\n' >labels
      docker run --name px --label-file labels -l a=1 -l b -l a=2 busybox true
      docker inspect -f '{{json .Config.Labels}}' px`,
  },
  {
    name: 'ulimits',
    script: sh`docker run --rm --ulimit nofile=100:200 --ulimit core=0 busybox sh -c 'ulimit -n; ulimit -Hn; ulimit -c'`,
  },
  {
    name: 'sysctl of a link',
    script: sh`docker run --rm --sysctl net.ipv4.conf.eth0.log_martians=1 --sysctl net.ipv4.neigh.eth0.gc_stale_time=77 --sysctl net.ipv4.conf.lo.log_martians=1 busybox cat /proc/sys/net/ipv4/conf/eth0/log_martians /proc/sys/net/ipv4/neigh/eth0/gc_stale_time /proc/sys/net/ipv4/conf/lo/log_martians; docker run --rm --sysctl net.ipv4.conf.eth5.forwarding=0 busybox true; echo "= $?"; docker run --rm --network none --sysctl net.ipv4.conf.eth0.forwarding=0 busybox true; echo "= $?"`,
    phrases: ['net/ipv4/conf/eth0/forwarding', 'no such file or directory'],
  },
  {
    name: 'sysctls of an endpoint, which Docker 26 does not know',
    script: sh`docker run --rm --network name=bridge,driver-opt=com.docker.network.endpoint.sysctls=net.ipv4.conf.IFNAME.log_martians=1 busybox cat /proc/sys/net/ipv4/conf/eth0/log_martians`,
  },
  {
    name: 'sysctl',
    script: sh`docker run --rm --sysctl net.ipv4.ip_forward=1 busybox cat /proc/sys/net/ipv4/ip_forward`,
  },
  {
    name: 'shm-size',
    script: sh`docker run --rm --shm-size 32m busybox sh -c 'df -k /dev/shm | tail -1 | { read a b c; echo $b; }'`,
  },
  {
    name: 'capabilities',
    script: sh`docker run --rm --cap-drop ALL --cap-add NET_RAW --cap-add cap_chown busybox grep CapEff /proc/self/status`,
  },
  {
    name: 'default capabilities',
    script: sh`docker run --rm busybox grep -e CapEff -e CapBnd -e CapInh /proc/self/status`,
  },
  {
    name: 'no-new-privileges',
    script: sh`docker run --rm --security-opt no-new-privileges busybox grep NoNewPrivs /proc/self/status`,
  },
  {
    name: 'init is pid 1',
    script: sh`docker run --rm --init busybox sh -c 'echo $$; cat /proc/1/comm' | tail -n +2 | wc -l`,
  },
  {
    name: 'pid 1 is the command',
    script: sh`docker run --rm busybox sh -c 'echo $$; cat /proc/1/comm'`,
  },
  { name: 'network none', script: sh`docker run --rm --network none busybox ls /sys/class/net` },
  {
    name: 'network of another container',
    script: sh`box px -h other; docker run --rm --network container:px busybox hostname`,
  },
  {
    name: 'network and hostname of another container',
    script: sh`box px; docker run --rm --network container:px -h mine busybox hostname`,
  },
  {
    name: 'a MAC address where it is another container that has one',
    script: sh`box px; docker run --name pj --network container:px --mac-address 02:42:ac:11:00:09 busybox cat /sys/class/net/eth0/address | grep -c 02:42:ac:11:00:09; docker inspect -f '{{json .Config.MacAddress}}' pj`,
  },
  {
    name: 'pid namespace of another container',
    script: sh`box px; docker run --rm --pid container:px busybox ps -o comm | grep -c sleep`,
  },
  {
    name: 'oom-score-adj',
    script: sh`docker run --rm --oom-score-adj 500 busybox cat /proc/self/oom_score_adj`,
  },
  {
    name: 'clusters of short flags',
    script: sh`echo in | docker run -ie A=b --rm busybox sh -c 'cat; echo $A'`,
  },
  {
    name: 'flags after the image belong to the command',
    script: sh`docker run --rm busybox echo --rm -e X`,
  },
  { name: 'two dashes end the flags', script: sh`docker run --rm -- busybox echo -- x` },
])
