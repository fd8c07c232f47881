import { sh, topic } from '../suite.ts'

export default topic('volumes', [
  {
    name: 'create, with a name and twice',
    script: sh`docker volume create pv; docker volume create pv; docker volume create --label a=b -o type=tmpfs -o device=tmpfs pv; docker volume inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{json .Labels}} {{json .Options}}' pv`,
  },
  {
    name: 'create, without a name',
    script: sh`docker volume create | wc -c; docker volume ls -q | wc -l; docker volume inspect -f '{{json .Labels}}' $(docker volume ls -q)`,
  },
  {
    // Docker's client gives the labels in any order.
    name: 'create, labels and options',
    script: sh`docker volume create --label b=2 --label a -o type=none -o o=bind -o device=/tmp pv; docker volume inspect pv | grep -v CreatedAt; docker volume ls --format '{{.Labels}} {{.Label "b"}}' | tr ', ' '\n' | sort`,
  },
  {
    name: 'create, bad names',
    script: sh`code docker volume create a/b; code docker volume create x; code docker volume create -- -x`,
  },
  {
    name: 'create, bad options',
    script: sh`for o in "-o foo=bar" "-o type=tmpfs" "-o o=bind" "-o device=/tmp" "-o =x" "-o x" "--label =x" "-d nosuch"; do code docker volume create $o pv; done`,
  },
  {
    name: 'create, what is for swarms',
    script: sh`for o in "--sharing all" "--type mount" "--group g" "--availability pause" "--scope multi" "--limit-bytes 5m" "--secret a=b"; do code docker volume create $o pv; done; code docker volume update nosuch; docker volume create pv; code docker volume update pv`,
  },
  {
    name: 'create, two names',
    script: sh`docker volume create --name pv; code docker volume create --name pv pw; code docker volume create a b`,
  },
  {
    name: 'ls',
    script: sh`docker volume create pb; docker volume create pa; docker volume ls; docker volume list -q; docker volume ls --cluster`,
  },
  {
    name: 'ls, formats',
    script: sh`docker volume create --label x.y=1 pa >/dev/null; docker volume ls --format json | sed 's/"Mountpoint":"[^"]*"//'; docker volume ls --format 'table {{.Name}}\t{{.Scope}}\t{{.Labels}}\t{{.Links}}\t{{.Size}}\t{{.Status}}\t{{.Group}}\t{{.Availability}}\t{{.Label "x.y"}}'; docker volume ls --format raw; docker volume ls -q --format '{{.Name}}!'`,
  },
  {
    name: 'ls, filters',
    script: sh`docker volume create --label t=1 pva; docker volume create pvb; box px -v pva:/x
    for f in name=pv name=va dangling=true dangling=false dangling=1 driver=local driver=loc label=t label=t=1 label=t=2 foo=bar dangling=maybe; do echo "$f:"; code docker volume ls -q --filter $f; done
    docker volume ls -q -f name=pva -f name=pvb; docker volume ls -q -f name=pv -f dangling=1`,
  },
  {
    name: 'inspect',
    script: sh`docker volume create pv; code docker volume inspect nosuch pv | grep -v -e CreatedAt -e Mountpoint; code docker volume inspect -f '{{.Name}}' pv nosuch; docker inspect --type volume -f '{{.Scope}}' pv; docker inspect -f '{{.Name}}' pv`,
  },
  {
    name: 'rm',
    script: sh`docker volume create pa; docker volume create pb; code docker volume rm pa nosuch pb; code docker volume rm -f nosuch; code docker volume remove nosuch; code docker volume rm; docker volume ls -q`,
  },
  {
    name: 'rm, in use',
    script: sh`docker create --name px -v pv:/x busybox >/dev/null; code docker volume rm pv; code docker volume rm -f pv; docker rm px; docker volume rm pv`,
  },
  {
    name: 'prune',
    script: sh`docker volume create pv; docker volume create >/dev/null; box px -v /x -v used:/y; docker volume prune -f | wc -l; docker volume ls -q | wc -l; docker volume prune -af | grep -v space; docker volume ls -q --filter name=used`,
  },
  {
    name: 'prune, filters and questions',
    script: sh`docker volume create --label keep pv; docker volume create pw; docker volume prune -af --filter label!=keep; docker volume prune -f --filter all=1 --filter label=keep
    for f in foo=bar until=1h all=maybe; do code docker volume prune -f --filter $f; done; code docker volume prune -a --filter all=1 -f; docker volume prune </dev/null; echo; docker volume prune -a </dev/null`,
  },
  {
    name: 'a named volume keeps its data',
    script: sh`docker run --rm -v pv:/x busybox sh -c 'echo data >/x/file'; docker run --rm -v pv:/x:ro busybox sh -c 'cat /x/file; touch /x/no'`,
  },
  {
    name: 'an empty volume gets what the image has, with owners and modes',
    script: sh`docker run --name px busybox sh -c 'mkdir /data; echo a >/data/f; chown 5:6 /data/f; chmod 640 /data/f; chmod 1777 /data'; docker commit px pimage >/dev/null
    docker run --rm -v pv:/data busybox true; docker volume rm pv; docker run --rm -v pv:/data pimage stat -c '%n %u %g %a' /data /data/f; docker run --rm -v pw:/data:nocopy pimage ls /data; docker rmi pimage >/dev/null`,
  },
  {
    name: 'options: a directory',
    script: sh`mkdir d; echo hi >d/f; docker volume create -o type=none -o o=bind -o device=$PWD/d pv; docker run --rm -v pv:/x busybox cat /x/f; docker run --rm -v pv:/x busybox sh -c 'echo more >/x/g'; cat d/g`,
  },
  {
    name: 'options: a directory that is not there',
    script: sh`docker volume create -o type=none -o o=bind -o device=/nosuch pv; docker run --rm -v pv:/x busybox true || echo refused`,
    phrases: ['failed to mount local volume: mount ', 'no such file or directory'],
  },
  {
    name: 'options: tmpfs',
    script: sh`docker run --rm --mount type=volume,src=pv,dst=/x,volume-opt=type=tmpfs,volume-opt=device=tmpfs,volume-opt=o=size=1m busybox df -k /x; docker volume inspect -f '{{json .Options}}' pv`,
  },
  {
    name: 'labels of a volume that --mount makes',
    script: sh`docker create --mount type=volume,src=pv,dst=/x,volume-label=a=b busybox >/dev/null; docker volume inspect -f '{{json .Labels}}' pv`,
  },
])
