import { sh, topic } from '../suite.ts'

const DIGEST = `sha256:${'1'.repeat(64)}`

/**
 * A registry of the script's own; `REG` stands for its address, which differs from run to run. `push NAME:TAG` makes an image there;
 * `D` is its name by digest then. The script is in the function `main`.
 */
const WITH_REGISTRY = String.raw`
export DOCKER_CONFIG=$work/.docker; mkdir $DOCKER_CONFIG
echo 'joe:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a' >htpasswd
start() {
printf 'version: 0.1\nlog: { level: info, accesslog: { disabled: true } }\nstorage: { filesystem: { rootdirectory: %s/store } }\nhttp: { addr: "127.0.0.1:0" }\n' "$work" >registry.yml
[ -z "$auth" ] || printf 'auth: { htpasswd: { realm: r, path: %s/htpasswd } }\n' "$work" >>registry.yml
docker-registry serve registry.yml >registry.log 2>&1 & registry=$!
until_says 'listening on 127' cat registry.log
P=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\).*/\1/p' registry.log); R=127.0.0.1:$P
}
push() {
echo $1 >f; tar -c f | docker import - $R/$1 >/dev/null; docker push -q $R/$1 >/dev/null
D=$(docker image inspect -f '{{index .RepoDigests 0}}' $R/$1)
}
start; trap 'kill $registry; cd /; rm -rf "$work"' EXIT
main >out 2>err; sed "s/$R/REG/g" out; sed "s/$R/REG/g" err >&2`

const withRegistry = (name: string, script: string, auth = '') => ({
  name,
  script: `auth=${auth}\nmain() {\n${script}\n}${WITH_REGISTRY}`,
})

/** Each in a line of its own, so that the answer tells which it was. */
const each = (words: string[], command: string): string =>
  words.map((word) => `echo '# ${word}'; code ${command.replaceAll('@', `'${word}'`)}`).join('\n')

