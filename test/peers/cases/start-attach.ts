import { sh, topic } from '../suite.ts'

export default topic('start-attach', [
  {
    name: 'start says the name',
    script: sh`docker run --name px busybox true; docker start px; docker wait px`,
  },
  { name: 'start of what runs', script: sh`box px; docker start px` },
  {
    name: 'start of several',
    script: sh`docker create --name px1 busybox >/dev/null; docker start px1 nosuch`,
  },
  { name: 'start of what is not there', script: sh`docker start nosuch` },
  { name: 'start of nothing', script: sh`docker start` },
  {
    name: 'start -a gives output and code',
    script: sh`docker create --name px busybox sh -c 'echo out; echo err >&2; exit 7' >/dev/null; docker start -a px`,
  },
  {
    name: 'start -a of several',
    script: sh`docker create --name px1 busybox >/dev/null; docker create --name px2 busybox >/dev/null; docker start -a px1 px2`,
  },
  {
    name: 'start -i',
    script: sh`docker create -i --name px busybox cat >/dev/null; echo text | docker start -i px`,
  },
  {
    name: 'files stay',
    script: sh`docker run --name px busybox sh -c 'echo x >>/f; wc -l </f'; docker start -a px`,
  },
  {
    name: 'attach',
    script: sh`docker run -d -i --name px busybox sh -c 'read x; echo got $x; exit 5' >/dev/null; echo text | docker attach px >out; echo "= $?"; docker logs px`,
  },
  {
    name: 'attach without input',
    script: sh`
      docker run -d --name px busybox sh -c 'until [ -e /go ]; do echo out; sleep 0.1; done; exit 5' >/dev/null; docker attach --no-stdin px >out & pid=$!
      until_says out cat out; docker exec px touch /go; wait $pid; echo "= $?"; sort -u out`,
  },
  {
    name: 'attach to what is stopped',
    script: sh`docker run --name px busybox true; docker attach px`,
  },
  {
    name: 'attach to what is paused',
    script: sh`box px; docker pause px; docker attach px; docker unpause px`,
  },
  { name: 'attach to what is not there', script: sh`docker attach nosuch` },
  { name: 'attach to nothing', script: sh`docker attach` },
  {
    name: 'attach without a proxy of signals',
    script: sh`
      docker run -d --name px busybox sh -c 'while :; do echo x; sleep 0.1; done' >/dev/null; docker attach --sig-proxy=false px >out & pid=$!
      until_says x cat out; kill -TERM $pid; wait $pid; echo "= $?"; docker inspect -f '{{.State.Running}}' px`,
  },
  {
    name: 'attach to a terminal without one',
    script: sh`docker run -dit --name px busybox >/dev/null; docker attach px </dev/null`,
  },
  {
    name: 'bad detach keys',
    script: sh`box px; docker attach --detach-keys nosuch px`,
    differs: {
      why: "the daemon's own words; Docker's client asks it for a connection and tells no more than its 400",
      stderr: ['Error response from daemon: Invalid detach keys (nosuch) provided'],
    },
  },
])
