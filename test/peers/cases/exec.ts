import { sh, topic } from '../suite.ts'

/**
 * What cannot be executed: Docker sends the sentence through the standard output of the program that never was, and always
 * ends with 126.
 */
const notStarted = (exitCode: number, sentence: string) => ({
  why: 'that a program could not be started is said on standard error, and a missing program is 127, as for run',
  exitCode,
  stdout: [],
  stderr: [sentence],
})
const RUNTIME = 'OCI runtime exec failed: exec failed: unable to start container process: '

export default topic('exec', [
  {
    name: 'exec ids after the client was killed',
    script: sh`
      box px; docker exec px sh -c 'until test -e /go; do sleep 0.1; done' & client=$!; until_says 1 docker inspect -f '{{len .ExecIDs}}' px
      kill -9 $client; wait $client 2>/dev/null; docker inspect -f '{{len .ExecIDs}}' px
      docker exec px touch /go; until_says null docker inspect -f '{{json .ExecIDs}}' px; docker inspect -f '{{json .ExecIDs}}' px`,
  },
  {
    name: 'exec ids of detached ones',
    script: sh`
      box px; docker exec -d px sleep 100; docker exec -dt px sleep 100; docker inspect -f '{{len .ExecIDs}}' px
      docker kill px; docker inspect -f '{{json .ExecIDs}}' px`,
  },
  {
    name: 'output and code',
    script: sh`box px; docker exec px sh -c 'echo out; echo err >&2; exit 42'`,
  },
  {
    name: 'input',
    script: sh`box px; echo text | docker exec -i px cat; echo text | docker exec px cat`,
  },
  {
    name: 'a program that does not exist',
    script: sh`box px; docker exec px nosuch`,
    differs: notStarted(127, `${RUNTIME}exec: "nosuch": executable file not found in $PATH`),
  },
  {
    name: 'a program that cannot be run',
    script: sh`box px; docker exec px /etc/not-executable`,
    differs: notStarted(126, `${RUNTIME}exec: "/etc/not-executable": permission denied`),
  },
  {
    name: 'a directory',
    script: sh`box px; docker exec px /etc`,
    differs: notStarted(126, `${RUNTIME}exec: "/etc": is a directory: permission denied`),
  },
  { name: 'killed', script: sh`box px; docker exec px sh -c 'kill -9 $$'` },
  {
    name: 'environment',
    script: sh`box px -e A=1 -e B=2; printf 'C=3\n' >vars; docker exec -e B=x --env-file vars px env | grep -v HOSTNAME | sort`,
  },
  { name: 'an environment variable without a name', script: sh`box px; docker exec -e =x px true` },
  {
    name: 'user',
    script: sh`box px; docker exec -u app px id; docker exec -u 1000:29 px id; docker exec -u 4242 px id`,
  },
  {
    name: 'the user of the container',
    script: sh`box px -u app; docker exec px id; docker exec -u root px id -u`,
  },
  {
    name: 'a user that does not exist',
    script: sh`box px; docker exec -u nobodyknows px true`,
    differs: notStarted(126, 'unable to find user nobodyknows: no matching entries in passwd file'),
  },
  {
    name: 'working directory',
    script: sh`box px -w /home; docker exec px pwd; docker exec -w /tmp px pwd`,
  },
  {
    name: 'a working directory that is not there',
    script: sh`box px; docker exec -w /nosuch px true`,
    differs: notStarted(
      126,
      `${RUNTIME}chdir to cwd ("/nosuch") set in config.json failed: no such file or directory`,
    ),
  },
  { name: 'a terminal without one', script: sh`box px; docker exec -it px true </dev/null` },
  { name: '-t alone', script: sh`box px; docker exec -t px tty` },
  {
    name: 'detached',
    script: sh`box px; docker exec -d px sh -c 'echo x >/f'; until_says x docker exec px cat /f; docker exec px cat /f`,
  },
  {
    name: 'detached, a program that does not exist',
    script: sh`box px; docker exec -d px nosuch`,
    phrases: ['exec: "nosuch": executable file not found in $PATH'],
  },
  {
    name: 'in what is stopped',
    script: sh`docker run --name px busybox true; docker exec px true`,
  },
  { name: 'in what is not there', script: sh`docker exec nosuch true` },
  { name: 'no command', script: sh`box px; docker exec px` },
  { name: 'nothing', script: sh`docker exec` },
  {
    name: 'privileged',
    script: sh`box px; a=$(docker exec px grep CapEff /proc/self/status); b=$(docker exec --privileged px grep CapEff /proc/self/status); echo $a; test "$a" != "$b" && echo more`,
  },
  {
    name: 'an empty command',
    script: sh`box px; docker exec px ''`,
    differs: notStarted(127, `${RUNTIME}exec: "": executable file not found in $PATH`),
  },
  { name: 'flags of the command', script: sh`box px; docker exec px echo -u x --privileged` },
  {
    name: 'ends with its container',
    script: sh`box px; docker exec px sh -c 'echo begun >/f; exec sleep 1000' & pid=$!; until_says begun docker exec px cat /f; docker kill px; wait $pid; echo "= $?"`,
  },
  {
    name: 'a client that is ended leaves its process',
    script: sh`box px; for s in INT TERM HUP; do env --default-signal docker exec px sh -c "echo $s >/f; exec sleep 40" & pid=$!; until_says $s docker exec px cat /f; kill -$s $pid; wait $pid 2>/dev/null; echo "$s $?"; done; docker exec px sh -c 'ps | grep -c "sleep [4]0"'`,
  },
  {
    name: 'a client that is ended lets go of its pipes',
    script: sh`
      box px; mkfifo pipe; cat pipe >out & reader=$!
      echo x | docker exec -i px sh -c 'cat; echo y; sleep 41' >pipe 2>&1 & pid=$!
      until_says y cat out; kill $pid; wait $pid 2>/dev/null; wait $reader; cat out; docker exec px sh -c 'ps | grep -c "sleep [4]1"'`,
  },
  {
    name: 'a client that is ended ends its standard input',
    script: sh`
      box px; mkfifo pipe; exec 9<>pipe; docker exec -i px sh -c 'echo begun >/f; cat; echo end >/f; sleep 42' <pipe & pid=$!
      until_says begun docker exec px cat /f; kill $pid; wait $pid 2>/dev/null; until_says end docker exec px cat /f; docker exec px cat /f`,
  },
  {
    name: 'a client ends by the signal',
    script: sh`box px; for s in TERM HUP USR1 USR2 ALRM; do docker exec px sh -c "echo $s >/f; sleep 2" & pid=$!; until_says $s docker exec px cat /f; kill -$s $pid; wait $pid 2>/dev/null; echo "$s $?"; done`,
  },
  {
    name: 'exec ids',
    script: sh`box px; docker exec px sh -c 'until test -e /go; do sleep 0.1; done' & until_says 1 docker inspect -f '{{len .ExecIDs}}' px; docker inspect px | jq -r '.[0].ExecIDs | length'; docker exec px touch /go; wait; docker inspect px | jq -c '.[0].ExecIDs'`,
  },
])
