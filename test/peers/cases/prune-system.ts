import { sh, topic } from '../suite.ts'

/** `mk LABEL [NAME]` makes an image of one layer of 1000 bytes with the label `n=LABEL`; all of them are removed at the end. */
const MAKE = sh`
  mk() { yes "$1" | head -c 1000 >f; tar -c f | docker import -c "LABEL n=$1" - $2 >/dev/null; }
  trap 'docker ps -aq --filter label=made | xargs -r docker rm -f >/dev/null; docker images -q --filter label=n | sort -u | xargs -r docker rmi -f >/dev/null; cd /; rm -rf "$work"' EXIT`
/** Sizes in bytes are what is compared: a letter for the unit keeps them from being taken out. */
const SIZES = String.raw`sed -E 's/ +/ /g; s/([0-9])k?B/\1 b/g; s/[0-9a-f]{64}|[0-9a-f]{12}/ID/'`

const made = (name: string, script: string) => ({ name, script: `${MAKE}\n${script}` })

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
  made(
    'df -v of images that share layers',
    sh`
      mk a ip:a; docker create --name pc -l made ip:a x >/dev/null; docker commit -c 'LABEL n=c' pc ip:c >/dev/null; echo 12345 >g; docker cp g pc:/g 2>/dev/null
      docker commit -c 'LABEL n=e' pc ip:e >/dev/null
      docker system df -v --format '{{range .Images}}{{.Repository}} {{.Tag}} {{.Size}} {{.SharedSize}} {{.UniqueSize}} {{.Containers}}{{println}}{{end}}' | grep ^ip | ${SIZES} | sort
      docker system df --format '{{.Type}} {{.TotalCount}} {{.Active}}'; docker rm pc >/dev/null; docker rmi ip:e ip:c ip:a >/dev/null`,
  ),
  made(
    'system prune by label',
    sh`
      mk a ip:a; mk b; docker create --name pl -l made -l keep busybox >/dev/null
      docker system prune -f --filter label=nosuch; docker system prune -f --filter label!=n --filter label=nosuch; docker system prune -f --filter label=n=b | ${SIZES}
      docker system prune -af --filter label=n=a --filter label=n | ${SIZES}; docker system prune -f --filter label!=keep --filter label=made; docker ps -aq --filter label=made | wc -l`,
  ),
  made(
    'system prune by age, with volumes',
    sh`
      docker system prune -f --volumes --filter until=1h; echo "= $?"; docker system prune -f --filter until=1h --filter label=nosuch; docker system prune -f --filter until=x; echo "= $?"
      docker volume create pv-named >/dev/null; docker system prune -f --volumes --filter label=nosuch; docker volume rm pv-named`,
  ),
  {
    name: 'system prune asks about all of it',
    script: sh`
      for flags in '-a' '--volumes' '-a --volumes' '--filter label=b --filter label!=a' '-a --filter until=1h'; do docker system prune $flags </dev/null; echo "= $?"; done`,
  },
  {
    name: 'system prune with a bad filter',
    script: sh`
      for filter in nosuch=1 x id=1 'until=1h --filter until=2h' 'dangling=true'; do docker system prune -f --filter $filter; echo "= $?"; done; docker system prune x; echo "= $?"`,
  },
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
