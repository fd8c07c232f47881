import { sh, topic } from '../suite.ts'

export default topic('stop-kill', [
  {
    name: 'stop asks first',
    script: sh`docker run -d --name px busybox sh -c 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.05; done' >/dev/null; until_says ready docker logs px; docker stop px; docker logs px; docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' px`,
  },
  {
    name: 'stop kills after its time',
    script: sh`docker run -d --name px busybox sleep 1000 >/dev/null; docker stop -t 1 px; docker inspect -f '{{.State.ExitCode}}' px`,
  },
  {
    name: 'stop at once',
    script: sh`docker run -d --name px busybox sleep 1000 >/dev/null; docker stop -t 0 px; docker inspect -f '{{.State.ExitCode}}' px`,
  },
  {
    name: 'stop with another signal',
    script: sh`docker run -d --name px busybox sh -c 'trap "exit 6" INT; echo ready; while :; do sleep 0.05; done' >/dev/null; until_says ready docker logs px; docker stop -s INT px; docker inspect -f '{{.State.ExitCode}}' px`,
  },
  {
    name: 'the stop signal of the container',
    script: sh`docker run -d --stop-signal USR1 --name px busybox sh -c 'trap "exit 7" USR1; echo ready; while :; do sleep 0.05; done' >/dev/null; until_says ready docker logs px; docker stop px; docker inspect -f '{{.State.ExitCode}}' px`,
  },
  {
    name: 'the stop timeout of the container',
    script: sh`docker run -d --stop-timeout 1 --name px busybox sleep 1000 >/dev/null; docker stop px; docker inspect -f '{{.State.ExitCode}}' px`,
  },
  {
    name: 'stop of what is stopped',
    script: sh`docker run --name px busybox true; docker stop px`,
  },
  { name: 'stop of several', script: sh`stoppable px1; stoppable px2; docker stop px1 nosuch px2` },
  { name: 'stop of what is not there', script: sh`docker stop nosuch` },
  { name: 'stop of nothing', script: sh`docker stop` },
  { name: 'stop with a time that is none', script: sh`docker stop -t x px` },
  { name: 'stop with a signal that is none', script: sh`box px; docker stop -s NOSUCH px` },
  {
    name: 'kill',
    script: sh`box px; docker kill px; docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' px`,
  },
  {
    name: 'kill with a signal',
    script: sh`docker run -d --name px busybox sh -c 'n=0; trap "n=\$((n+1)); echo usr \$n" USR1; echo ready; while :; do sleep 0.05; done' >/dev/null; until_says ready docker logs px; n=0; for s in USR1 SIGUSR1 10; do docker kill -s $s px; n=$((n+1)); until_says "usr $n" docker logs px; done; docker logs px; docker inspect -f '{{.State.Status}}' px`,
  },
  {
    name: 'kill with a signal that is none',
    script: sh`box px; docker kill -s NOSUCH px; docker kill -s 99 px; docker kill -s 0 px`,
  },
  {
    name: 'kill of what is stopped',
    script: sh`docker run --name px busybox true; docker kill px`,
  },
  { name: 'kill of several', script: sh`box px1; docker kill px1 nosuch` },
  { name: 'kill of nothing', script: sh`docker kill` },
  {
    name: 'wait',
    script: sh`docker run -d --name px busybox sh -c 'sleep 0.3; exit 9' >/dev/null; docker wait px`,
  },
  {
    name: 'wait for what ended',
    script: sh`docker run --name px busybox sh -c 'exit 4'; docker wait px`,
  },
  {
    name: 'wait for several',
    script: sh`docker run --name px1 busybox sh -c 'exit 4'; docker run --name px2 busybox true; docker wait px1 nosuch px2`,
  },
  { name: 'wait of nothing', script: sh`docker wait` },
  {
    name: 'wait while it is stopped',
    script: sh`stoppable px; docker wait px & sleep 0.3; docker stop px >/dev/null; wait`,
  },
  {
    name: 'restart',
    script: sh`stoppable px; a=$(docker inspect -f '{{.State.StartedAt}}' px); docker restart px; b=$(docker inspect -f '{{.State.StartedAt}}' px); test "$a" != "$b" && docker inspect -f '{{.State.Status}} {{.RestartCount}}' px`,
  },
  {
    name: 'restart of what is stopped',
    script: sh`docker run --name px busybox echo text; docker restart px; docker wait px; docker logs px`,
  },
  {
    name: 'restart with a time',
    script: sh`docker run -d --name px busybox sleep 1000 >/dev/null; docker restart -t 0 px; docker inspect -f '{{.State.Status}}' px`,
  },
  { name: 'restart of what is not there', script: sh`docker restart nosuch` },
  { name: 'restart of nothing', script: sh`docker restart` },
  {
    name: 'restart on failure, a number of times',
    script: sh`docker run -d --name px --restart on-failure:2 busybox sh -c 'echo run; exit 3' >/dev/null; until_says exited docker inspect -f '{{.State.Status}}' px; docker logs px; docker inspect -f '{{.RestartCount}} {{.State.ExitCode}}' px`,
  },
  {
    name: 'wait for one that is started again',
    script: sh`docker run -d --name px --restart always busybox sh -c 'sleep 1; exit 3' >/dev/null; docker wait px; docker rm -f px`,
  },
  {
    name: 'no restart after success',
    script: sh`docker run -d --name px --restart on-failure busybox echo run >/dev/null; docker wait px; docker logs px; docker inspect -f '{{.RestartCount}} {{.State.Status}}' px`,
  },
  {
    name: 'no restart after stop',
    script: sh`stoppable px --restart always; docker stop px; sleep 0.5; docker inspect -f '{{.State.Status}} {{.RestartCount}}' px`,
  },
])
