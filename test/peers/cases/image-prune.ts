import { sh, topic } from '../suite.ts'

/** `mk LABEL [NAME]` makes an image with the label `n=LABEL`; all of them are removed at the end. */
const MAKE = sh`
  mk() { echo "$1" >f; tar -c f | docker import -c "LABEL n=$1" -c "LABEL k=" - $2 >/dev/null; }
  trap 'docker images -q --filter label=n | sort -u | xargs -r docker rmi -f >/dev/null; cd /; rm -rf "$work"' EXIT`

const made = (name: string, script: string) => ({ name, script: `${MAKE}\n${script}` })

export default topic('image-prune', [
  { name: 'of nothing', script: sh`docker image prune -f` },
  {
    name: 'asks',
    script: sh`echo n | docker image prune; echo "= $?"; docker image prune </dev/null; echo "= $?"; echo n | docker image prune -a; echo "= $?"; docker image prune --filter until=1h --filter nosuch=1 </dev/null`,
  },
  made(
    'images without a name',
    sh`mk a; mk b ip:b; docker image prune -f; docker images --format '{{.Repository}}:{{.Tag}}'`,
  ),
  made(
    'after a yes',
    sh`mk a; echo y | docker image prune --filter label=n; docker images -q --filter label=n | wc -l`,
  ),
  made(
    'all that nothing uses',
    sh`mk b ip:b; docker create --name px busybox >/dev/null; docker image prune -af --filter label=n; docker images --format '{{.Repository}}:{{.Tag}}'`,
  ),
  made(
    'all with several names',
    sh`mk b ip:b; docker tag ip:b ip2:b; docker image prune -af --filter label=n=b | sort; docker images --format '{{.Repository}}:{{.Tag}}'`,
  ),
  made(
    'an image that a container uses',
    sh`mk b ip:b; docker create --name px ip:b true >/dev/null; docker image prune -af --filter label=n; docker rm px >/dev/null; docker image prune -af --filter label=n`,
  ),
  made(
    'an image with several names that a container uses',
    sh`
      mk b ip:b; docker tag ip:b ip:c; docker tag ip:b ip2:b; docker create --name px ip:b true >/dev/null
      docker image prune -af --filter label=n | sed 's/ip.*:.*/NAME/'; docker images --filter label=n -q | wc -l; docker image prune -af --filter label=n
      docker rm px >/dev/null; docker image prune -af --filter label=n | sed 's/ip.*:.*/NAME/'`,
  ),
  made(
    'by labels',
    sh`
      mk a; mk b ip:b; mk c
      docker image prune -f --filter label=n=b; docker image prune -f --filter label!=k; docker image prune -f --filter label=n=a --filter label=n=c
      docker image prune -f --filter label!=n=a --filter label!=n=q --filter label=nosuch; docker image prune -f --filter label=n=a; docker image prune -f --filter label!=n=b --filter label=k
      docker image prune -af --filter label=n=nosuch; docker image prune -af --filter label=n=b`,
  ),
  made(
    'by age',
    sh`mk a; docker image prune -f --filter until=1h; docker image prune -af --filter until=1h --filter label=n; docker image prune -f --filter until=2099-01-01 --filter label=n`,
  ),
  made(
    'dangling',
    sh`
      mk a; mk b ip:b
      code docker image prune -f --filter dangling=1 --filter label=n; code docker image prune -f --filter dangling=true --filter label=nosuch; code docker image prune -af --filter dangling=false --filter label=n`,
  ),
  {
    name: 'bad filters',
    script: sh`
      code docker image prune -f --filter x=1; code docker image prune -f --filter until=x
      code docker image prune -f --filter until=1h --filter until=2h; code docker image prune -f --filter x; code docker image prune -f --filter id=x --filter label=x`,
  },
  { name: 'an argument', script: sh`docker image prune x` },
  made(
    'system prune',
    sh`
      mk a; mk b ip:b; mk c ip:c
      docker system prune -f --filter label=n=q; docker system prune -af --filter label=n=c; docker system prune -f --filter label=n=a
      docker images --format '{{.Repository}}:{{.Tag}}'`,
  ),
  {
    name: 'system prune asks with filters',
    script: sh`docker system prune -a --filter until=1h --filter label=b --filter label=a=1 </dev/null; echo; docker system prune --volumes --filter label!=x </dev/null`,
  },
  {
    name: 'bad filters of system prune',
    script: sh`
      code docker system prune -f --filter dangling=true; code docker system prune -f --filter x=1; code docker system prune -f --filter until=x
      code docker system prune -f --volumes --filter until=1h; code docker system prune -f --filter x`,
  },
])
