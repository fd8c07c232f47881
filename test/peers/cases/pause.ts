import { sh, topic } from '../suite.ts'

export default topic('pause', [
  {
    name: 'pause and unpause',
    script: sh`box px; docker pause px; docker inspect -f '{{.State.Status}} {{.State.Paused}} {{.State.Running}}' px; docker unpause px; docker inspect -f '{{.State.Status}} {{.State.Paused}}' px`,
  },
  {
    name: 'nothing goes on meanwhile',
    script: sh`
      docker run -d --name px busybox sh -c 'while :; do echo x; sleep 0.05; done' >/dev/null; until_says x docker logs px; docker pause px
      still() { a=$(docker logs px | wc -l); sleep 0.5; b=$(docker logs px | wc -l); test $a = $b && echo still; }
      more() { test $(docker logs px | wc -l) -gt $b && echo more; }
      until_says still still; still; docker unpause px; until_says more more; more`,
  },
  { name: 'pause twice', script: sh`box px; docker pause px; docker pause px; docker unpause px` },
  { name: 'unpause of what runs', script: sh`box px; docker unpause px` },
  {
    name: 'pause of what is stopped',
    script: sh`docker run --name px busybox true; docker pause px`,
  },
  { name: 'pause of what is not there', script: sh`docker pause nosuch; docker unpause nosuch` },
  { name: 'pause of nothing', script: sh`docker pause; docker unpause` },
  {
    name: 'exec in what is paused',
    script: sh`box px; docker pause px; docker exec px true; docker unpause px`,
  },
  {
    name: 'stop of what is paused',
    script: sh`box px; docker pause px; docker stop -t 1 px; docker inspect -f '{{.State.Status}}' px`,
  },
  {
    name: 'kill of what is paused',
    script: sh`box px; docker pause px; docker kill px; docker wait px`,
  },
  {
    name: 'rm of what is paused',
    script: sh`box px; docker pause px; docker rm px; docker rm -f px`,
  },
  {
    name: 'start of what is paused',
    script: sh`box px; docker pause px; docker start px; docker unpause px`,
  },
  {
    name: 'restart of what is paused',
    script: sh`box px; docker pause px; docker restart -t 1 px; docker inspect -f '{{.State.Status}}' px`,
  },
])
