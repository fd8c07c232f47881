import { sh, topic } from '../suite.ts'

export default topic('cp', [
  {
    name: 'a file in',
    script: sh`box px; echo x >f; docker cp f px:/tmp/g; docker exec px cat /tmp/g`,
  },
  {
    name: 'a file out',
    script: sh`box px; docker exec px sh -c 'echo x >/tmp/g'; docker cp px:/tmp/g f; cat f`,
  },
  {
    name: 'a file into a directory',
    script: sh`box px; echo x >f; docker cp f px:/tmp; docker cp f px:/tmp/; docker exec px ls /tmp`,
  },
  {
    name: 'a directory to a new name',
    script: sh`box px; mkdir d; echo x >d/f; docker cp d px:/tmp/e; docker exec px find /tmp`,
  },
  {
    name: 'a directory into a directory',
    script: sh`box px; mkdir d; echo x >d/f; docker cp d px:/tmp; docker exec px find /tmp`,
  },
  {
    name: 'what is in a directory',
    script: sh`box px; mkdir d; echo x >d/f; docker cp d/. px:/tmp; docker exec px find /tmp`,
  },
  {
    name: 'a directory out',
    script: sh`box px; docker exec px sh -c 'mkdir -p /tmp/d/e; echo x >/tmp/d/e/f'; docker cp px:/tmp/d .; docker cp px:/tmp/d/. out; find . | sort`,
  },
  {
    name: 'of a stopped one',
    script: sh`docker create --name px busybox >/dev/null; echo x >f; docker cp f px:/root/f; docker cp px:/root/f g; cat g; docker start px >/dev/null; docker cp px:/root/f h; cat h`,
  },
  {
    name: 'tar out',
    script: sh`box px; docker cp px:/etc/passwd - | tar -tv | awk '{print $1, $2, $6}'`,
  },
  {
    name: 'tar in',
    script: sh`box px; echo x >f; tar -c f | docker cp - px:/tmp; docker exec px cat /tmp/f`,
  },
  { name: 'tar into a file', script: sh`box px; echo x >f; tar -c f | docker cp - px:/etc/passwd` },
  {
    name: 'owners',
    script: sh`box px; echo x >f; chmod 640 f; docker cp f px:/tmp/f; docker exec px stat -c '%a %u:%g' /tmp/f`,
  },
  {
    name: 'a symbolic link out',
    script: sh`box px; docker exec px ln -s /etc/passwd /tmp/l; docker cp px:/tmp/l a; test -L a && readlink a; docker cp -L px:/tmp/l b; head -c 4 b`,
  },
  {
    name: 'a symbolic link in',
    script: sh`box px; echo x >f; ln -s f l; docker cp l px:/tmp/a; docker exec px readlink /tmp/a; docker cp -L l px:/tmp/b; docker exec px cat /tmp/b`,
  },
  {
    name: 'onto a symbolic link to itself',
    script: sh`box px; docker exec px ln -s l /tmp/l; echo x >f; docker cp f px:/tmp/l; docker exec px cat /tmp/l`,
  },
  {
    name: 'through a symbolic link of the container',
    script: sh`box px; docker exec px ln -s /etc /tmp/l; echo x >f; docker cp f px:/tmp/l/new; docker exec px cat /etc/new`,
  },
  {
    name: 'a link out of the root stays inside',
    script: sh`box px; docker exec px ln -s ../../../../../../etc /tmp/l; echo x >f; docker cp f px:/tmp/l/peers-inside; docker exec px cat /etc/peers-inside`,
  },
  {
    name: 'a source that is not there',
    script: sh`box px; docker cp nosuch px:/tmp; docker cp px:/nosuch .`,
  },
  {
    name: 'a target whose directory is not there',
    script: sh`box px; echo x >f; docker cp f px:/no/such; docker cp f px:/nosuch/`,
  },
  { name: 'a directory onto a file', script: sh`box px; mkdir d; docker cp d px:/etc/passwd` },
  {
    name: 'a target of the host that is not there',
    script: sh`box px; docker cp px:/etc/passwd no/such`,
  },
  {
    name: 'a container that is not there',
    script: sh`echo x >f; docker cp f nosuch:/tmp; docker cp nosuch:/tmp .`,
  },
  { name: 'between two containers', script: sh`docker cp a:/x b:/y` },
  { name: 'between no containers', script: sh`docker cp a b` },
  { name: 'one argument', script: sh`docker cp a` },
  { name: 'an empty source', script: sh`docker cp '' px:/x` },
  {
    name: 'a name with a colon',
    script: sh`box px; echo x >a:b; docker cp ./a:b px:/tmp/c; docker exec px cat /tmp/c`,
  },
  {
    name: 'into a read-only container',
    script: sh`box px --read-only; echo x >f; docker cp f px:/tmp/f`,
  },
  {
    name: 'into a mount',
    script: sh`mkdir d; box px -v "$PWD/d:/d"; echo x >f; docker cp f px:/d/g; cat d/g; docker cp px:/d/g h; cat h`,
  },
  {
    name: 'into a read-only mount',
    script: sh`mkdir d; box px -v "$PWD/d:/d:ro"; echo x >f; docker cp f px:/d/g`,
  },
  {
    name: 'archive mode',
    script: sh`box px; docker exec px sh -c 'echo x >/tmp/f; chmod 604 /tmp/f'; docker cp -a px:/tmp/f f; stat -c %a f`,
  },
  {
    name: 'quiet',
    script: sh`box px; echo x >f; docker cp -q f px:/tmp/f; docker container cp f px:/tmp/g`,
  },
  {
    name: 'times and hard links',
    script: sh`box px; docker exec px sh -c 'cd /tmp; mkdir d; echo x >d/a; ln d/a d/b; touch -d "2001-02-03 04:05:06" d/a'; docker cp px:/tmp/d .; date -u -r d/a +%F; test d/a -ef d/b && echo linked`,
  },
])