/** What users of scripts met beside the topics of single commands. */
export default topic('images-more', [
  {
    name: 'names that a tag may have',
    script: sh`
      ${each(
        [
          ...['a_b', 'a__b', 'a.b', 'a--b', 'localhost/a', 'localhost:5000/a', 'LOCALHOST/a'],
          ...['Foo.com/a', 'docker.io/a', 'index.docker.io/library/b', 'library/c', '[::1]:5000/a'],
          ...['a:1.2_3-4', 'a:_x', 'a:5000/b', 'a.b:5000/c:1', '.', '..'],
        ],
        'docker tag busybox @',
      )}
      docker images --format '{{.Repository}}:{{.Tag}}' | sort`,
  },
  {
    name: 'names that it may not have',
    script: sh`
      ${each(
        [
          ...[
            'A',
            'a:b:c',
            'a:-x',
            'a:x y',
            '/a',
            'a/',
            'a//b',
            '-a',
            'a_',
            'a___b',
            'a..b',
            'a-b-',
          ],
          ...['http://x/a', 'a@', '@', ':', 'a:.x', 'sha256:abc', `a@${DIGEST}`, `a:1@${DIGEST}`],
        ],
        'docker tag busybox @',
      )}`,
  },
  {
    name: 'ways to write one name',
    script: sh`
      id=$(docker images -q --no-trunc busybox); id=\${id#sha256:}
      for name in docker.io/busybox docker.io/library/busybox library/busybox index.docker.io/busybox registry-1.docker.io/library/busybox $id \${id:0:12} \${id:0:4} sha256:\${id:0:12} \
        sha256: SHA256:$id \${id^^} busybox:latest@sha256:$id busybox@ busybox@md5:11 localhost:5000/x@sha256:$id; do echo "# $name"; code docker image inspect -f '{{.RepoTags}}' $name; done`,
  },
  {
    name: 'a prefix of the ids of several',
    script: sh`
      for i in $(seq 16); do echo $i >f; tar -c f | docker import - >/dev/null; done; p=$(docker images -q | cut -c1 | sort | uniq -d | head -1)
      for c in 'image inspect' rmi history; do code docker $c $p 2>&1 | sed "s/: $p:/: P:/"; done; docker images -qf dangling=true | xargs docker rmi | grep -c Deleted`,
  },
  {
    name: 'a name that looks like an id',
    script: sh`
      id=$(docker images -q busybox); echo x >f; tar -c f | docker import - $id >/dev/null; docker image inspect -f '{{.RepoTags}}' $id $id:latest; docker rmi $id | sed 1q
      docker tag busybox abc; docker image inspect -f '{{.RepoTags}}' abc; docker rmi abc`,
  },
  {
    name: 'names for what is made',
    script: sh`
      echo x >f; tar -c f >t.tar; docker create --name px busybox >/dev/null
      ${each(['BAD', 'a:', `a@${DIGEST}`, `a:1@${DIGEST}`], 'docker import t.tar @')}
      ${each(['BAD', 'a:', `a@${DIGEST}`, `a:1@${DIGEST}`], 'docker commit px @')}
      code docker import t.tar sha256:12 | tail -1; code docker commit px sha256:12 | tail -1; docker images --format '{{.Repository}}' | grep -c sha256`,
  },
  {
    name: 'import for a platform',
    script: sh`
      echo x >f; tar -c f >t.tar
      for p in linux/arm64 linux/arm64/v8 linux/aarch64 linux/arm linux/arm/v7 linux/x86_64 LINUX/AMD64 arm64 linux/foo '' linux; do docker import --platform "$p" t.tar pi >/dev/null; docker image inspect -f '{{.Os}} {{.Architecture}} {{.Variant}}' pi; done
      for p in windows/amd64 x a/b/c/d linux/; do code docker import --platform $p t.tar pi; done`,
  },
  {
    name: 'import of an URL where nobody is',
    script: sh`for url in http://127.0.0.1:9/x https://127.0.0.1:9/x 127.0.0.1:9/x ftp://127.0.0.1/x; do code docker import $url pi; done`,
  },
  withRegistry(
    'import of an URL',
    sh`
      code docker import http://$R/nosuch pi:1; push a:1
      for d in store/docker/registry/v2/blobs/sha256/*/*/data; do gzip -t $d 2>/dev/null && layer=$(basename $(dirname $d)); done
      docker import http://$R/v2/a/blobs/sha256:$layer pi:1 2>/dev/null | tail -1; docker image inspect -f '{{.Comment}}' pi:1`,
  ),
  withRegistry(
    'a tag and a digest',
    sh`
      push n:1; docker rmi $R/n:1 >/dev/null; d=\${D#*@}; code docker pull -q $R/n:1@$d; docker images --digests; code docker image inspect -f '{{json .RepoTags}} {{json .RepoDigests}}' $R/n:zzz@$d
      code docker rmi $R/n:1; code docker rmi $R/n:1@$d; code docker pull -q $R/n:nosuch@$d; docker tag $R/n@$d $R/n:5; docker images --digests; docker images -q $R/n | wc -l; docker images -q $R/n@$d | wc -l
      code docker rmi $R/n:5; code docker pull $R/n@${DIGEST}; code docker pull $R/n@sha256:11; code docker pull -a $R/n@$d`,
  ),
  withRegistry(
    'digests beside names',
    sh`
      docker tag busybox $R/a/b:1; docker tag busybox $R/a/b:2; docker tag busybox $R/c:1; docker push -qa $R/a/b; docker push -q $R/c:1; docker images --digests | sort
      docker image inspect -f '{{json .RepoTags}} {{json .RepoDigests}}' busybox; docker rmi $R/a/b:1; docker rmi $R/a/b:2; docker rmi $R/c:1; docker image inspect -f '{{json .RepoTags}} {{json .RepoDigests}}' busybox
      push n:1; docker tag $R/n:1 loc:1; docker rmi loc:1; docker rmi $(docker images -q $R/n)`,
  ),
  withRegistry(
    'events of names that go',
    sh`
      push n:1; docker tag $R/n:1 loc:1; sleep 1.1; s=$(date +%s); docker rmi $R/n:1 >/dev/null; docker rmi loc:1 >/dev/null
      docker events --since $s --until $(($(date +%s) + 1)) --filter type=image --format '{{.Action}} {{.Actor.Attributes.name}}'`,
  ),
  withRegistry(
    'pulls of run and create',
    sh`
      push n:1; docker rmi $R/n:1 >/dev/null; code docker create -q $R/n:1 x | tail -1; code docker create --pull '' $R/n:1 x | tail -1; code docker create --pull bad $R/n:1
      docker rm $(docker ps -aq) >/dev/null; code docker create --pull never $R/n:2; code docker run $R/n:2; code docker run --pull always $R/nosuch`,
  ),
  {
    name: 'one name removed by several',
    script: sh`docker tag busybox pt:1; for i in 1 2 3 4; do docker rmi pt:1 & done >out 2>err; wait; grep -c Untagged out; grep -c 'No such image: pt:1' err`,
  },
  {
    name: 'several names at once',
    script: sh`
      for i in 1 2 3 4 5 6 7 8; do docker tag busybox pt:$i & done; wait; docker images -q pt | wc -l; for i in 1 2 3 4 5 6 7 8; do docker save pt:$i | docker load -q & done | sort; wait
      docker images --format '{{.Repository}}:{{.Tag}}' pt | xargs docker rmi`,
  },
  {
    name: 'an index that is beyond the end',
    script: sh`
      ${each(
        [
          ...[
            'index .RepoDigests 0',
            'index .RepoTags 1',
            'index .RepoTags 2',
            'index .RepoTags -1',
          ],
          ...[
            'index .Config.Cmd 1',
            'index "ab" 2',
            'index "ab" 3',
            'slice "ab" 3',
            'slice .RepoTags 2',
          ],
        ],
        `docker image inspect -f '{{'@'}}' busybox`,
      )}`,
  },
  {
    name: 'filters as odd as they come',
    script: sh`
      ${each(
        [
          ...[
            '=',
            'a=b=c',
            ' dangling = true ',
            'DANGLING=true',
            'label==',
            'until=',
            'until=1h30m',
            'until=-1h',
          ],
          ...[
            'until=1700000000.5',
            'reference=busy*:l*',
            'reference=*/busybox',
            'reference=docker.io/library/*',
          ],
          ...['reference={busy,x}box', 'reference=/busybox', 'since=sha256:12', 'before=BAD'],
        ],
        "docker images --format '{{.Repository}}:{{.Tag}}' --filter @",
      )}`,
  },
  {
    name: 'short flags together',
    script: sh`
      docker images -aq --no-trunc | wc -l; docker images -qfdangling=false | wc -l; docker history -qH busybox | wc -l; docker save -oa.tar busybox; docker load -qia.tar; code docker load -qi=a.tar
      tar -c a.tar | docker import -mmsg -c'CMD x' - pi:1 >/dev/null; docker image inspect -f '{{.Comment}} {{.Config.Cmd}}' pi:1; docker rmi -- pi:1 | sed 1q; code docker rmi -- -x`,
  },
  {
    name: 'system df --format raw',
    script: sh`
      docker create --name px -v px-v:/v busybox x >/dev/null; docker system df --format raw; docker system df -v --format raw`,
  },
  {
    name: 'what is searched for',
    script: sh`
      code docker search; code docker search --limit 101 x; code docker search --filter foo=1 x; code docker search --filter stars=x x; code docker search --filter is-official=x x; code docker search http://x`,
  },
  withRegistry(
    'a login that is kept and good for nothing',
    sh`
      code docker pull $R/a; code docker pull -a $R/a; code docker run $R/a; docker tag busybox $R/a; code docker push $R/a
      printf '{"auths":{"%s":{"auth":"am9lOndyb25n"}}}' $R >$DOCKER_CONFIG/config.json; code docker pull $R/a; code docker push -q $R/a; code docker login $R </dev/null; code docker login -u joe -p wrong $R
      code docker login -u joe -p secret http://$R/v1/; code docker push -q $R/a; code docker login $R </dev/null; code docker logout $R; cat $DOCKER_CONFIG/config.json`,
    'yes',
  ),
])
