import { sh, topic } from '../suite.ts'

/** Where everything is in the document: each path with the type of its value, in the order of the document. */
const SHAPE = `jq -r '.[0] | . as $d | [paths(true)] | .[] | . as $p | ($p | map(tostring) | join(".")) + " " + ($d | getpath($p) | type)'`

/** The whole document, without what depends on the kernel, the runtime and the networks of the host. */
const WHOLE = `jq '.[0] | del(.GraphDriver, .State.Pid, .HostConfig.CgroupnsMode, .HostConfig.Runtime, .HostConfig.MaskedPaths, .HostConfig.ReadonlyPaths, .NetworkSettings)'`

/** Flags that leave nothing of the document at its default, if they need no limits. */
const FLAGS = [
  "--health-cmd 'echo ok' --health-interval 1s --health-start-period 5s --health-start-interval 1s --health-timeout 2s --health-retries 2",
  '--restart on-failure:3 --init --hostname hh --domainname dd --stop-signal INT --stop-timeout 3 --label a=b --annotation c=d --user 1:2 --workdir /w -e A=1',
  '--add-host a:1.2.3.4 --dns 1.1.1.1 --dns-search x.y --dns-opt ndots:2 --group-add 5 --cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges',
  '--ulimit nofile=10:20 --sysctl net.ipv4.ip_forward=1 --device /dev/null:/dev/xx:rw --oom-score-adj 5 --pid host --ipc private --log-opt max-size=1m --tmpfs /u:size=1m',
].join(' ')

