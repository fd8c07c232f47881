import { sh, topic } from '../suite.ts'

/** An image of one layer with a message; `ph` is its name. */
const IMPORT = sh`
  echo x >f; tar -c f | docker import -m 'a <message>' -c 'CMD ["true"]' - ph:1 >/dev/null
  trap 'docker rmi -f ph:1 >/dev/null 2>&1; cd /; rm -rf "$work"' EXIT`

const imported = (name: string, script: string) => ({ name, script: `${IMPORT}\n${script}` })

export default topic('history', [
  { name: 'the table', script: sh`docker history busybox` },
  { name: 'image history is the same', script: sh`docker image history busybox` },
  {
    name: 'nothing is cut',
    script: sh`docker history --no-trunc busybox`,
  },
  {
    name: 'ids alone',
    script: sh`docker history -q busybox; docker history -q --no-trunc busybox; docker history -q --format table busybox`,
  },
  {
    name: 'not for people',
    script: sh`docker history --human=false busybox; docker history -H=false --no-trunc busybox; docker history -H busybox`,
  },
  {
    name: 'json',
    script: sh`docker history --format json busybox; docker history --format json --no-trunc --human=false busybox; docker history -q --format json busybox`,
  },
  {
    name: 'templates',
    script: sh`
      docker history --format '{{.ID}} {{.Size}} {{.CreatedAt}} {{.CreatedBy}} [{{.Comment}}]' busybox
      docker history --format '{{json .}}' busybox; docker history --format raw busybox; docker history -q --format '{{.CreatedSince}}' busybox`,
  },
  {
    name: 'tables by a template',
    script: sh`
      docker history --format 'table {{.ID}}\t{{.CreatedSince}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}' busybox
      docker history --human=false --format 'table {{.CreatedSince}} {{.Size}}' busybox`,
  },
  {
    name: 'bad templates',
    script: sh`code docker history --format '{{.Nosuch}}' busybox; code docker history --format '{{' busybox; code docker history --format 'table {{.Label "x"}}' busybox`,
  },
  imported('a message', sh`docker history ph:1; docker history --format json ph:1`),
  imported('by id', sh`docker history $(docker images -q ph:1) | wc -l`),
  {
    name: 'a commit of more than one line',
    script: sh`
      docker create --name px busybox sh -c 'echo "a
      b" <x>; a very long command that does not fit into its column' >/dev/null
      docker commit -m two px ph:2 >/dev/null
      docker history ph:2 | sed 's/^[^ ]* *//'; docker history --no-trunc --format '{{.CreatedBy}} {{.Size}}' ph:2
      docker image inspect -f '{{len .RootFS.Layers}}' ph:2; docker rmi ph:2 | sed 1q`,
  },
  {
    name: 'wide letters and tabs',
    script: sh`
      docker create --name px busybox echo "a	b" 世界世界世界世界世界世界世界世界世界世界 é é é >/dev/null
      docker commit px ph:2 >/dev/null; docker history --format '{{.CreatedBy}}' ph:2 | sed 1q; docker rmi ph:2 | sed 1q`,
  },
  {
    name: 'what is not there',
    script: sh`
      code docker history nosuch; code docker history nosuch:1; code docker history Foo; code docker history ''
      code docker history sha256:1234; code docker history eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`,
  },
  { name: 'no image', script: sh`docker history` },
  { name: 'two images', script: sh`docker history busybox busybox` },
  { name: 'a bad flag', script: sh`docker history --human=x busybox` },
])
