import { sh, topic } from '../suite.ts'

export default topic('run-mounts', [
  {
    name: 'a directory of the host',
    script: sh`mkdir d; echo x >d/f; docker run --rm -v "$PWD/d:/d" busybox sh -c 'cat /d/f; echo y >/d/g'; cat d/g`,
  },
  { name: 'read-only', script: sh`mkdir d; docker run --rm -v "$PWD/d:/d:ro" busybox touch /d/x` },
  {
    name: 'a directory of the host that is not there is made',
    script: sh`docker run --rm -v "$PWD/new/deep:/d" busybox ls -d /d; ls -d new/deep`,
  },
  { name: 'a file', script: sh`echo x >f; docker run --rm -v "$PWD/f:/etc/f" busybox cat /etc/f` },
  {
    name: 'a named volume keeps files',
    script: sh`
      docker run --rm -v px-keep:/d busybox sh -c 'echo kept >/d/f'; docker run --rm -v px-keep:/d:ro busybox cat /d/f`,
  },
  {
    name: 'a named volume takes the files of the image',
    script: sh`docker run --rm -v px-copy:/home busybox ls -l /home | awk '{print $1, $3, $9}'`,
  },
  {
    name: 'a named volume with nocopy',
    script: sh`docker run --rm -v px-nocopy:/home:nocopy busybox ls /home`,
  },
  {
    name: 'an anonymous volume goes with --rm',
    script: sh`docker run --rm -v /d busybox sh -c 'mount | grep -c " /d "'; docker volume ls -q | wc -l`,
  },
  { name: 'a relative source', script: sh`docker run --rm -v ./d:/d busybox ls -d /d; ls -d d` },
  { name: 'a relative target', script: sh`docker run --rm -v /tmp:d busybox true` },
  { name: 'the root as a target', script: sh`docker run --rm -v /tmp:/ busybox true` },
  { name: 'too many parts', script: sh`docker run --rm -v a:/b:ro:x busybox true` },
  ...[
    'aa:/b:ro:x',
    '::ab',
    '/d:',
    'a::',
    '/a::ro',
    '/tmp:/b:nocopy',
    'vv:/b:rshared',
    '/d:ro',
    '/tmp:/b:ro,rw',
    '/tmp:/b:,',
    'vv:b',
    'vv:/',
  ].map((bind) => ({
    name: `-v ${bind}`,
    script: sh`docker create -v '${bind}' busybox; echo "= $?"`,
  })),
  { name: 'a bad mode', script: sh`docker run --rm -v /tmp:/d:rx busybox true` },
  { name: 'an empty part', script: sh`docker run --rm -v :/d busybox true` },
  { name: 'a volume name that cannot be one', script: sh`docker run --rm -v '?:/d' busybox true` },
  { name: 'one target twice', script: sh`docker run --rm -v /tmp:/d -v /etc:/d busybox true` },
  ...[
    '-v $PWD/b:/b -v $PWD/b:/b',
    '-v $PWD/b:/b -v $PWD/b:/b:ro',
    '-v $PWD/b:/b:rw -v $PWD/b:/b',
    '-v $PWD/b:/b -v $PWD/b:/b/',
    '-v px-v:/b -v px-v:/b',
    '-v px-v:/b -v px-v:/b:ro',
    '-v px-v:/b -v $PWD/b:/b',
    '-v /b -v /b/',
    '-v /b -v $PWD/b:/b',
    '-v $PWD/b:/b -v /b',
    '-v /b --tmpfs /b',
    '-v $PWD/b:/b --tmpfs /b',
    '-v $PWD/b:/b --tmpfs /b/',
    '-v $PWD/b:/b --tmpfs /c/../b',
    '-v $PWD/b:/b/ --tmpfs /b',
    '--mount type=bind,src=$PWD/b,dst=/b --tmpfs /b/',
    '--mount type=bind,src=$PWD/b,dst=/b --tmpfs /b',
    '--mount type=volume,src=px-v,dst=/b --tmpfs /b:ro,size=1m',
    '--mount type=bind,src=$PWD/b,dst=/b -v $PWD/b:/b',
    '--mount type=bind,src=$PWD/b,dst=/b -v /b',
    '--mount type=bind,src=$PWD/b,dst=/b --mount type=tmpfs,dst=/b',
    '--mount type=tmpfs,dst=/b -v /b',
    '--tmpfs /b:size=1m --tmpfs /b:size=2m',
  ].map((flags) => ({
    name: `one target twice: ${flags}`,
    script: sh`
      mkdir b; echo b >b/f; docker run --rm ${flags} busybox sh -c 'ls /b; grep " /b " /proc/mounts | grep -c tmpfs'; echo "= $?"`,
  })),
  ...['xrel', 'xrel/y', './xrel', '../xrel'].map((path) => ({
    name: `-v ${path}`,
    script: sh`
      docker run --name px -v ${path} busybox ls -d /xrel; docker inspect --format '{{json .Config.Volumes}} {{json .HostConfig.Binds}} {{len .Mounts}}' px`,
  })),
  {
    name: 'tmpfs',
    script: sh`docker run --rm --tmpfs /t:size=1m,mode=700 busybox sh -c 'grep " /t " /proc/mounts | cut -d" " -f2,3; df -k /t | tail -1 | { read a b c; echo $b; }; stat -c %a /t'`,
  },
  {
    name: 'tmpfs has safe defaults',
    script: sh`docker run --rm --tmpfs /t busybox sh -c 'grep " /t " /proc/mounts | cut -d" " -f4 | tr , "\n" | grep -e nosuid -e nodev -e noexec'`,
  },
  { name: 'a bad tmpfs option', script: sh`docker run --rm --tmpfs /t:nosuch busybox true` },
  { name: 'a tmpfs at a relative path', script: sh`docker run --rm --tmpfs t busybox true` },
  {
    name: 'mount: bind',
    script: sh`mkdir d; echo x >d/f; docker run --rm --mount type=bind,source="$PWD/d",target=/d,readonly busybox sh -c 'cat /d/f; touch /d/g'`,
  },
  {
    name: 'mount: volume, other names of the keys',
    script: sh`docker run --rm --mount src=px-vol,dst=/d busybox sh -c 'touch /d/f; ls /d'`,
  },
  {
    name: 'mount: tmpfs',
    script: sh`docker run --rm --mount type=tmpfs,target=/t,tmpfs-size=2m,tmpfs-mode=1700 busybox sh -c 'df -k /t | tail -1 | { read a b c; echo $b; }; stat -c %a /t'`,
  },
  {
    name: 'mount: bind of what is not there',
    script: sh`docker run --rm --mount type=bind,source="$PWD/nosuch",target=/d busybox true`,
  },
  {
    name: 'mount: no target',
    script: sh`docker run --rm --mount type=bind,source=/tmp busybox true`,
  },
  {
    name: 'mount: no source of a bind',
    script: sh`docker run --rm --mount type=bind,target=/d busybox true`,
  },
  {
    name: 'mount: an unknown key',
    script: sh`docker run --rm --mount type=bind,source=/tmp,target=/d,nosuch=1 busybox true`,
  },
  {
    name: 'mount: an unknown type',
    script: sh`docker run --rm --mount type=nosuch,target=/d busybox true`,
  },
  { name: 'mount: no value', script: sh`docker run --rm --mount type=bind,source busybox true` },
  {
    name: 'mount: bad boolean',
    script: sh`docker run --rm --mount type=bind,source=/tmp,target=/d,readonly=maybe busybox true`,
  },
  {
    name: 'mount: options of another type',
    script: sh`docker run --rm --mount type=bind,source=/tmp,target=/d,tmpfs-size=1m busybox true`,
  },
  {
    name: 'mount: tmpfs with a source',
    script: sh`docker run --rm --mount type=tmpfs,source=/tmp,target=/d busybox true`,
  },
  {
    name: 'volumes-from',
    script: sh`
      docker create --name px -v px-from:/data busybox >/dev/null; docker run --rm --volumes-from px busybox sh -c 'echo x >/data/f'
      docker run --rm --volumes-from px:ro busybox sh -c 'cat /data/f; touch /data/g'`,
  },
  {
    name: 'volumes-from a container that is not there',
    script: sh`docker run --rm --volumes-from nosuch busybox true`,
  },
  {
    name: 'volumes-from with a bad mode',
    script: sh`docker run --rm --volumes-from a:b:c busybox true`,
  },
  {
    name: 'sources beside and above the current directory',
    script: sh`mkdir -p w/d; cd w; for v in ./d:/y .:/y ../x:/y ..:/y ...:/y ..x:/y d/e:/y; do echo "$v:"; docker run --rm -v $v busybox test -d /y; echo "= $?"; done; ls ..`,
  },
  {
    name: 'a file over a directory, a directory over a file',
    script: sh`mkdir d; echo x >f; for v in ./f:/etc ./d:/etc/passwd; do docker run --rm -v $v busybox true; echo "= $?"; done`,
    phrases: [
      'docker: Error response from daemon: failed to create task for container: ',
      'error mounting ',
      'to rootfs at "/etc"',
      'to rootfs at "/etc/passwd"',
      'not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type',
    ],
  },
])
