import { sh, topic } from '../suite.ts'

/** Three images, a second apart: one with two names, a second one, one without a name; `ls` lists names in their order. */
const MAKE = sh`
  mk() { echo "$1" >f; tar -c f | docker import -c "LABEL n=$1" -c 'LABEL v=x' - $2 >/dev/null; }
  trap 'docker images -q --filter label=n | sort -u | xargs -r docker rmi -f >/dev/null; cd /; rm -rf "$work"' EXIT
  ls() { docker images --format '{{.Repository}}:{{.Tag}}' "$@" | sort; echo "= $?"; }
  mk a pi/one:1; docker tag pi/one:1 127.0.0.1:9/pi:z; sleep 1.1; mk b pi/one:2; sleep 1.1; mk c`

const made = (name: string, script: string) => ({ name, script: `${MAKE}\n${script}` })

/** Each in a line of its own, so that the answer tells which it was. */
const each = (flags: string, values: string[]): string =>
  values.map((value) => `echo '# ${value}'; ls ${flags}'${value}'`).join('\n')

export default topic('image-ls', [
  {
    name: 'the table',
    script: sh`docker images; docker image ls -a; docker image list --no-trunc`,
  },
  { name: 'digests', script: sh`docker images --digests; docker images --digests --no-trunc` },
  {
    name: 'ids',
    script: sh`docker images -q; docker images -q --no-trunc; docker images -aq --digests`,
  },
  {
    name: 'formats',
    script: sh`
      docker images --format json; docker images --format '{{json .}}' --no-trunc; docker images --format 'table {{.Repository}}\t{{.ID}}'
      docker images --format 'table {{.ID}} {{.CreatedSince}} {{.Containers}} {{.SharedSize}} {{.UniqueSize}} {{.VirtualSize}} {{.Digest}}'
      docker images --format raw; docker images --format raw --digests; docker images --format raw -q; docker images --format tabley`,
  },
  {
    name: 'formats beside -q and --digests',
    script: sh`
      docker images -q --format '{{.Tag}}'; docker images -q --format table; docker images -q --format 'table {{.Tag}}'; docker images -q --format json
      docker images --digests --format '{{.Tag}}'; docker images --digests --format table; docker images --format ''`,
  },
  {
    name: 'bad formats',
    script: sh`code docker images --format '{{.Nosuch}}'; code docker images --format '{{'; code docker images --format '{{.Label "n"}}'`,
  },
  {
    name: 'nothing to list',
    script: sh`docker images nosuch; docker images -q nosuch; docker images --format json nosuch; docker images --format 'table {{.Tag}}' nosuch`,
  },
  made('the newest first', sh`docker images --format '{{.Tag}}' | grep -vx 1`),
  made(
    'by a name',
    each('', [
      'pi/one',
      'pi/one:2',
      'pi/one:nosuch',
      'one',
      'busybox',
      'library/busybox',
      'docker.io/library/busybox',
      '127.0.0.1:9/pi',
      'Foo',
      '',
      'pi/one:',
      ':1',
    ]),
  ),
  made(
    'by a pattern',
    each('', [
      'pi/*',
      'pi/*:2',
      '*/*:1',
      '*',
      '**/one',
      'pi/o?e:[12]',
      'pi/one:[^1]',
      '*:*',
      'x y',
    ]),
  ),
  made('a bad pattern', sh`code docker images '['; code docker images -f 'reference=a['`),
  made(
    'by reference',
    each('-f reference=', [
      'pi/one',
      'pi/*',
      '*:latest',
      '*:1',
      '*/*:1',
      '*/*/*',
      'one',
      '',
      'pi/one*',
      '127.0.0.1:9/*',
      'docker.io/library/busybox',
    ]),
  ),
  made(
    'by several references',
    sh`ls -f reference=busybox -f reference=pi/one:2; ls pi/one:1 -f reference=busybox; ls -f reference=pi/one -f dangling=false`,
  ),
  made(
    'by dangling',
    sh`
      ls -f dangling=true; ls -f dangling=false; ls -f dangling=1; ls -f dangling=0; ls -f dangling=x -f dangling=true
      code docker images -f dangling=x; code docker images -f dangling=`,
  ),
  made(
    'by label',
    sh`ls -f label=n; ls -f label=n=a; ls -f label=n=a -f label=v=x; ls -f label=n=a -f label=n=b; code docker images -f label!=n`,
  ),
  made(
    'by another image',
    sh`
      ls -f before=pi/one:2; ls -f since=pi/one:1; ls -f before=pi/one:2 -f since=busybox; ls -f before=pi/one:1 -f before=pi/one:2
      ls -f since=pi/one:1 -f since=pi/one:2; ls -f since=$(docker images -q busybox)`,
  ),
  {
    name: 'by an image that is not there',
    script: sh`
      code docker images -f before=nosuch; code docker images -f since=nosuch:1; code docker images -f before=Foo; code docker images -f since=`,
  },
  made(
    'by age',
    sh`ls -f until=1h; ls -f until=2025-01-01; ls -f until=2099-01-01; ls -f until=1h -f until=2099-01-01; code docker images -f until=x`,
  ),
  {
    name: 'filters that are none',
    script: sh`code docker images -f x=1; code docker images -f x; code docker images -f id=1`,
  },
  { name: 'two names', script: sh`docker images a b` },
  {
    name: 'a flag that is none',
    script: sh`code docker images --nosuch; code docker images --no-trunc=x`,
  },
  made(
    'inspect of several',
    sh`
      docker image inspect -f '{{.RepoTags}} {{.RepoDigests}} {{.Comment}} {{.Size}}' pi/one:1 nosuch pi/one:2 Foo ''; echo "= $?"
      docker image inspect nosuch; echo "= $?"; docker image inspect $(docker images -q pi/one:2) -f '{{.Config.Labels}}'`,
  ),
  {
    name: 'inspect: the document',
    script: sh`docker image inspect busybox | sed -e '/"GraphDriver"/,/^        }/d' -e '/LastTagTime/d' -e '/"DockerVersion"/d'`,
  },
  made(
    'inspect: the document of an import',
    sh`docker image inspect pi/one:1 | sed -e '/"GraphDriver"/,/^        }/d' -e '/LastTagTime/d' -e '/"DockerVersion"/d'`,
  ),
  {
    name: 'inspect: templates',
    script: sh`
      docker image inspect -f '{{.Container}}|{{.ContainerConfig}}|{{.VirtualSize}}|{{.Parent}}|{{.Created}}|{{.RootFS.Type}}|{{.ID}}|{{.Variant}}' busybox
      code docker image inspect -f '{{.Nosuch}}' busybox; code docker image inspect -f '{{' busybox; docker image inspect -f json busybox | jq -r '.[0] | keys_unsorted[]'`,
  },
  {
    name: 'inspect of what is not there',
    script: sh`
      for name in nosuch nosuch:1 Foo sha256:12 1234 '' eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee busybox@sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee; do
      code docker image inspect "$name"; code docker inspect --type image "$name"; code docker inspect "$name"; done`,
  },
  {
    name: 'rmi and tag of what has no name',
    script: sh`
      for name in Foo '' eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee sha256:12; do
      code docker rmi "$name"; code docker rmi -f "$name"; code docker tag "$name" pi:1; code docker tag nosuch "$name"; done`,
  },
  { name: 'inspect of nothing', script: sh`docker image inspect` },
  {
    name: 'pull of a tag and of all',
    script: sh`code docker pull -a busybox:1; code docker pull -a Foo; code docker pull -a ''`,
  },
])
