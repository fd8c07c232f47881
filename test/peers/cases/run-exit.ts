import { sh, topic } from '../suite.ts'

export default topic('run-exit', [
  { name: 'output and success', script: sh`docker run --rm busybox echo hello` },
  { name: 'a code of the program', script: sh`docker run --rm busybox sh -c 'exit 42'` },
  { name: 'failure is 1', script: sh`docker run --rm busybox false` },
  { name: 'code 255', script: sh`docker run --rm busybox sh -c 'exit 255'` },
  {
    name: 'a program that does not exist is 127',
    script: sh`docker run --rm busybox nosuch`,
    phrases: [
      'docker: Error response from daemon: ',
      'exec: "nosuch": executable file not found in $PATH',
    ],
  },
  {
    name: 'an absolute path that does not exist is 127',
    script: sh`docker run --rm busybox /no/such`,
    phrases: ['exec: "/no/such": stat /no/such: no such file or directory'],
  },
  {
    name: 'a directory is 126',
    script: sh`docker run --rm busybox /etc`,
    phrases: ['exec: "/etc": is a directory', 'permission denied'],
  },
  {
    name: 'a file without permission is 126',
    script: sh`docker run --rm busybox /etc/not-executable`,
    phrases: ['exec: "/etc/not-executable": permission denied'],
  },
  {
    name: 'SIGKILL from inside is 137',
    script: sh`docker run --rm --init busybox sh -c 'kill -9 $$'`,
  },
  {
    name: 'SIGTERM from inside is 143',
    script: sh`docker run --rm --init busybox sh -c 'kill -15 $$'`,
  },
  {
    name: 'SIGSEGV from inside is 139',
    script: sh`docker run --rm --init busybox sh -c 'kill -SEGV $$'`,
  },
  {
    name: 'killed from outside',
    script: sh`
      docker run --name px busybox sleep 1000 & pid=$!; until_says running docker inspect -f '{{.State.Status}}' px
      docker kill px; wait $pid; echo "= $?"; docker inspect -f '{{.State.ExitCode}}' px`,
  },
  {
    name: 'SIGTERM to the client reaches the program',
    script: sh`
      docker run --rm --name px busybox sh -c 'trap "echo caught; exit 9" TERM; echo ready; while :; do sleep 0.05; done' >out & pid=$!
      until_says ready cat out
      kill -TERM $pid; wait $pid; echo "= $?"; cat out`,
  },
  {
    name: 'SIGHUP to the client reaches the program',
    script: sh`
      docker run --rm --name px busybox sh -c 'trap "echo caught; exit 8" HUP; echo ready; while :; do sleep 0.05; done' >out & pid=$!
      until_says ready cat out
      kill -HUP $pid; wait $pid; echo "= $?"; cat out`,
  },
  {
    name: 'without --sig-proxy the client ends alone',
    script: sh`
      docker run --sig-proxy=false --name px busybox sh -c 'echo ready; sleep 1000' >out & pid=$!
      until_says ready cat out
      kill -TERM $pid; wait $pid; echo "= $?"; docker inspect -f '{{.State.Running}}' px`,
  },
  { name: 'no image', script: sh`docker run` },
  { name: 'an image name with capitals', script: sh`docker run --rm BusyBox` },
  { name: 'an image that cannot be a name', script: sh`docker run --rm 'busybox:' true` },
  {
    name: 'an image that is not here, never pulled',
    script: sh`docker run --rm --pull never nosuch-image true`,
  },
  { name: 'a bad --pull', script: sh`docker run --rm --pull sometimes busybox true` },
  {
    name: 'a working directory that is a file',
    script: sh`docker run --rm -w /etc/passwd busybox true`,
    phrases: ['docker: Error response from daemon: ', 'not a directory'],
  },
  {
    name: 'a user that does not exist',
    script: sh`docker run --rm -u nobodyknows busybox true`,
    phrases: ['unable to find user nobodyknows: no matching entries in passwd file'],
  },
  {
    name: 'a group that does not exist',
    script: sh`docker run --rm -u 0:nogroupknows busybox true`,
    phrases: ['unable to find group nogroupknows: no matching entries in group file'],
  },
])
