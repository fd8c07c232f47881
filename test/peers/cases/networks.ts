import { sh, topic } from '../suite.ts'

/** Without what differs from run to run. */
const PLAIN = `grep -v -e '"Created"' -e '"Id"'`

export default topic('networks', [
  {
    name: 'ls',
    script: sh`docker network create pn >/dev/null; docker network ls | sed 's/^[0-9a-f]\{12\}/ID/'; docker network ls -q | wc -l; docker network ls --no-trunc -q | head -1 | wc -c; docker network list --format '{{.Name}} {{.Driver}} {{.Scope}} {{.IPv6}} {{.Internal}}'`,
  },
  {
    name: 'ls, filters',
    script: sh`docker network create --label t=1 pna >/dev/null; docker network create pnb >/dev/null; box px --network pna
    for f in name=pn name=na driver=bridge driver=null scope=local scope=swarm type=custom type=builtin type=x label=t label=t=2 dangling=1 dangling=0 foo=bar id=zz; do echo "$f:"; code docker network ls --format '{{.Name}}' --filter $f; done`,
  },
  {
    name: 'ls, formats',
    script: sh`docker network create --label a.b=1 --internal pn >/dev/null; docker network ls -f name=pn --format json | sed -E 's/"(ID|CreatedAt)":"[^"]*"//g'; docker network ls -f name=pn --format 'table {{.Name}}\t{{.Labels}}\t{{.Label "a.b"}}\t{{.Internal}}'`,
  },
  {
    name: 'MTU of the default one',
    script: sh`docker network inspect -f '{{index .Options "com.docker.network.driver.mtu"}}' bridge`,
    differs: {
      why: "the uplink's program takes the same time for each packet: large ones carry more",
      stdout: ['65520'],
    },
  },
  {
    name: 'inspect of the default ones',
    script: sh`docker network inspect host none | ${PLAIN}; docker network inspect -f '{{.Name}} {{.Driver}} {{json .IPAM.Config}} {{.Options}}' bridge | sed 's/docker0\|lighter0/BRIDGE/; s/com.docker.network.bridge.host_binding_ipv4:0.0.0.0 //; s/mtu:[0-9]*/mtu:N/'; code docker network inspect nosuch; code docker network inspect -f '{{.Name}}' bridge nosuch host`,
  },
  {
    name: 'create, what inspect says',
    script: sh`docker network create pn >/dev/null; docker network inspect pn | ${PLAIN} | sed 's#/20"#/16"#'; docker network create --subnet 10.81.0.0/16 --ip-range 10.81.5.0/24 --gateway 10.81.5.254 --aux-address a=10.81.5.7 --aux-address b=10.81.5.8 --internal --attachable --label l=1 -o com.docker.network.driver.mtu=1400 -o x=y pm >/dev/null; docker network inspect pm | ${PLAIN}`,
  },
  {
    name: 'create, names that cannot be',
    script: sh`docker network create pn >/dev/null; for n in pn bridge host none '' ' '; do code docker network create "$n"; done; docker network create pn/x | wc -c; docker network rm pn/x`,
  },
  {
    name: 'create, addresses that cannot be',
    script: sh`docker network create --subnet 10.82.0.0/24 pn >/dev/null
    for o in "--subnet 10.82.0.0/16" "--subnet 10.82.0.128/25" "--subnet 10.83.0.0/33" "--subnet foo" "--subnet 10.83.0.5/24" "--gateway 10.83.0.1" "--subnet 10.83.0.0/24 --gateway 10.84.0.1" "--subnet 10.83.0.0/24 --ip-range 10.84.0.0/24" "--subnet 10.83.0.0/24 --aux-address a=10.84.0.1" "--subnet 10.83.0.0/24 --subnet 10.83.0.0/25" "--subnet 10.83.0.0/24 --gateway 10.83.0.1 --gateway 10.83.0.2" "--ipv6"; do echo "$o:"; code docker network create $o pm; done; docker network ls -q -f name=pm`,
  },
  {
    name: 'create, drivers and kinds that cannot be',
    script: sh`for o in "-d nosuch" "-d host" "-d overlay" "--ingress" "--scope swarm" "--ipam-driver nosuch" "-o com.docker.network.driver.mtu=abc" "--config-from nosuch" "--label =x"; do echo "$o:"; code docker network create $o pm; done`,
  },
  {
    name: 'create, from a configuration',
    script: sh`docker network create --config-only --subnet 10.85.0.0/24 pc >/dev/null; docker network create --config-from pc pn >/dev/null; docker network inspect pn pc | ${PLAIN}; code docker network rm pc; docker network rm pn pc`,
  },
  {
    name: 'rm',
    script: sh`docker network create pn >/dev/null; docker network create pm >/dev/null; code docker network rm pn nosuch pm; code docker network rm bridge; code docker network rm host none; code docker network rm -f nosuch; code docker network remove; docker network ls -q -f type=custom`,
  },
  {
    name: 'rm, by the beginning of the id',
    script: sh`id=$(docker network create pn); docker network inspect -f '{{.Name}}' \${id:0:5}; docker network rm \${id:0:12} | wc -c; docker network ls -q -f type=custom`,
  },
  {
    name: 'rm, in use',
    script: sh`docker network create pn >/dev/null; box px --network pn; code docker network rm pn; docker stop -t 1 px >/dev/null; docker network rm pn; docker start px; echo "= $?"`,
    phrases: ['has active endpoints'],
  },
  {
    name: 'prune',
    script: sh`docker network create pa >/dev/null; docker network create --label keep pb >/dev/null; docker network create pc >/dev/null; docker create --network pc --name px busybox >/dev/null; docker network prune -f --filter label!=keep | sort; docker network prune -f --filter until=1h; docker network prune -f; docker network ls -f type=custom --format '{{.Name}}'; docker network prune </dev/null; echo; code docker network prune -f --filter foo=bar`,
  },
  {
    name: 'a container on a network',
    script: sh`docker network create --subnet 10.86.0.0/24 pn >/dev/null; box px --network pn --network-alias al; docker inspect -f '{{.HostConfig.NetworkMode}} {{.NetworkSettings.IPAddress}} {{with .NetworkSettings.Networks.pn}}{{.IPAddress}} {{.IPPrefixLen}} {{.Gateway}} {{.MacAddress}} {{.Aliases}} {{len .DNSNames}} {{json .IPAMConfig}} {{len .NetworkID}} {{len .EndpointID}}{{end}}' px
    docker ps --format '{{.Names}} {{.Networks}}'; docker ps --filter network=pn --format '{{.Names}}'; docker ps -q --filter network=bridge; docker network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}} {{.MacAddress}}{{end}}' pn; docker exec px ip route`,
  },
  {
    name: 'a container on several networks',
    script: sh`docker network create --subnet 10.86.0.0/24 pa >/dev/null; docker network create --subnet 10.87.0.0/24 pb >/dev/null; box px --network pa --network name=pb,ip=10.87.0.9,alias=x; docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}} {{$e.Aliases}} {{json $e.IPAMConfig}};{{end}}' px; docker exec px ip -4 addr show | grep -o 'inet [0-9.]*' | sort; docker exec px ip route | sed 's/eth[01]/ethN/' | sort; docker exec px grep -c '10.8[67]' /etc/hosts`,
  },
  {
    name: 'addresses of a container',
    script: sh`docker network create --subnet 10.86.0.0/24 --ip-range 10.86.0.128/25 --aux-address a=10.86.0.129 pn >/dev/null; for i in 1 2; do docker run --rm --network pn busybox ip -4 addr show eth0 | grep -o 'inet [0-9.]*'; done; docker run --rm --network pn --ip 10.86.0.20 busybox ip -4 addr show eth0 | grep -o 'inet [0-9.]*'; docker run --rm --network pn --ip 10.86.0.21 --mac-address 02:42:ac:00:00:09 busybox ip link show eth0 | grep -o '02:42[0-9a-f:]*'`,
  },
  {
    name: 'addresses that cannot be',
    script: sh`docker network create --subnet 10.86.0.0/24 pn >/dev/null; box px --network pn --ip 10.86.0.5; for o in "--network pn --ip 10.86.0.5" "--network pn --ip 10.88.0.5" "--network bridge --ip 10.86.0.5" "--network pn --ip foo" "--network pn --ip ::1" "--network pn --ip6 foo"; do echo "$o:"; docker run --rm $o busybox true; echo "= $?"; done`,
    phrases: ['Address already in use', 'no configured subnet or ip-range contain the IP address'],
  },
  {
    name: 'addresses of a network whose subnet nobody chose',
    script: sh`docker network create pn >/dev/null; docker create --network pn --ip 172.18.0.9 busybox; echo "= $?"; docker network create pm >/dev/null; box px --network pn; code docker network connect --ip 172.19.0.9 pm px; code docker network connect --ip foo pm px`,
  },
  {
    name: 'link-local addresses',
    script: sh`docker network create --subnet 10.86.0.0/24 pn >/dev/null; docker network create --subnet 10.87.0.0/24 pm >/dev/null
    for o in "--link-local-ip 169.254.9.9" "--network pn --link-local-ip 169.254.9.9" "--network name=pn,link-local-ip=169.254.3.3,link-local-ip=169.254.3.4" "--network none --link-local-ip 169.254.9.9"; do echo "$o:"; docker run --rm $o busybox ip -4 addr show | grep -o 'inet 169[0-9./]*'; done
    docker create --name pc --network pn --link-local-ip 169.254.9.9 busybox >/dev/null; docker inspect -f '{{json .NetworkSettings.Networks.pn.IPAMConfig}}' pc
    box px --network pn; code docker network connect --link-local-ip 169.254.7.7 pm px; docker exec px ip -4 addr show eth1 | grep -o 'inet [0-9./]*'; docker inspect -f '{{json .NetworkSettings.Networks.pm.IPAMConfig}}' px`,
  },
  {
    name: 'link-local addresses that cannot be',
    script: sh`docker network create --subnet 10.86.0.0/24 pn >/dev/null; docker network create --subnet 10.87.0.0/24 pm >/dev/null; for o in "--network pn --link-local-ip foo" "--link-local-ip foo" "--network name=pn,link-local-ip=169.254.3.3 --link-local-ip 169.254.3.4"; do echo "$o:"; docker create $o busybox; echo "= $?"; done; box px --network pn; code docker network connect --link-local-ip foo pm px`,
  },
  {
    name: 'the way out, of several networks',
    script: sh`i=60; for n in pm pa pz; do docker network create --subnet 10.$i.0.0/24 $n >/dev/null; i=$((i+1)); done; docker network create --internal --subnet 10.70.0.0/24 aa >/dev/null; networks() { sed 's/10\.\([0-9]*\)\.0\.[0-9]*/net \1/g'; }
    docker run --rm --network pz --network pm --network aa --network pa busybox ip route | networks; box px --network pm; for n in pz pa aa; do docker network connect $n px; docker exec px ip route | grep default | networks; done; for n in pa pm; do docker network disconnect $n px; docker exec px ip route | grep default | networks; done; docker network connect pm px; docker exec px ip route | grep default | cut -d' ' -f1-3 | networks; docker restart -t 1 px >/dev/null; docker exec px ip route | networks`,
  },
  {
    name: 'the sandbox of a running one',
    script: sh`docker create --name px busybox sleep 100 >/dev/null; f='{{len .NetworkSettings.SandboxID}} {{if .NetworkSettings.SandboxKey}}key{{end}}'; docker inspect -f "$f" px; docker start px >/dev/null; docker inspect -f "$f" px; box pj --network container:px; docker inspect -f "$f" pj`,
  },
  {
    name: 'networks that cannot be put together',
    script: sh`docker network create pn >/dev/null; for o in "--network pn --network bridge" "--network host --network pn" "--network none --network-alias x" "--network bridge --network-alias x" "--network name=pn,ip=1.2.3.4 --ip 1.2.3.5" "--network host --link a"; do echo "$o:"; docker create $o busybox; echo "= $?"; done`,
  },
  {
    name: 'the default network together with none',
    script: sh`for o in "--network bridge --network none" "--network none --network bridge"; do echo "$o:"; docker run --name px $o busybox sh -c 'ip -o link | wc -l; ip route | grep -c default'; docker inspect -f '{{.HostConfig.NetworkMode}}{{range $n, $e := .NetworkSettings.Networks}} {{$n}}{{end}}' px; docker rm px; done; docker create --network none --network none busybox; echo "= $?"`,
  },
  {
    name: 'a network that is not there',
    script: sh`docker create --name px --network nosuch busybox >/dev/null; echo "= $?"; code docker start px; docker network create nosuch >/dev/null; code docker start px`,
  },
  {
    name: 'containers of one network reach each other, of two not',
    script: sh`docker network create --subnet 10.86.0.0/24 pa >/dev/null; docker network create --subnet 10.87.0.0/24 pb >/dev/null; box p1 --network pa --ip 10.86.0.2; box p2 --network pb --ip 10.87.0.2; docker run --rm --network pa busybox ping -c1 -w2 10.86.0.2 | grep -c 'bytes from'; docker run --rm --network pa busybox ping -c1 -w2 10.87.0.2 | grep -c 'bytes from'; docker run --rm busybox ping -c1 -w2 10.86.0.2 | grep -c 'bytes from'`,
  },
  {
    name: 'an internal network leads nowhere',
    script: sh`docker network create --internal --subnet 10.86.0.0/24 pa >/dev/null; box p1 --network pa --ip 10.86.0.2; docker run --rm --network pa busybox ip route; docker run --rm --network pa busybox ping -c1 -w2 10.86.0.2 | grep -c 'bytes from'`,
  },
  {
    name: 'connect and disconnect',
    script: sh`docker network create --subnet 10.86.0.0/24 pa >/dev/null; docker network create --subnet 10.87.0.0/24 pb >/dev/null; box px --network pa; code docker network connect --ip 10.87.0.7 --alias al pb px; docker exec px ip -4 addr show | grep -o 'inet [0-9.]*'; docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}} {{$e.Aliases}};{{end}}' px
    code docker network disconnect pa px; docker exec px ip route; docker exec px grep -c '10.86' /etc/hosts; docker inspect -f '{{range $n, $e := .NetworkSettings.Networks}}{{$n}} {{$e.IPAddress}};{{end}}' px; docker restart -t 1 px >/dev/null; docker exec px ip -4 addr show | grep -o 'inet [0-9.]*'`,
  },
  {
    name: 'connect a stopped one',
    script: sh`docker network create --subnet 10.86.0.0/24 pa >/dev/null; docker create --name px busybox ip -4 addr show >/dev/null; docker network connect pa px; docker start -a px | grep -o 'inet 10[0-9.]*'; docker network disconnect pa px; docker start -a px | grep -o 'inet 10[0-9.]*'`,
  },
  {
    name: 'connect, what cannot be',
    script: sh`docker network create pa >/dev/null; box px --network pa; box ph --network host; box pn --network none
    code docker network connect pa px; code docker network connect nosuch px; code docker network connect pa nosuch; code docker network connect host px; code docker network connect pa ph; code docker network connect pa pn; code docker network connect pa; code docker network disconnect bridge px; code docker network disconnect nosuch px; code docker network disconnect pa nosuch; code docker network disconnect -f pa nosuch; code docker network disconnect host ph`,
  },
  {
    name: 'events',
    script: sh`sleep 1; since=$(date +%s); docker network create pn >/dev/null; docker network create pm >/dev/null; docker run -d --name px --network pn busybox sleep 100 >/dev/null; docker network connect pm px; docker network disconnect pm px; docker rm -f px >/dev/null; docker network rm pn >/dev/null; sleep 1; docker events --since $since --until 0s --filter type=network --format '{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.type}}' | sort -u`,
  },
  {
    name: 'help',
    script: sh`docker network; docker network connect --help; docker network create --help | grep -v -e ipv4; docker network rm --help`,
  },
])
