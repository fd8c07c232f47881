import { sh, topic } from '../suite.ts'

export default topic('volumes-bad', [
  ...['a/b:/x', '..:/x', '-a:/x', '_a:/x', 'a b:/x', 'ab:x', '/x:y', 'ab:/', ':/x:ro', '::/x'].map(
    (bind) => ({
      name: `-v ${bind}`,
      script: sh`code docker create -v '${bind}' busybox; docker volume ls -q`,
    }),
  ),
  {
    name: '-v, empty',
    script: sh`code docker run --rm -v '' busybox true`,
  },
  ...['src=a,dst=/x', 'src=a/b,dst=/x', 'src=.a,dst=/x', 'src=_a,dst=/x'].map((mount) => ({
    name: `--mount ${mount}`,
    script: sh`code docker create --mount '${mount}' busybox; docker volume ls -q`,
  })),
  {
    name: 'nothing is made when a later mount is wrong',
    script: sh`code docker create -v pgood:/x -v 'bad/name:/y' busybox; code docker create -v pgood:/x --mount type=bind,src=/nosuch,dst=/y busybox; docker ps -aq`,
  },
  {
    name: 'files deleted by hand: run',
    script: sh`docker volume create pv; rm -r "$(docker volume inspect -f '{{.Mountpoint}}' pv)"; docker run --rm -v pv:/x busybox true || echo refused; docker volume ls -q; docker volume inspect -f '{{.Name}}' pv; docker volume rm pv; docker volume ls -q`,
  },
  {
    name: 'files deleted by hand: start',
    script: sh`docker create --name px -v pv:/x busybox true >/dev/null; rm -r "$(docker volume inspect -f '{{.Mountpoint}}' pv)"; code docker start px; code docker start -a px; docker inspect -f '{{.State.Status}}' px; docker rm px; docker volume rm pv`,
  },
  {
    name: 'files deleted by hand: restart of one that runs',
    script: sh`box px -v pv:/x; rm -r "$(docker volume inspect -f '{{.Mountpoint}}' pv)"; code docker restart -t 1 px; docker inspect -f '{{.State.Running}}' px; docker rm -f px`,
  },
  {
    name: 'a source of -v that vanishes between create and start is made again',
    script: sh`mkdir d; docker create --name px -v "$PWD/d:/x" busybox ls -d /x >/dev/null; rmdir d; code docker start -a px; ls -d d`,
  },
  {
    name: 'a source of --mount that vanishes between create and start',
    script: sh`mkdir d; docker create --name px --mount "type=bind,src=$PWD/d,dst=/x" busybox true >/dev/null; rmdir d; code docker start px 2>err; sed "s#$PWD#<here>#" err; code docker start -a px 2>err; sed "s#$PWD#<here>#" err; docker inspect -f '{{.State.Status}}' px; mkdir d; code docker start px`,
  },
  {
    name: 'in use by one that is stopped, by two, and with -f',
    script: sh`docker create --name px -v pv:/x busybox >/dev/null; box py -v pv:/x; code docker volume rm pv; code docker volume rm -f pv; docker rm -f py; code docker volume rm pv; docker rm px; code docker volume rm pv`,
  },
  {
    name: 'one volume twice in a container',
    script: sh`docker run --rm -v pv:/x -v pv:/y:ro busybox sh -c 'echo 1 >/x/f; cat /y/f; touch /y/g'; code docker create -v pv:/x -v pw:/x busybox`,
  },
  {
    name: 'options: a tmpfs that two containers share',
    script: sh`docker volume create -o type=tmpfs -o device=tmpfs -o o=size=1m,uid=5,mode=750 pv >/dev/null; box px -v pv:/x; docker exec px sh -c 'stat -c "%u %g %a" /x; echo shared >/x/f'; docker run --rm -v pv:/y busybox cat /y/f; docker rm -f px >/dev/null; docker run --rm -v pv:/y busybox ls /y`,
  },
  {
    name: 'options: a tmpfs is not filled from the image',
    script: sh`docker volume create -o type=tmpfs -o device=tmpfs pv >/dev/null; docker run --rm -v pv:/etc busybox ls /etc; docker run --rm -v pv:/x busybox stat -c %a /x`,
  },
  {
    name: 'options: a directory is filled from the image',
    script: sh`mkdir d; docker volume create -o type=none -o o=bind -o "device=$PWD/d" pv >/dev/null; docker run --rm -v pv:/etc busybox head -n 1 /etc/group; ls d | grep -c group`,
  },
  {
    name: 'options: a directory, read-only',
    script: sh`mkdir d; docker volume create -o type=none -o o=bind,ro -o "device=$PWD/d" pv >/dev/null; code docker run --rm -v pv:/x busybox touch /x/f`,
  },
  {
    name: 'options: what the kernel does not take',
    script: sh`docker volume create -o type=tmpfs -o device=tmpfs -o o=size=lots pv; docker run --rm -v pv:/x busybox true; echo "= $?"; docker volume create -o type=overlay -o device=overlay -o o=lowerdir=/nosuch pw; docker run --rm -v pw:/x busybox true || echo refused`,
    phrases: [
      'failed to mount local volume: mount tmpfs:',
      'data: size=lots: invalid argument',
      'mount overlay:',
    ],
  },
  {
    name: 'another driver of the same name',
    script: sh`docker volume create pv; code docker volume create -d nosuch pv; code docker volume create -d ../x pn; docker volume ls -q`,
  },
])
