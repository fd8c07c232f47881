import { sh, topic } from '../suite.ts'

export default topic('ipv6', [
  {
    name: 'a network with both',
    script: sh`docker network create --ipv6 --subnet fd00:77::/64 --subnet 10.89.0.0/24 pn >/dev/null; docker network inspect -f '{{.EnableIPv6}}{{range .IPAM.Config}} {{.Subnet}}{{end}}' pn | tr ' ' '\n' | sort; box px --network pn; docker inspect -f '{{with .NetworkSettings.Networks.pn}}{{.GlobalIPv6Address}} {{.GlobalIPv6PrefixLen}} {{.IPv6Gateway}} {{.IPAddress}}{{end}}' px; docker network inspect -f '{{range .Containers}}{{.IPv6Address}}{{end}}' pn; docker exec px ip -6 addr show eth0 scope global | grep -o 'inet6 [0-9a-f:/]*'; docker exec px ip -6 route show default | grep -o 'via [0-9a-f:]*'; docker exec px grep -c fd00:77 /etc/hosts`,
  },
  {
    name: 'an address of one',
    script: sh`docker network create --ipv6 --subnet fd00:77::/64 --subnet 10.89.0.0/24 pn >/dev/null; box px --network pn --ip6 fd00:77::99; docker inspect -f '{{with .NetworkSettings.Networks.pn}}{{.GlobalIPv6Address}} {{json .IPAMConfig}}{{end}}' px; docker run --rm --network pn --ip6 fd00:77::99 busybox true; echo "= $?"; docker run --rm --network pn --ip6 fd00:78::99 busybox true; echo "= $?"`,
    phrases: [
      'Address already in use',
      'no configured subnet or ip-range contain the IP address fd00:78::99',
    ],
  },
  {
    name: 'containers reach each other',
    script: sh`docker network create --ipv6 --subnet fd00:77::/64 --subnet 10.89.0.0/24 pn >/dev/null; box px --network pn --ip6 fd00:77::99; docker run --rm --network pn busybox ping -6 -c1 -w2 fd00:77::99 | grep -c 'bytes from'; docker run --rm --network pn busybox ping -6 -c1 -w2 px | grep -c 'bytes from'; docker run --rm --network pn busybox ping -4 -c1 -w2 px | grep -c 'bytes from'`,
  },
  {
    name: 'what cannot be',
    script: sh`for o in "--ipv6" "--ipv6 --subnet fd00:77::/129" "--ipv6 --subnet fd00:77::5/64" "--ipv6 --subnet fd00:77::/64 --gateway fd00:78::1"; do echo "$o:"; code docker network create $o pn; done; docker network create --ipv6 --subnet fd00:77::/64 pn >/dev/null; code docker network create --ipv6 --subnet fd00:77::/80 pm`,
  },
])
