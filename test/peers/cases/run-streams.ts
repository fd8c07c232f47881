import { sh, topic } from '../suite.ts'

export default topic('run-streams', [
  {
    name: 'both streams apart',
    script: sh`docker run --rm busybox sh -c 'echo out; echo err >&2'`,
  },
  { name: 'no input without -i', script: sh`echo text | docker run --rm busybox cat` },
  { name: 'input with -i', script: sh`printf 'a\nb' | docker run --rm -i busybox cat` },
  {
    name: 'binary input and output',
    script: sh`head -c 300000 /dev/zero | tr '\0' '\377' | docker run --rm -i busybox cat | cksum`,
  },
  {
    name: 'the end of input ends the program',
    script: sh`docker run --rm -i busybox sh -c 'cat; echo end' </dev/null`,
  },
  {
    name: 'attach to stdout only',
    script: sh`docker run --rm -a stdout busybox sh -c 'echo out; echo err >&2'`,
  },
  {
    name: 'attach to stderr only',
    script: sh`docker run --rm -a stderr busybox sh -c 'echo out; echo err >&2'`,
  },
  {
    name: 'attach to stdin says the id',
    script: sh`echo x | docker run -a stdin -i --name px busybox cat; docker wait px; docker logs px`,
  },
  {
    name: 'attach to stdout only, with -i',
    script: sh`printf 'a\nb' | docker run --rm -i -a stdout busybox cat`,
  },
  {
    name: 'create: attached streams with -i',
    script: sh`docker create -i -a stdout --name px busybox >/dev/null; docker inspect -f '{{.Config.AttachStdin}} {{.Config.StdinOnce}} {{.Config.AttachStdout}} {{.Config.AttachStderr}}' px`,
  },
  { name: '-t without a terminal', script: sh`docker run --rm -it busybox true </dev/null` },
  { name: '-t alone needs none', script: sh`docker run --rm -t busybox sh -c 'tty; echo err >&2'` },
  { name: 'detached says the id', script: sh`docker run -d busybox true` },
  {
    name: 'detached, removed at the end',
    script: sh`docker run -d --rm --name px busybox true >/dev/null; gone() { test "$(docker ps -aq)" || echo gone; }; until_says gone gone; docker ps -aq`,
  },
  {
    name: 'detached, a program that does not exist',
    script: sh`docker run -d --name px busybox nosuch; echo "= $?"; docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' px`,
    phrases: ['exec: "nosuch": executable file not found in $PATH'],
  },
  {
    name: '--rm leaves nothing of a program that does not exist',
    script: sh`docker run --rm --name px busybox nosuch; echo "= $?"; docker ps -aq`,
    phrases: ['exec: "nosuch": executable file not found in $PATH'],
  },
  { name: 'a lot of output', script: sh`docker run --rm busybox seq 100000 | cksum` },
  {
    name: 'a closed reader',
    script: sh`docker run --rm busybox sh -c 'seq 1000; sleep 0.2' | head -1`,
  },
  { name: 'output without a newline', script: sh`docker run --rm busybox printf 'no newline'` },
])
