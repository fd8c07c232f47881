import { sh, topic } from '../suite.ts'

const FOUR = `docker create --name px1 -l a=1 busybox true >/dev/null
docker run --name px2 -l a=2 busybox sh -c 'exit 3'
docker run --name other -v px-f:/f busybox true
box px3 -l a -l b=x`
const list = (name: string, ...filters: string[]) => ({
  name,
  script: `${FOUR}\n${filters.map((filter) => `docker ps -a --format '{{.Names}}' ${filter}; echo "= $?"`).join('\n')}`,
})

export default topic('ps-filters', [
  list(
    'by status',
    '-f status=running',
    '-f status=exited',
    '-f status=created',
    '-f status=paused',
    '-f status=created -f status=exited',
  ),
  list('a status turns on all', '-f status=dead'),
  list('a bad status', '-f status=nosuch'),
  list('by exit code', '-f exited=3', '-f exited=0', '-f exited=3 -f exited=0'),
  list('a bad exit code', '-f exited=x'),
  list(
    'by name: a part, anchored, a pattern',
    '-f name=px',
    '-f name=^px1$',
    '-f "name=px[12]"',
    '-f name=/px1',
    '-f name=^/px1$',
    '-f name=nosuch',
  ),
  list(
    'by label',
    '-f label=a',
    '-f label=a=1',
    '-f label=a=',
    '-f label=a -f label=b',
    '-f label=b=y',
  ),
  list('by image', '-f ancestor=busybox', '-f ancestor=busybox:latest', '-f ancestor=nosuch'),
  list('before and since', '-f before=px2', '-f since=px2', '-f before=px3 -f since=px1'),
  list('before what is not there', '-f before=nosuch'),
  list('by volume', '-f volume=px-f', '-f volume=/f', '-f volume=nosuch'),
  list('by network', '-f network=bridge', '-f network=host', '-f network=nosuch'),
  list('by health', '-f health=none', '-f health=healthy'),
  list('a bad health', '-f health=nosuch'),
  list('by published and exposed port', '-f publish=80', '-f expose=80'),
  list('a bad port', '-f publish=x'),
  list('is-task', '-f is-task=false', '-f is-task=true'),
  list('isolation', '-f isolation=default'),
  list('a filter that is none', '-f nosuch=x'),
  list('a filter without a value', '-f status'),
  list('an empty filter', '-f ""'),
  list('several kinds of filters', '-f name=px -f status=exited', '-f name=px -f label=a=1'),
  {
    name: 'by id',
    script: sh`id=$(docker create --name px busybox); docker ps -a --format '{{.Names}}' -f id=\${id:0:6}; docker ps -a --format '{{.Names}}' -f id=zz`,
  },
])
