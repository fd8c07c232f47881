import { type PeerCase, sh, topic } from '../suite.ts'

/** What happens between two moments, as `type action name`: so many events, which come when a command has ended, or a little later. */
const during = (
  name: string,
  count: number,
  commands: string,
  flags = '',
  format = '{{.Type}} {{.Action}} {{.Actor.Attributes.name}}',
) => ({
  name,
  script: `since=$(date +%s.%N)
seen() { docker events --since $since --until "$(date +%s.%N)" ${flags} --format '${format}'; }
count() { seen | wc -l; }
${commands}
until_says '^${count}$' count
seen`,
})

/** Docker says some events of one command in an order that changes from run to run. */
const inAnyOrder = (peer: PeerCase): PeerCase => ({ ...peer, script: `${peer.script} | sort` })

export default topic('events', [
  during('run', 4, 'docker run --name px busybox true', '-f type=container'),
  during('run --rm', 5, 'docker run --rm --name px busybox true', '-f type=container'),
  during(
    'create, start, kill, rm',
    5,
    'docker create --name px busybox sleep 1000; docker start px; docker kill px; docker wait px; docker rm px',
    '-f type=container',
  ),
  inAnyOrder(during('stop', 5, 'stoppable px; docker stop px', '-f type=container')),
  during('pause and unpause', 4, 'box px; docker pause px; docker unpause px', '-f type=container'),
  during(
    'rename',
    2,
    'docker create --name px busybox >/dev/null; docker rename px py',
    '-f type=container',
  ),
  inAnyOrder(during('restart', 7, 'stoppable px; docker restart px', '-f type=container')),
  during(
    'update',
    2,
    'docker create --name px busybox >/dev/null; docker update --restart no px',
    '-f type=container',
  ),
  during('exec', 5, 'box px; docker exec px true', '-f type=container'),
  inAnyOrder(
    during(
      'exec: attributes',
      13,
      `box px -l a=1; docker exec px sh -c 'exit 3'; docker exec -d px sh -c 'exit 4'; docker exec -dt px sleep 100; until_says '^exec_die 1 4 ' seen; docker kill px >/dev/null; docker wait px`,
      '-f type=container',
      '{{.Action}} {{.Actor.Attributes.a}} {{.Actor.Attributes.exitCode}} {{.Actor.Attributes.execID}}',
    ),
  ),
  during(
    'exit codes',
    1,
    `docker run --name px busybox sh -c 'exit 4'`,
    '-f event=die',
    '{{.Actor.Attributes.exitCode}} {{.Actor.Attributes.image}} {{.Actor.Attributes.name}}',
  ),
  during(
    'signals',
    1,
    'stoppable px; docker kill -s TERM px; docker wait px',
    '-f event=kill',
    '{{.Actor.Attributes.signal}}',
  ),
  during(
    'labels are attributes',
    1,
    'docker create --name px -l a=1 busybox >/dev/null',
    '-f type=container',
    '{{json .Actor.Attributes}}',
  ),
  during(
    'by container',
    1,
    'docker create --name px1 busybox >/dev/null; docker create --name px2 busybox >/dev/null',
    '-f container=px1',
  ),
  during(
    'by label',
    1,
    'docker create --name px1 -l a=1 busybox >/dev/null; docker create --name px2 busybox >/dev/null',
    '-f label=a=1',
  ),
  during(
    'by image',
    1,
    'docker create --name px busybox >/dev/null',
    '-f image=busybox -f type=container',
  ),
  during(
    'by event',
    2,
    'docker run --name px busybox true',
    '-f event=create -f event=start -f type=container',
  ),
  inAnyOrder(
    during(
      'commit, export, diff, cp, top',
      8,
      'box px; docker commit px px-ev; docker export px >/dev/null; docker cp px:/etc/passwd x; docker top px >/dev/null; docker rmi px-ev >/dev/null',
      '-f type=container',
    ),
  ),
  during('images', 2, 'docker tag busybox px-ev; docker rmi px-ev', '-f type=image'),
  during(
    'volumes',
    2,
    'docker create --name px -v px-ev:/v busybox >/dev/null; docker rm px; docker volume rm px-ev',
    '-f type=volume',
    '{{.Action}} {{.Actor.ID}}',
  ),
  during(
    'prune',
    3,
    'docker create --name px busybox >/dev/null; docker container prune -f',
    '-f type=container',
  ),
  {
    name: 'json',
    script: sh`since=$(date +%s.%N); docker create --name px busybox >/dev/null; docker events --since $since --until "$(date +%s.%N)" --format json | jq -c 'keys_unsorted'; docker events --since $since --until "$(date +%s.%N)" --format '{{json .}}' | jq -c 'del(.time, .timeNano)'`,
  },
  {
    name: 'the default format',
    script: sh`since=$(date +%s.%N); docker create --name px -l a=1 busybox >/dev/null; docker events --since $since --until "$(date +%s.%N)"`,
  },
  {
    name: 'what happens later is seen',
    script: sh`
      docker events --since "$(date +%s.%N)" -f type=container --format '{{.Action}} {{.Actor.Attributes.name}}' >out & pid=$!
      for n in px py; do docker create --name $n busybox >/dev/null; until_says $n cat out; done
      kill $pid; wait $pid 2>/dev/null; cat out`,
  },
  {
    name: 'it ends at a time to come',
    script: sh`end=$(date -d '+2 seconds' +%s); docker events --until $end -f event=nosuch; test $(date +%s) -ge $end && echo then`,
  },
  { name: 'a time that is none', script: sh`docker events --until 0s --since x` },
  {
    name: 'a filter that is none',
    script: sh`docker events --since 1s --until 0s -f nosuch=1 -f container=zz`,
  },
  { name: 'a bad template', script: sh`docker events --since 1s --until 0s --format '{{'` },
  {
    name: 'a template that fails',
    script: sh`since=$(date +%s.%N); docker create --name px busybox >/dev/null; docker events --since $since --until "$(date +%s.%N)" -f type=container --format '{{len .Actor.Attributes.nosuch}}'`,
  },
  {
    name: 'system events',
    script: sh`since=$(date +%s.%N); docker create --name px busybox >/dev/null; docker system events --since $since --until "$(date +%s.%N)" --format '{{.Action}}'`,
  },
  { name: 'an argument', script: sh`docker events x` },
])
