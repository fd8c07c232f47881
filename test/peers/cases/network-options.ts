import { sh, topic } from '../suite.ts'

/** Of the bridge driver. */
const B = 'com.docker.network.bridge'

export default topic('network-options', [
  {
    name: 'values that cannot be',
    script: sh`for o in host_binding_ipv4=foo host_binding_ipv4= enable_icc=maybe enable_ip_masquerade=maybe inhibit_ipv4=maybe; do echo "$o:"; code docker network create -o ${B}.$o pn; done; docker network ls -q -f type=custom`,
  },
  {
    name: 'ports of a network with an address of its own',
    script: sh`docker network create -o ${B}.host_binding_ipv4=127.0.0.1 pn >/dev/null; docker run -d --name px --network pn -p 18401:80 -p 0.0.0.0:18402:80 busybox sleep 100 >/dev/null; docker port px; docker inspect -f '{{json .HostConfig.PortBindings}} {{json .NetworkSettings.Ports}}' px | sed 's/{"HostIp":"0.0.0.0","HostPort":"18402"},\({"HostIp":"127.0.0.1","HostPort":"18401"}\)/\1,{"HostIp":"0.0.0.0","HostPort":"18402"}/'; docker ps --format '{{.Ports}}'`,
  },
  {
    name: 'ports of an internal network',
    script: sh`docker network create --internal pn >/dev/null; docker run -d --name px --network pn -p 18403:80 busybox sleep 100 >/dev/null; docker port px; code docker port px 80; docker run -d --name py -p 18403:80 busybox sleep 100 | wc -c`,
  },
  {
    name: 'ports follow the way out',
    script: sh`docker network create --internal pi >/dev/null; docker network create -o ${B}.host_binding_ipv4=127.0.0.1 pn >/dev/null; docker run -d --name px --network pi -p 18404:80 busybox sleep 100 >/dev/null; docker network connect pn px; docker port px; docker network disconnect pn px; docker port px; echo "= $?"`,
  },
  {
    name: 'the name of the interface',
    script: sh`docker network create -o com.docker.network.container_iface_prefix=foo pf >/dev/null; docker network create pn >/dev/null; docker run --rm --network pf busybox ls /sys/class/net; docker run -d --name px --network pf busybox sleep 100 >/dev/null; docker network connect pn px; docker exec px ls /sys/class/net; docker restart -t 0 px >/dev/null; docker exec px ls /sys/class/net`,
  },
  {
    name: 'the name of the bridge',
    script: sh`docker network create -o ${B}.name=dupbr pa >/dev/null; docker network create -o ${B}.name=dupbr pb 2>&1 | sed -E 's/[0-9a-f]{64}/ID/g'; docker network create --config-only -o ${B}.name=dupbr pc >/dev/null; docker network create --config-from pc pd 2>&1 | sed -E 's/[0-9a-f]{64}/ID/g'; code docker network create -o ${B}.name=lo pb; docker network ls -f type=custom --format '{{.Name}}'; docker network rm pa; docker network create --config-from pc pd | wc -c`,
  },
  {
    name: 'the name default',
    script: sh`code docker network create default`,
  },
])
