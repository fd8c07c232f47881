import { sh, topic } from '../suite.ts'

export default topic('export-import', [
  {
    name: 'export to standard output',
    script: sh`docker run --name px busybox sh -c 'echo x >/new; rm /etc/group'; docker export px | tar -t | grep -e ^new -e ^etc/ | sort`,
  },
  {
    name: 'export to a file',
    script: sh`docker create --name px busybox >/dev/null; docker export -o out.tar px; tar -xOf out.tar etc/passwd | head -1; stat -c %a out.tar`,
  },
  {
    name: 'owners and modes',
    script: sh`docker create --name px busybox >/dev/null; docker export px | tar -tv --numeric-owner | awk '$6 ~ /^(home.app.|root.|tmp.|bin.busybox)$/ {print $1, $2, $6}' | sort`,
  },
  {
    name: 'mounts are empty',
    script: sh`docker run --name px -v /vol busybox touch /vol/x; docker export px | tar -t | grep ^vol`,
  },
  {
    name: 'the files that are made for each container',
    script: sh`docker run --name px busybox true; docker export px | tar -t | grep -x -e .dockerenv -e etc/hosts -e etc/resolv.conf -e etc/hostname -e dev/console -e dev/pts/ -e dev/shm/ -e etc/mtab | sort`,
  },
  {
    name: 'they are there before the first start',
    script: sh`docker create --name px busybox true >/dev/null; docker export px | tar -tv --numeric-owner | awk '{print $1, $2, $3 * ($1 !~ /^d/), $6, $7, $8}' | grep -e dockerenv -e 'etc/h' -e etc/resolv -e ' dev/' -e ' proc/' -e ' sys/' -e mtab | sort; docker diff px; docker cp px:/.dockerenv - | tar -t; docker cp px:/etc/mtab - | tar -tv | awk '{print $6, $7, $8}'; docker cp px:/dev - | tar -t | sort; docker start -a px; docker diff px`,
  },
  {
    name: 'what was copied before the first start stays',
    script: sh`docker create --name px busybox cat /.dockerenv >/dev/null; echo mine >f; docker cp f px:/.dockerenv; docker cp f px:/etc/hosts; docker export px | tar -xO .dockerenv etc/hosts; docker start -a px; docker diff px`,
  },
  { name: 'export of what is not there', script: sh`docker export nosuch` },
  {
    name: 'export to where nobody can write',
    script: sh`docker create --name px busybox >/dev/null; docker export -o /no/such/file px`,
  },
  { name: 'export of nothing', script: sh`docker export` },
  {
    name: 'import from a file',
    script: sh`mkdir d; echo x >d/f; tar -C d -c . >a.tar; docker import a.tar px-import; docker create --name px px-import true >/dev/null; docker export px | tar -t | grep -x f; docker rm px; docker rmi px-import >/dev/null`,
  },
  {
    name: 'import from standard input with changes',
    script: sh`
      docker create --name px busybox >/dev/null
      docker export px | docker import -c 'CMD ["echo","hi"]' -c 'ENV A=1' -c 'LABEL b=c' -c 'WORKDIR /home' -m 'a message' - px-import:v1
      docker run --rm px-import:v1; docker image inspect -f '{{.Config.Cmd}} {{.Config.Env}} {{.Config.Labels}} {{.Config.WorkingDir}} {{.Comment}} {{len .RootFS.Layers}}' px-import:v1; docker rmi px-import:v1 >/dev/null`,
  },
  {
    name: 'import without a name',
    script: sh`echo x >f; id=$(tar -c f | docker import -); echo $id; docker images -q --no-trunc | grep -c $id; docker rmi $id >/dev/null`,
  },
  {
    name: 'import of a compressed archive',
    script: sh`echo x >f; tar -cz f | docker import - px-import >/dev/null; docker image inspect -f '{{.Os}}/{{.Architecture}}' px-import; docker rmi px-import >/dev/null`,
  },
  {
    name: 'import of what is no archive',
    script: sh`head -c 2000 /dev/zero | tr '\0' x | docker import - px-import`,
    phrases: ['archive/tar: invalid tar header'],
  },
  { name: 'import of a file that is not there', script: sh`docker import nosuch.tar px-import` },
  {
    name: 'import with a bad change',
    script: sh`echo x >f; tar -c f | docker import -c 'NOSUCH x' - px-import`,
  },
  {
    name: 'import with a change that is not allowed',
    script: sh`echo x >f; tar -c f | docker import -c 'RUN true' - px-import`,
  },
  { name: 'import to a bad name', script: sh`echo x >f; tar -c f | docker import - BAD` },
  { name: 'import of nothing', script: sh`docker import` },
])
