import { sh, topic } from '../suite.ts'

const TEN = `docker run --name px busybox sh -c 'for i in $(seq 10); do echo line $i; done; sleep 0.1; echo error >&2' >/dev/null 2>&1`

export default topic('logs', [
  {
    name: 'all',
    script: sh`${TEN}
      docker logs px`,
  },
  {
    name: 'tail',
    script: sh`${TEN}
      docker logs --tail 3 px; echo; docker logs -n 1 px; docker logs --tail 0 px; docker logs --tail all px | wc -l; docker logs --tail 99 px 2>&1 | wc -l`,
  },
  {
    name: 'a tail that is none',
    script: sh`${TEN}
      docker logs --tail x px 2>&1 | wc -l; docker logs --tail -1 px 2>/dev/null | wc -l`,
  },
  {
    name: 'timestamps',
    script: sh`${TEN}
      docker logs -t --tail 2 px`,
  },
  {
    name: 'since and until',
    script: sh`${TEN}
      docker logs --since 1h px 2>/dev/null | wc -l; docker logs --until 1h px | wc -l; docker logs --since 2020-01-01 --until 2020-01-02T00:00:00 px | wc -l; docker logs --since 1577836800 px 2>/dev/null | wc -l`,
  },
  {
    // Docker's client sends 0s as a time in whole seconds.
    name: 'since and until zero',
    script: sh`${TEN}
      second=$(date +%s); until test $(date +%s) != $second; do sleep 0.05; done
      for time in 0 00 0.0 0s 1; do docker logs --until $time px 2>/dev/null | wc -l; docker logs --since $time px 2>/dev/null | wc -l; done; docker logs -f --until 0 px 2>/dev/null | wc -l`,
  },
  {
    name: 'since a time that is none',
    script: sh`${TEN}
      docker logs --since yesterday px`,
  },
  {
    name: 'until a time that is none',
    script: sh`${TEN}
      docker logs --until x px`,
  },
  {
    name: 'follow ends with the container',
    script: sh`docker run -d --name px busybox sh -c 'echo a; sleep 0.5; echo b' >/dev/null; docker logs -f px`,
  },
  {
    name: 'follow from the tail',
    script: sh`docker run -d --name px busybox sh -c 'echo a; echo b; until [ -e /go ]; do sleep 0.1; done; echo c' >/dev/null; until_says b docker logs px
      docker logs -f --tail 1 px | while read -r line; do echo "$line"; [ "$line" != b ] || docker exec px touch /go </dev/null; done`,
  },
  {
    name: 'follow of what ended',
    script: sh`${TEN}
      docker logs -f --tail 1 px`,
  },
  {
    name: 'of a terminal',
    script: sh`docker run -d -t --name px busybox echo text >/dev/null; docker wait px >/dev/null; docker logs px`,
  },
  {
    name: 'text without a newline',
    script: sh`docker run --name px busybox printf 'a\nb' >/dev/null; docker logs px`,
  },
  {
    name: 'a long line',
    script: sh`docker run --name px busybox sh -c 'head -c 40000 /dev/zero | tr "\0" x; echo' >/dev/null; docker logs px | wc; docker logs -t px | wc -l`,
  },
  {
    name: 'binary',
    script: sh`docker run --name px busybox printf '\001\377\n' >/dev/null; docker logs px | od -An -tx1`,
  },
  {
    name: 'details',
    script: sh`docker run --name px --log-opt labels=a --log-opt env=X -l a=1 -e X=2 busybox echo text >/dev/null; docker logs --details px`,
  },
  {
    name: 'details of none',
    script: sh`docker run --name px busybox echo text >/dev/null; docker logs --details px`,
  },
  {
    name: 'over restarts',
    script: sh`docker run --name px busybox echo text >/dev/null; docker start -a px >/dev/null; docker logs px`,
  },
  {
    name: 'log driver none',
    script: sh`docker run --name px --log-driver none busybox echo text; docker logs px`,
  },
  {
    name: 'log driver local',
    script: sh`docker run --name px --log-driver local busybox echo text; docker logs px`,
  },
  {
    name: 'rotation',
    script: sh`docker run --name px --log-opt max-size=2k --log-opt max-file=2 busybox seq 1000 >/dev/null; docker logs px | tail -1; test $(docker logs px | wc -l) -lt 300 && echo cut`,
  },
  { name: 'of what is not there', script: sh`docker logs nosuch` },
  { name: 'of nothing', script: sh`docker logs` },
  { name: 'of two', script: sh`docker logs a b` },
])
