import { sh, topic } from '../suite.ts'

/** A plugin named keeper, for one script; `volume-plugin` is test/fixtures/volume-plugin/plugin.mjs. */
const PLUGIN = `sockets=\${XDG_RUNTIME_DIR:-/run}/docker/plugins; mkdir -p $sockets; volume-plugin $sockets/keeper.sock $PWD/kept & plugin=$!
until_says keeper ls $sockets
calls() { sed -E 's/[0-9a-f]{64}/ID/g' kept/log | grep -E '^(Create|Mount|Unmount|Remove)'; : >kept/log; }
end() { docker volume ls -q -f driver=keeper | xargs -r docker volume rm >/dev/null; kill $plugin; }
`

export default topic('volume-plugins', [
  {
    name: 'create, ls, inspect, rm',
    script:
      PLUGIN +
      sh`docker volume create -d keeper -o a=b --label l=1 kv; docker volume create local; docker volume ls; docker volume ls -q -f driver=keeper; docker volume ls --format '{{.Name}} {{.Driver}} {{.Scope}}'; docker volume inspect kv | grep -v -e '"uses"' -e '"colour"'; docker volume inspect -f '{{.Status.colour}} {{.CreatedAt}}' kv; code docker volume rm kv; code docker volume rm kv; calls; end`,
  },
  {
    name: 'run, with a volume that is there',
    script:
      PLUGIN +
      sh`docker volume create -d keeper kv >/dev/null; docker run --rm -v kv:/x busybox sh -c 'echo data >/x/f'; docker run --rm -v kv:/x:ro busybox cat /x/f; calls; docker run --rm -v kv:/x -v kv:/y busybox ls /x /y; calls; end`,
  },
  {
    name: 'run makes a volume',
    script:
      PLUGIN +
      sh`docker run --rm --mount type=volume,src=km,dst=/x,volume-driver=keeper,volume-opt=c=d busybox true; docker volume inspect -f '{{.Driver}} {{json .Options}}' km; docker run --rm --volume-driver keeper -v /x busybox true; docker volume ls -q; docker run --rm --volume-driver keeper -v kn:/etc:nocopy busybox ls /etc; end`,
  },
  {
    name: 'the life of a container',
    script:
      PLUGIN +
      sh`docker volume create -d keeper kv >/dev/null; box px -v kv:/x; docker inspect -f '{{range .Mounts}}{{.Type}} {{.Name}} {{.Source}} {{.Driver}}{{end}}' px; code docker volume rm kv 2>&1 | sed -E 's/[0-9a-f]{64}/ID/'; calls; docker stop px; calls; docker start px; docker restart px; calls; docker rm -f px; calls; end`,
  },
  {
    name: 'names and drivers that do not fit',
    script:
      PLUGIN +
      sh`docker volume create lv; docker volume create -d keeper kv; code docker volume create kv; code docker volume create -d keeper -o x=y kv; code docker volume create -d keeper lv; code docker run --rm --volume-driver keeper -v lv:/x busybox true; code docker volume create -d keeper a/b; code docker volume create -d keeper q; docker volume ls -q; end`,
  },
  {
    name: 'what the plugin refuses',
    script:
      PLUGIN +
      sh`code docker volume create -d keeper -o fail=Create kv; docker volume create -d keeper -o fail=Mount km; code docker run --rm -v km:/x busybox true; docker volume create -d keeper -o fail=Unmount ku; code docker run --rm -v ku:/x busybox echo ran; calls; docker volume prune -af | grep -c k; end`,
  },
])