export default topic('inspect', [
  {
    name: 'everything about a created one',
    script: sh`docker create --name px busybox >/dev/null; docker inspect px | ${WHOLE}`,
  },
  {
    name: 'everything about a running one with many flags',
    script: sh`
      docker run -d --name px ${FLAGS} busybox sleep 100 >/dev/null; until_says ' healthy' docker inspect -f ' {{.State.Health.Status}}' px
      docker inspect px | jq '[.[0] | del(.State.Health.Log[1:])]' | ${WHOLE}`,
  },
  {
    name: 'everything about a paused terminal',
    script: sh`docker run -dit --name px busybox >/dev/null; docker pause px >/dev/null; docker inspect px | ${WHOLE}`,
  },
  {
    name: 'everything about an exited one',
    script: sh`docker run --name px --cidfile cid --log-driver none busybox sh -c 'exit 3'; docker inspect px | ${WHOLE}`,
  },
  {
    name: 'everything about one that could not start',
    script: sh`docker create --name px busybox nosuch >/dev/null; docker start px 2>/dev/null; docker inspect px | jq '[.[0] | del(.State.Error)]' | ${WHOLE}`,
  },
  {
    name: 'everything about a restarted one',
    script: sh`box px; docker restart px >/dev/null; docker inspect px | ${WHOLE}`,
  },
  {
    name: 'all kinds of mounts',
    script: sh`
      mkdir d; box px -v "$PWD/d:/e:ro" -v px-all:/v -v /anon --tmpfs /u:size=1m --mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1700 \
        --mount type=bind,source="$PWD/d",target=/e2,readonly --mount type=volume,source=px-all2,target=/v2,volume-nocopy
      docker inspect px | jq '.[0] | .Mounts |= sort_by(.Destination) | .Mounts, .HostConfig.Mounts, (.HostConfig.Binds | sort), .HostConfig.Tmpfs, .Config.Volumes'`,
  },
  {
    name: 'namespaces of the host open what SELinux guards',
    script: sh`
      docker create --name px1 --pid host busybox >/dev/null; docker create --name px2 --ipc host --security-opt no-new-privileges busybox >/dev/null
      docker create --name px3 --privileged busybox >/dev/null; docker create --name px4 --ipc shareable busybox >/dev/null
      docker inspect -f '{{json .HostConfig.SecurityOpt}} {{.HostConfig.IpcMode}} {{.HostConfig.Privileged}}' px1 px2 px3 px4`,
  },
  {
    name: 'no network and that of the host',
    script: sh`
      box px1 --network none; box px2 --network host
      for c in px1 px2; do docker inspect $c | jq -c '.[0] | .HostConfig.NetworkMode, (.NetworkSettings | del(.SandboxID, .SandboxKey, .Networks[].EndpointID, .Networks[].NetworkID))'; done`,
  },
  {
    name: 'one-line answers',
    script: sh`
      docker run --name px busybox true
      docker inspect -f '{{index .Config.Labels "org.example.fixture"}}' px; docker inspect -f '{{range $k, $v := .NetworkSettings.Networks}}{{$k}}{{end}}' px
      docker inspect -f '{{json .State.Health}}' px; docker inspect -f '{{with .State.Health}}{{.Status}}{{else}}none{{end}}' px; docker inspect -f '{{.State.Health.Status}}' px
      docker inspect -f '{{(index .NetworkSettings.Ports "80/tcp")}}' px; docker inspect -f '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}' px
      docker inspect --format='{{.Config.Hostname}}' px | wc -c; docker inspect -f '{{.LogPath}}' px | wc -l; docker inspect -f '{{.Id}}' px | wc -c`,
  },
  {
    name: 'keys of a container',
    script: sh`docker create --name px busybox >/dev/null; docker inspect px | jq -r '.[0] | keys_unsorted[]'`,
  },
  {
    name: 'a MAC address of its own',
    script: sh`
      docker network create pn >/dev/null; docker create --name px1 --mac-address 02:42:ac:11:00:09 busybox >/dev/null
      docker create --name px2 --network pn --mac-address 02:42:ac:11:00:0a busybox >/dev/null; docker create --name px3 --network pn busybox >/dev/null
      docker run -d --name px4 --mac-address 02:42:ac:11:00:0d busybox sleep 100 >/dev/null; docker run --name px5 --mac-address 02:42:ac:11:00:0e busybox true
      docker inspect -f '{{.Name}} {{json .Config.MacAddress}} {{range .NetworkSettings.Networks}}{{json .MacAddress}}{{end}} {{json .NetworkSettings.MacAddress}}' px1 px2 px3 px4 px5
      docker inspect px1 | jq -c '.[0].Config | keys_unsorted'; docker rm -f px1 px2 px3 px4 px5 >/dev/null; docker network rm pn >/dev/null`,
  },
  {
    name: 'keys of the state',
    script: sh`docker create --name px busybox >/dev/null; docker inspect px | jq -c '.[0].State'`,
  },
  {
    name: 'the configuration',
    script: sh`docker create --name px -e A=1 -l x=y -u 1:2 -w /w -h box busybox echo hi >/dev/null; docker inspect px | jq '.[0].Config'`,
  },
  {
    name: 'the configuration of a terminal',
    script: sh`docker create -it --name px --entrypoint sh --stop-signal INT --stop-timeout 5 --expose 80 -v /d busybox -c true >/dev/null; docker inspect px | jq '.[0].Config'`,
  },
  {
    name: 'the configuration of the host',
    script: sh`docker create --name px busybox >/dev/null; docker inspect px | jq '.[0].HostConfig | del(.CgroupnsMode, .Runtime, .ConsoleSize)'`,
  },
  {
    name: 'the configuration of the host with flags',
    script: sh`
      docker create --name px --rm --init --read-only --cap-add NET_ADMIN --cap-drop CHOWN --dns 1.1.1.1 --add-host a:1.2.3.4 --group-add 5 --ulimit nofile=1:2 \
        --tmpfs /t:size=1m --shm-size 1m --oom-score-adj 5 --security-opt no-new-privileges --sysctl net.ipv4.ip_forward=1 --log-opt max-size=1m --network none busybox >/dev/null
      docker inspect px | jq '.[0].HostConfig | {AutoRemove, Init, ReadonlyRootfs, CapAdd, CapDrop, Dns, ExtraHosts, GroupAdd, Ulimits, Tmpfs, ShmSize, OomScoreAdj, SecurityOpt, Sysctls, LogConfig, NetworkMode}'`,
  },
  {
    name: 'restart policies',
    script: sh`for p in no always unless-stopped on-failure on-failure:3; do docker create --name px --restart $p busybox >/dev/null; docker inspect px | jq -c '.[0].HostConfig.RestartPolicy'; docker rm px >/dev/null; done`,
  },
  {
    name: 'the health check',
    script: sh`docker create --name px --health-cmd 'test 1' --health-interval 5s --health-timeout 2s --health-retries 4 --health-start-period 1m busybox >/dev/null; docker inspect px | jq -c '.[0].Config.Healthcheck'`,
  },
  {
    name: 'no health check',
    script: sh`docker create --name px --no-healthcheck busybox >/dev/null; docker inspect px | jq -c '.[0].Config.Healthcheck'`,
  },
  {
    name: 'mounts',
    script: sh`mkdir d; docker create --name px -v "$PWD/d:/a:ro" -v px-i:/b --mount type=tmpfs,target=/c busybox >/dev/null; docker inspect px | jq '.[0] | [.Mounts | sort_by(.Destination)[]], (.HostConfig.Binds | sort), .HostConfig.Mounts'`,
  },
  {
    name: 'the network of a running one',
    script: sh`box px; docker inspect px | jq '.[0].NetworkSettings | del(.SandboxID, .SandboxKey, .EndpointID, .Networks.bridge.EndpointID, .Networks.bridge.NetworkID)'`,
  },
  {
    name: 'the network of a stopped one',
    script: sh`docker run --name px busybox true; docker inspect px | jq '.[0].NetworkSettings | del(.SandboxID, .SandboxKey, .EndpointID, .Networks.bridge.EndpointID, .Networks.bridge.NetworkID)'`,
  },
  {
    name: 'the shape of a running one',
    script: sh`box px; docker inspect px | ${SHAPE} | grep -v -e ^GraphDriver -e ^HostConfig.MaskedPaths. -e ^HostConfig.ReadonlyPaths.`,
  },
  {
    name: 'the shape of a stopped one',
    script: sh`docker run --name px busybox true; docker inspect px | ${SHAPE} | grep -v -e ^GraphDriver -e ^HostConfig.MaskedPaths. -e ^HostConfig.ReadonlyPaths.`,
  },
  {
    name: 'masked paths',
    script: sh`docker create --name px busybox >/dev/null; docker inspect px | jq -c '.[0].HostConfig | .MaskedPaths, .ReadonlyPaths'`,
  },
  {
    name: 'path and arguments',
    script: sh`docker create --name px --entrypoint sh busybox -c 'echo "x"' >/dev/null; docker inspect px | jq -c '.[0] | .Path, .Args, .Config.Cmd, .Config.Entrypoint'`,
  },
  {
    name: 'a running, an ended and a killed state',
    script: sh`
      box px1; docker run --name px2 busybox sh -c 'exit 4'; box px3; docker kill px3
      for c in px1 px2 px3; do docker inspect $c | jq -c '.[0].State | .Pid = (.Pid > 0)'; done`,
  },
  {
    name: 'two',
    script: sh`docker create --name px1 busybox >/dev/null; docker create --name px2 busybox >/dev/null; docker inspect px1 px2 | jq -r '.[].Name'`,
  },
  {
    name: 'the text is indented by four',
    script: sh`docker create --name px busybox >/dev/null; docker inspect px | sed -n '1,4p;$p' | cut -c1-12`,
  },
  {
    name: 'one that is there, one that is not',
    script: sh`docker create --name px busybox >/dev/null; docker inspect px nosuch >out; echo "= $?"; jq -r '.[].Name' out`,
  },
  { name: 'none that is there', script: sh`docker inspect nosuch` },
  {
    name: 'a container that is not there',
    script: sh`docker container inspect nosuch; docker inspect --type container nosuch`,
  },
  {
    name: 'an image',
    script: sh`docker inspect busybox | jq -r '.[0] | keys_unsorted[]'; docker inspect --type image -f '{{.Config.Cmd}}' busybox`,
  },
  {
    name: 'a container wins over an image',
    script: sh`docker create --name busybox busybox >/dev/null; docker inspect -f '{{.Name}}' busybox`,
  },
  {
    name: 'a volume',
    script: sh`docker create --name px -v px-v:/v busybox >/dev/null; docker inspect px-v | jq -r '.[0] | keys_unsorted[]'`,
  },
  {
    name: 'a network',
    script: sh`docker inspect --type network -f '{{.Name}} {{.Driver}} {{.Scope}}' bridge`,
  },
  { name: 'a type that is none', script: sh`docker inspect --type nosuch x` },
  {
    name: 'size',
    script: sh`docker create --name px busybox >/dev/null; docker inspect -s px | jq -r '.[0] | has("SizeRw"), has("SizeRootFs")'; docker inspect px | jq -r '.[0] | has("SizeRw")'`,
  },
  { name: 'no argument', script: sh`docker inspect` },
])
