import { sh, topic } from '../suite.ts'

export default topic('prune-system', [
  {
    name: 'df -v by a template',
    script: sh`
      docker system df -v --format json | jq -c keys; docker system df -v --format '{{.Nosuch}}'; echo "= $?"; docker system df -v --format '{{'; echo "= $?"
      box px -v px-df:/v -l a=b; docker system df -v --format json | jq -c '.Containers[0] | keys_unsorted, .Names, .LocalVolumes, .State, .Mounts, (.Labels / "," | sort), .Command'
      docker system df -v --format json | jq -c '.Images[] | select(.Repository == "busybox") | keys_unsorted, .Containers, .Tag'
      docker system df -v --format json | jq -c '.Volumes[] | select(.Name == "px-df") | keys_unsorted, .Links, .Driver'
      docker system df -v --format '{{range .Containers}}{{.Names}} {{len .ID}} {{end}}{{len .BuildCache}}'; docker system df --format '{{.Nosuch}}'`,
  },
  {
    name: 'container prune',
    script: sh`docker create --name px1 busybox >/dev/null; docker run --name px2 busybox true; box px3; docker container prune -f; docker ps -a --format '{{.Names}}'`,
  },
  { name: 'container prune of nothing', script: sh`docker container prune -f` },
  {
    name: 'container prune asks',
    script: sh`docker create --name px busybox >/dev/null; echo n | docker container prune; echo "= $?"; docker container prune </dev/null; echo "= $?"; echo y | docker container prune; docker ps -aq`,
  },
  {
    name: 'container prune by label',
    script: sh`docker create --name px1 -l a=1 busybox >/dev/null; docker create --name px2 busybox >/dev/null; docker container prune -f --filter label=a=1 | head -2; docker ps -a --format '{{.Names}}'; docker container prune -f --filter label!=a | wc -l`,
  },
  {
    name: 'container prune by age',
    script: sh`docker create --name px busybox >/dev/null; docker container prune -f --filter until=1h; docker ps -a --format '{{.Names}}'`,
  },
  {
    name: 'container prune with a bad filter',
    script: sh`docker container prune -f --filter nosuch=1; docker container prune -f --filter until=x`,
  },
  { name: 'container prune with an argument', script: sh`docker container prune -f x` },
  { name: 'system df', script: sh`docker system df | grep -v Volumes` },
  {
    name: 'system df by a template',
    script: sh`box px; docker system df --format '{{.Type}}: {{.TotalCount}} {{.Active}}' | grep -v Volumes`,
  },
  {
    name: 'system df json',
    script: sh`docker system df --format json | jq -r '.Type + " " + (keys_unsorted | join(" "))'`,
  },
  {
    name: 'system df verbose',
    script: sh`box px; docker system df -v | grep -v '^$' | cut -d' ' -f1-3 | head -5`,
  },
  {
    name: 'system prune',
    script: sh`docker create --name px busybox >/dev/null; box px2; docker system prune -f; docker ps -a --format '{{.Names}}'`,
  },
  { name: 'system prune asks', script: sh`echo n | docker system prune; echo "= $?"` },
  {
    name: 'info by a template',
    script: sh`docker info --format '{{.ContainersRunning}} {{.OSType}} {{.Architecture}}'; box px; docker system info --format '{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}}'`,
  },
  { name: 'a bad template of info', script: sh`docker info --format '{{.Nosuch}}'` },
  {
    name: 'version by a template',
    script: sh`docker version --format '{{.Client.Os}}/{{.Client.Arch}} {{.Server.Os}}/{{.Server.Arch}}'`,
  },
  {
    name: 'version json has both sides',
    script: sh`docker version --format json | jq -r 'keys_unsorted[]'`,
  },
  {
    name: 'a system command that is none',
    script: sh`docker system nosuch >out 2>err; echo "$? $(grep -c ^Usage: out) $(grep -c ^Usage: err)"`,
  },
  { name: 'a command that is none', script: sh`docker nosuch` },
])
