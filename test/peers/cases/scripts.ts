import { sh, topic } from '../suite.ts'

/** Scripts as users have them: what they do with the answers matters, not only what the answers are. */
export default topic('scripts', [
  {
    name: 'wait until a service is healthy',
    script: sh`
      set -eu
      docker run -d --name px-db --health-cmd 'test -e /tmp/ready' --health-interval 300ms --health-retries 50 busybox sh -c 'sleep 1; touch /tmp/ready; sleep 100' >/dev/null
      for i in $(seq 1 60); do
      status=$(docker inspect --format '{{.State.Health.Status}}' px-db)
      [ "$status" = healthy ] && break
      sleep 0.2
      done
      echo "$status after $([ "$i" -lt 60 ] && echo some || echo all) tries"
      docker inspect --format '{{if .Config.Healthcheck}}{{.State.Health.Status}}{{else}}no check{{end}}' px-db
      docker ps --filter health=healthy --format '{{.Names}}'
      docker ps --filter health=unhealthy --quiet | wc -l`,
  },
  {
    name: 'remove what has exited',
    script: sh`
      for i in 1 2 3; do docker run --name px-job$i -l job=$i busybox true; done
      box px-live
      docker ps -aq --filter status=exited | xargs -r docker rm | wc -l
      docker ps -aq --no-trunc --filter status=exited | xargs -r docker rm
      docker ps -a --format '{{.Names}}: {{.State}}'
      docker ps -a | awk 'NR > 1 { print $NF }'
      docker rm $(docker ps -aq) 2>&1 | grep -c 'stop the container before removing'`,
  },
  {
    name: 'the address of a container',
    script: sh`
      box px-web
      ip=$(docker inspect px-web | jq -r '.[0].NetworkSettings.IPAddress')
      [ "$ip" = "$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' px-web)" ] && echo 'both are one'
      [ "$ip" = "$(docker exec px-web hostname -i)" ] && echo 'the container has it too'
      docker exec px-web grep -c "^$ip" /etc/hosts
      docker run --rm busybox ping -c 1 -W 2 "$ip" | grep -o '0% packet loss'
      docker inspect px-web | jq -r '.[] | [.Name, .State.Status, .HostConfig.RestartPolicy.Name, (.Mounts | length), .NetworkSettings.Ports] | @json'`,
  },
  {
    name: 'logs since the last look',
    script: sh`
      docker run -d --name px-app busybox sh -c 'echo first; until [ -e /go ]; do sleep 0.1; done; echo second; echo oops >&2; sleep 100' >/dev/null
      until_says first docker logs px-app
      sleep 1; seen=$(date -u +%Y-%m-%dT%H:%M:%S.%NZ)
      docker exec px-app touch /go; until_says oops docker logs px-app
      docker logs --since "$seen" px-app 2>/dev/null
      docker logs --until "$seen" px-app
      docker logs px-app 2>&1 >/dev/null
      docker logs -n 1 px-app 2>/dev/null
      docker logs --tail=all px-app 2>/dev/null | wc -l
      docker logs -t px-app 2>/dev/null | while read -r time line; do date -d "$time" +%s >/dev/null && echo "$line"; done
      docker logs --since 10m px-app 2>&1 | grep -c oops`,
  },
  {
    name: 'a filter of standard input',
    script: sh`
      printf 'b\na\nc\n' >list
      docker run --rm -i busybox sort <list >sorted; cat sorted
      cat list | docker run --rm -i busybox wc -l | tr -d ' '
      docker run --rm busybox cat <list | wc -c
      docker run --rm -i -v "$PWD:/w" -w /w busybox sh -c 'cat >copy' <list; cmp list copy && stat -c %u copy | grep -c "^$(id -u)$"
      docker run --rm -i busybox sh -s -- one two <<'END'
      echo "$2 $1"; exit 3
      END
      echo "= $?"`,
  },
  {
    name: 'a container by its id file',
    script: sh`
      docker run -d --cidfile=app.cid busybox sleep 100 >/dev/null
      cid=$(cat app.cid); echo "\${#cid}"
      docker run --cidfile app.cid busybox true 2>&1 | grep -o 'container ID file found'
      trap 'docker rm -f "$(cat app.cid)" >/dev/null; rm -f app.cid' EXIT
      [ "$(docker ps -q --no-trunc)" = "$cid" ] && echo 'it runs'
      docker inspect -f '{{.State.Running}}' "$cid"
      docker stop -t 0 "$cid" | grep -c "$cid"; docker wait "$cid"`,
  },
  {
    name: 'files in and out',
    script: sh`
      set -e
      box px-db
      printf 'select 1;\n' >dump.sql
      docker exec -i px-db sh -c 'cat > /tmp/dump.sql' <dump.sql
      docker exec px-db cat /tmp/dump.sql >back.sql; cmp dump.sql back.sql && echo same
      docker exec px-db sh -c 'tar -C /tmp -cf - dump.sql' | tar -xOf - dump.sql
      mkdir conf conf/d; echo x=1 >conf/d/a.conf
      docker cp conf px-db:/etc/app; docker exec px-db cat /etc/app/d/a.conf
      docker cp conf/. px-db:/srv; docker exec px-db ls /srv
      docker cp px-db:/etc/app out; find out -type f
      docker cp px-db:/tmp/dump.sql - | tar -t
      docker exec px-db mkdir /opt; tar -C conf -cf - . | docker cp - px-db:/opt; docker exec px-db ls /opt
      docker exec -e A=1 -w /tmp -u 1000 px-db sh -c 'echo $A $(pwd) $(id -u)'`,
  },
  {
    name: 'what happened meanwhile',
    script: sh`
      start=$(date +%s.%N)
      docker run -d --name px-ci -l ci=yes busybox sleep 100 >/dev/null; docker run --name px-test -l ci=yes busybox sh -c 'exit 3'; docker run --rm busybox true; docker rm -f px-ci >/dev/null
      ends() { docker events --since "$start" --until "$(date +%s.%N)" --filter type=container --filter event=destroy --format '{{.Action}}' | wc -l; }
      until_says 2 ends; end=$(date +%s.%N)
      docker events --since "$start" --until "$end" --filter label=ci=yes --format '{{json .}}' | jq -r 'select(.Type == "container") | [.Action, .Actor.Attributes.name, .Actor.Attributes.exitCode // "-"] | join(" ")'
      docker events --since "$start" --until "$end" --filter event=die --filter container=px-test --format '{{.Actor.Attributes.exitCode}}'
      docker events --since "$start" --until "$end" --filter type=container --filter event=create --format '{{.ID}}' | wc -l
      docker events --since "$start" --until "$end" --filter type=container --format '{{json .}}' | jq -s 'map(.time) | . == sort'
      docker events --since "$start" --until "$end" --filter type=container --format json | jq -s '[.[] | select(.status == .Action and .id == .Actor.ID and .from == "busybox")] | length > 5'`,
  },
  {
    name: 'stop all of an image',
    script: sh`
      stoppable px-a; stoppable px-b -l keep=1; docker create --name px-c busybox >/dev/null
      docker stop $(docker ps -q --filter ancestor=busybox) | wc -l
      docker ps -q | wc -l
      docker ps -a --filter ancestor=busybox:latest --filter 'exited=0' --format '{{.Names}}'
      docker start $(docker ps -aq -f label=keep) >/dev/null; docker ps --format '{{.Names}} {{.Status}}'
      docker ps -a --filter name=^/?px-[ab]$ --format '{{.Names}}' | sort
      docker kill $(docker ps -q) | wc -l; docker container prune -f --filter label=keep | grep -c '[0-9a-f]\{64\}'
      docker stop $(docker ps -q) 2>&1 | head -n 1`,
  },
  {
    name: 'replace a running service',
    script: sh`
      name=px-svc
      deploy() {
      docker rm -f "$name" >/dev/null 2>&1 || true
      docker run -d --name "$name" --restart unless-stopped -e VERSION="$1" -l version="$1" busybox sh -c 'echo "version $VERSION"; exec sleep 100' >/dev/null
      }
      deploy 1; deploy 2
      until_says version docker logs "$name"; docker logs "$name"
      if [ "$(docker container inspect -f '{{.State.Status}}' "$name" 2>/dev/null)" = running ]; then echo up; fi
      docker rename "$name" "$name-old"; deploy 3; docker stop -t 0 "$name-old"
      docker ps -a --format 'table {{.Names}}\t{{.Label "version"}}\t{{.State}}'
      docker inspect -f '{{.Name}} {{range .Config.Env}}{{println .}}{{end}}' "$name" | grep -e VERSION
      docker inspect "$name" "$name-old" | jq -r '.[] | "\(.Name[1:]) \(.Config.Labels.version) \(.HostConfig.RestartPolicy.Name) \(.RestartCount)"'
      docker container inspect px-nosuch >/dev/null 2>&1 || echo 'not there'`,
  },
  {
    name: 'run a test and keep its result',
    script: sh`
      docker create --name px-test -w /src busybox sh -c 'ls; echo "<ok/>" >/src/report.xml; exit 2' >/dev/null
      mkdir src; echo code >src/main; docker cp src/. px-test:/src
      docker start -a px-test; code=$?
      docker cp px-test:/src/report.xml . && cat report.xml
      [ "$code" -eq "$(docker inspect -f '{{.State.ExitCode}}' px-test)" ] && echo "exit code $code"
      docker wait px-test
      id=$(docker commit -m 'after the test' px-test px-result:latest); echo "\${id%%:*}"
      docker run --rm px-result:latest cat /src/report.xml; docker image inspect -f '{{.Comment}}' px-result; docker rmi px-result >/dev/null`,
  },
  {
    name: 'many at once',
    script: sh`
      for i in 1 2 3 4; do docker run --rm busybox sh -c "sleep 0.$i; exit $i" & pids="$pids $!"; done
      for pid in $pids; do wait $pid; echo "= $?"; done
      seq 3 | xargs -P 3 -I{} docker run -d --name px-w{} busybox sh -c 'exit {}' >/dev/null
      docker wait px-w1 px-w2 px-w3
      docker ps -a --filter name=px-w --format '{{.Names}} {{.Status}}' | sort | sed 's/).*/)/'
      docker rm px-w1 px-w2 px-w3`,
  },
])
