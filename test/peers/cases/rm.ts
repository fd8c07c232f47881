import { sh, topic } from '../suite.ts'

export default topic('rm', [
  {
    name: 'a stopped one',
    script: sh`docker run --name px busybox true; docker rm px; docker ps -aq`,
  },
  {
    name: 'a running one',
    script: sh`box px; docker rm px; echo "= $?"; docker inspect -f '{{.State.Running}}' px`,
  },
  { name: 'a running one by force', script: sh`box px; docker rm -f px; docker ps -aq` },
  { name: 'what is not there', script: sh`docker rm nosuch` },
  { name: 'what is not there by force', script: sh`docker rm -f nosuch` },
  {
    name: 'several',
    script: sh`docker create --name px1 busybox >/dev/null; docker create --name px2 busybox >/dev/null; docker rm px1 nosuch px2`,
  },
  { name: 'nothing', script: sh`docker rm` },
  { name: 'an empty name', script: sh`docker rm ''` },
  { name: 'a bad name', script: sh`docker rm 'a b'` },
  {
    name: 'anonymous volumes stay without -v',
    script: sh`docker create --name px -v /d busybox >/dev/null; docker rm px; docker volume ls -q | wc -l`,
  },
  {
    name: 'anonymous volumes go with -v',
    script: sh`docker create --name px -v /d -v px-named:/n busybox >/dev/null; docker rm -v px; docker volume ls -q`,
  },
  {
    name: 'a link that is not there',
    script: sh`docker create --name px busybox >/dev/null; docker rm -l px`,
  },
  {
    name: 'other names',
    script: sh`docker create --name px busybox >/dev/null; docker container rm px; docker create --name px busybox >/dev/null; docker container remove px`,
  },
  {
    name: 'what was removed',
    script: sh`docker create --name px busybox >/dev/null; docker rm px; docker rm px; docker start px; docker inspect px`,
  },
  {
    name: 'by the start of an id',
    script: sh`id=$(docker create busybox); docker rm \${id:0:10} | wc -c`,
  },
])
