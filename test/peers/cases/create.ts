import { sh, topic } from '../suite.ts'

export default topic('create', [
  { name: 'says the id', script: sh`docker create busybox` },
  {
    name: 'the state is created',
    script: sh`docker create --name px busybox true >/dev/null; docker inspect -f '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.Pid}} {{.State.StartedAt}}' px`,
  },
  {
    name: 'start runs it',
    script: sh`docker create --name px busybox echo hello >/dev/null; docker start -a px`,
  },
  {
    name: 'start with input',
    script: sh`docker create -i --name px busybox cat >/dev/null; echo text | docker start -ai px`,
  },
  { name: 'no image', script: sh`docker create` },
  { name: 'an image that is not here', script: sh`docker create --pull never nosuch-image` },
  {
    name: 'a taken name',
    script: sh`docker create --name px busybox >/dev/null; docker create --name px busybox`,
  },
  { name: 'a bad flag', script: sh`docker create --nosuch busybox` },
  { name: 'a bad value', script: sh`docker create -m 5x busybox` },
  {
    name: 'a program that does not exist is found at start',
    script: sh`
      docker create --name px busybox nosuch >/dev/null; echo "= $?"; docker start px; echo "= $?"; docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' px`,
    phrases: [
      'exec: "nosuch": executable file not found in $PATH',
      'Error: failed to start containers: px',
    ],
  },
  {
    name: 'container create',
    script: sh`docker container create --name px busybox >/dev/null; docker ps -a --format '{{.Names}} {{.Status}}'`,
  },
  {
    name: 'exec in what never ran',
    script: sh`docker create --name px busybox >/dev/null; docker exec px true`,
  },
  {
    name: 'stop of what never ran',
    script: sh`docker create --name px busybox >/dev/null; docker stop px; docker inspect -f '{{.State.Status}}' px`,
  },
  {
    name: 'kill of what never ran',
    script: sh`docker create --name px busybox >/dev/null; docker kill px`,
  },
  {
    name: 'logs of what never ran',
    script: sh`docker create --name px busybox >/dev/null; docker logs px`,
  },
  {
    name: 'rm of what never ran',
    script: sh`docker create --name px busybox >/dev/null; docker rm px`,
  },
])
