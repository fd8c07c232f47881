import { sh, topic } from '../suite.ts'

/**
 * Where the answer of a container is waited for, on the host of the engine. A connection that is reset is tried again:
 * the first write after a reset fails, and a read after that would be an end without a word.
 */
const FETCH = `fetch() { for _ in $(seq 30); do timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2; echo >&3 && cat <&3" 2>/dev/null && return; sleep 0.1; done; echo nobody; }
serve() { docker run -d --name "$@" busybox sh -c 'while :; do echo hello | nc -l -p 80 >/dev/null; done' >/dev/null; }`

export default topic('ports', [
  {
    name: 'port',
    script: sh`docker run -d --name pp -p 18200:80 -p 127.0.0.1:18201:81/udp -p 19000-19002:90-92 --expose 99 busybox sleep 100 >/dev/null; docker port pp; for p in 80 80/tcp 81 81/udp 90-91 99 x 99999; do echo "$p:"; code docker port pp $p; done; docker stop -t 0 pp >/dev/null; code docker port pp; code docker port nosuch; code docker port pp 80`,
  },
  {
    name: 'inspect and ps',
    script: sh`docker run -d --name pp -p 18210:80 -p 127.0.0.1:18211:81/udp -p 19010-19012:90-92 --expose 99 busybox sleep 100 >/dev/null; docker inspect -f '{{json .NetworkSettings.Ports}} {{json .HostConfig.PortBindings}} {{json .Config.ExposedPorts}}' pp; docker ps --format '{{.Ports}}'; docker ps -q --filter publish=18210 | wc -l; docker ps -q --filter publish=80 | wc -l; docker ps -q --filter expose=80 | wc -l; docker ps -q --filter publish=19010-19011/tcp | wc -l; docker stop -t 0 pp >/dev/null; docker inspect -f '{{json .NetworkSettings.Ports}} {{json .HostConfig.PortBindings}}' pp; docker ps -a --format '{{.Ports}}'`,
  },
  {
    name: 'random ports',
    script: sh`docker run -d --name pp -p 80 -P --expose 70 --expose 71/udp busybox sleep 100 >/dev/null; docker port pp | sed 's/:[0-9]*$/:N/'; docker inspect -f '{{range $p, $b := .NetworkSettings.Ports}}{{$p}} {{len $b}};{{end}}{{.HostConfig.PublishAllPorts}}' pp; test "$(docker port pp 80 | head -1 | cut -d: -f2)" = "$(docker port pp 80 | tail -1 | sed 's/.*://')" && echo same`,
  },
  {
    name: 'a range of the host for one port',
    script: sh`docker run -d --name p1 -p 18100-18101:80 busybox sleep 100 >/dev/null; docker port p1; docker run -d --name p2 -p 18100-18101:80 busybox sleep 100 >/dev/null; docker port p2; docker run -d --name p3 -p 18100-18101:80 busybox sleep 100 >/dev/null; echo "= $?"`,
    phrases: ['all ports are allocated'],
  },
  {
    name: 'a port that is taken',
    script: sh`docker run -d --name p1 -p 18240:80 busybox sleep 100 >/dev/null; docker run -d --name p2 -p 18240:80 busybox sleep 100 | wc -c; docker ps -a --format '{{.Names}} {{.State}}'; docker run --rm -p 127.0.0.1:18240:80 busybox true; echo "= $?"; docker rm -f p1; docker start p2; docker port p2`,
    phrases: ['Bind for 0.0.0.0:18240 failed: port is already allocated'],
  },
  {
    name: 'what cannot be published',
    script: sh`for p in 99999 80:99999 a:80 80-81:80 80/foo 1.2.3:80:80 '[::1:80:80' ''; do echo "$p:"; docker create -p "$p" busybox; echo "= $?"; done`,
  },
  {
    name: 'port 0 of a container',
    script: sh`docker run -d --name pp -p 18250:0 -p 18251-18252:0-1/udp busybox sleep 100 >/dev/null; docker inspect -f '{{json .HostConfig.PortBindings}} {{json .Config.ExposedPorts}} {{json .NetworkSettings.Ports}}' pp; docker port pp; docker ps --format '{{.Ports}}'; docker run -d --name pq --expose 0 -P -p 0 busybox sleep 100 >/dev/null; docker port pq | sed 's/:[0-9]*$/:N/'; docker create --name pr -p 0:80 busybox >/dev/null; docker inspect -f '{{json .HostConfig.PortBindings}}' pr`,
  },
  {
    name: 'no ports where there is no network',
    script: sh`docker run -d --name p1 --network none -p 18260:80 busybox sleep 100 >/dev/null; docker port p1; docker inspect -f '{{json .NetworkSettings.Ports}}' p1; docker run -d --name p2 --network host -p 18260:80 busybox sleep 100 >/dev/null; docker port p2`,
  },
  {
    name: 'it is reached',
    script: sh`${FETCH}
    serve p1 -p 18270:80; fetch 127.0.0.1 18270; serve p2 -p 127.0.0.1:18271:80; fetch 127.0.0.1 18271; fetch ::1 18270; docker restart -t 0 p1 >/dev/null; fetch 127.0.0.1 18270; docker network create pn >/dev/null; serve p3 --network pn -p 18272:80; fetch 127.0.0.1 18272`,
  },
  {
    name: 'it is reached from other containers by the gateway',
    script: sh`${FETCH}
    serve p1 -p 18280:80; fetch 127.0.0.1 18280; docker run --rm busybox sh -c 'echo | nc -w 3 $(ip route | sed -n "s/default via \([0-9.]*\).*/\1/p") 18280'`,
  },
  {
    name: 'it is gone with the container',
    script: sh`serve() { docker run -d --name "$@" busybox sleep 100 >/dev/null; }; serve p1 -p 18290:80; docker rm -f p1 >/dev/null; serve p2 -p 18290:80; docker kill p2; serve p3 -p 18290:80; docker port p3`,
  },
  {
    name: 'names on a network',
    script: sh`docker network create pn >/dev/null; docker network create pm >/dev/null; box p1 --network pn --network-alias al --hostname ho; for n in p1 al ho P1; do docker run --rm --network pn busybox ping -c1 -w2 $n | grep -c 'bytes from'; done; docker run --rm --network pm busybox ping -c1 -w2 p1 | grep -c 'bytes from'; docker run --rm busybox ping -c1 -w2 p1 | grep -c 'bytes from'; docker run --rm --network pn busybox sh -c 'grep nameserver /etc/resolv.conf; nslookup p1 | grep -c Address'`,
    phrases: ['bad address'],
  },
  {
    name: 'names come and go',
    script: sh`docker network create pn >/dev/null; box p1 --network pn; box p2; docker network connect --alias x pn p2; docker exec p1 ping -c1 -w2 p2 | grep -c 'bytes from'; docker exec p2 ping -c1 -w2 p1 | grep -c 'bytes from'; docker exec p1 ping -c1 -w2 x | grep -c 'bytes from'; docker network disconnect pn p2; docker exec p1 ping -c1 -w2 p2 | grep -c 'bytes from'; docker rename p1 pz; docker run --rm --network pn busybox ping -c1 -w2 pz | grep -c 'bytes from'`,
    phrases: ['bad address'],
  },
  {
    name: 'links',
    script: sh`box p1; docker run --rm --link p1:alias busybox sh -c 'grep alias /etc/hosts | wc -w; ping -c1 -w2 alias | grep -c "bytes from"'; docker create --name p2 busybox >/dev/null; docker run --rm --link p2:x busybox true; docker run --rm --link nosuch:x busybox true; box p3 --link p1 --link p1:y; docker inspect -f '{{json .HostConfig.Links}}' p3; docker network create pn >/dev/null; box p4 --network pn; docker run --rm --network pn --link p4:al busybox ping -c1 -w2 al | grep -c 'bytes from'; docker run --rm --network pn busybox ping -c1 -w2 al | grep -c 'bytes from'`,
    phrases: [
      'Cannot link to a non running container: /p2 AS /',
      'could not get container for nosuch',
      'bad address',
    ],
  },
])
