import { sh, topic } from '../suite.ts'

export default topic('network-addresses', [
  {
    name: 'addresses that somebody has',
    script: sh`s='--subnet 10.98.0.0/24'; for o in "$s --gateway 10.98.0.1 --aux-address x=10.98.0.1" "$s --aux-address x=10.98.0.1" "$s --aux-address x=10.98.0.255" "$s --gateway 10.98.0.0" "$s --gateway 10.98.0.255" "--ipv6 --subnet fd31::/64 --gateway fd31::1 --aux-address x=fd31::1"; do echo "$o:"; code docker network create $o pn; done; docker network ls -q -f type=custom`,
  },
  {
    name: 'addresses that nobody gets',
    script: sh`docker network create --subnet 10.97.0.0/24 --aux-address x=10.97.0.7 pn >/dev/null; for a in 0 255 1 7 8; do docker run --rm --network pn --ip 10.97.0.$a busybox true; echo "= $?"; done`,
  },
  {
    name: 'a range of IPv6',
    script: sh`docker network create --ipv6 --subnet fd31::/64 --gateway fd31::1 --ip-range fd31::100/120 --aux-address x=fd31::101 pn >/dev/null; for n in 1 2; do docker run -d --name p$n --network pn busybox sleep 100 >/dev/null; docker inspect -f '{{.NetworkSettings.Networks.pn.GlobalIPv6Address}}' p$n; done; for a in fd31::101 fd31::1 fd31::100 fd31::9; do docker run --rm --network pn --ip6 $a busybox true; echo "= $?"; done`,
  },
])
