import { type PeerCase, sh, topic } from '../suite.ts'

const OCI = 'application/vnd.oci.image'
const DOCKER = 'application/vnd.docker'

/**
 * A registry of the script's own with small images that are the same wherever it runs: `bb` for two platforms, `s2` of Docker's kind, and
 * `both`, an index. What is said has REG for its address, which differs from run to run. The script is in the function `main`.
 */
const WITH_REGISTRY = String.raw`
export DOCKER_CONFIG=$work/.docker; mkdir $DOCKER_CONFIG
start() {
printf 'version: 0.1\nlog: { level: info, accesslog: { disabled: true } }\nstorage: { filesystem: { rootdirectory: %s/store } }\nhttp: { addr: "127.0.0.1:0" }\n' "$work" >registry.yml
docker-registry serve registry.yml >registry.log 2>&1 & registry=$!
until_says 'listening on 127' cat registry.log
P=$(sed -n 's/.*listening on 127.0.0.1:\([0-9]*\).*/\1/p' registry.log); R=127.0.0.1:$P
}
http() {
exec 3<>/dev/tcp/127.0.0.1/$P
{ printf '%s %s HTTP/1.0\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %s\r\n\r\n' $1 "$2" $R $3 $(wc -c <$4); cat $4; } >&3
tr -d '\r' <&3; exec 3>&-
}
digest() { echo sha256:$(sha256sum <$1 | cut -d' ' -f1); }
descriptor() { printf '{"mediaType":"%s","digest":"%s","size":%s}' $1 $(digest $2) $(wc -c <$2); }
blob() {
local place=$(http POST /v2/$1/blobs/uploads/ text/plain /dev/null | sed -n "s,^Location: http://$R,,p")
http PUT "$place&digest=$(digest $2)" application/octet-stream $2 >/dev/null
}
image() {
printf '{"architecture":"%s","os":"linux"%s,"created":"2024-01-01T00:00:00Z","config":{"Cmd":["sh"],"Labels":{"a":"<b>"}},"rootfs":{"type":"layers","diff_ids":[]},"history":[{"created_by":"x & y"}]}' $3 "$7" >config; echo layer $3 >layer
blob $1 config; blob $1 layer
printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s],"annotations":{"b":"<2>","a":"1"}}' $4 "$(descriptor $5 config)" "$(descriptor $6 layer)" >manifest
http PUT /v2/$1/manifests/$2 $4 manifest >/dev/null
}
oci() { image $1 $2 $3 ${OCI}.manifest.v1+json ${OCI}.config.v1+json ${OCI}.layer.v1.tar "$4"; }
start; trap 'kill $registry; cd /; rm -rf "$work"' EXIT
oci bb arm arm ',"variant":"v7"'; A=$(descriptor ${OCI}.manifest.v1+json manifest)
oci bb latest amd64
printf '{"schemaVersion":2,"mediaType":"${OCI}.index.v1+json","manifests":[%s,%s]}' "$A" "$(descriptor ${OCI}.manifest.v1+json manifest)" >index
http PUT /v2/bb/manifests/both ${OCI}.index.v1+json index >/dev/null
image bb s2 s390x ${DOCKER}.distribution.manifest.v2+json ${DOCKER}.container.image.v1+json ${DOCKER}.image.rootfs.diff.tar
m() { code docker manifest "$@"; }
i() { code docker buildx imagetools "$@"; }
main >out 2>err; sed "s/$R/REG/g" out; sed "s/$R/REG/g" err >&2`

const withRegistry = (
  name: string,
  script: string,
  more: Pick<PeerCase, 'phrases' | 'differs'> = {},
): PeerCase => ({ name, script: `main() {\n${script}\n}${WITH_REGISTRY}`, ...more })

const plain = (name: string, script: string, more: Partial<PeerCase> = {}): PeerCase => ({
  name,
  script: `export DOCKER_CONFIG=$work/.docker; mkdir $DOCKER_CONFIG\n${script}`,
  ...more,
})

const NOTHING = `sha256:${'0'.repeat(64)}`
const LOOPBACK = 'registries on this machine are spoken to without TLS, as for pull and push'

export default topic('manifest', [
  plain(
    'too few and too many',
    sh`
    code docker manifest create a; code docker manifest annotate a; code docker manifest push; code docker manifest push a b
    code docker manifest inspect; code docker manifest inspect a b c; code docker manifest rm`,
  ),
  plain(
    'flags that are none',
    sh`
    code docker manifest create --bad a b; code docker manifest annotate --os; code docker manifest push --purge=x a`,
  ),
  plain(
    'bad names',
    sh`
    code docker manifest create UPPER a; code docker manifest create a UPPER; code docker manifest annotate UPPER a
    code docker manifest annotate a UPPER; code docker manifest push UPPER; code docker manifest rm UPPER
    code docker manifest inspect UPPER; code docker manifest inspect UPPER a; code docker manifest inspect ''`,
  ),
  plain(
    'lists that are not there',
    sh`
    code docker manifest annotate a b:1; code docker manifest push a; code docker manifest rm a b:1 UPPER
    code docker manifest inspect a b:1`,
  ),
  plain(
    'nobody is there',
    sh`code docker manifest inspect --insecure 127.0.0.1:9/x; code docker manifest create --insecure l 127.0.0.1:9/x`,
    {
      phrases: [
        'failed to configure transport: error pinging v2 registry: ',
        'dial tcp 127.0.0.1:9: connect: connection refused',
      ],
    },
  ),
  withRegistry(
    'inspect what a registry has',
    sh`
    m inspect --insecure $R/bb; m inspect --insecure $R/bb:s2; m inspect --insecure $R/bb:both`,
  ),
  withRegistry(
    'inspect all of it',
    sh`
    m inspect -v --insecure $R/bb; m inspect -v --insecure $R/bb:s2; m inspect --insecure --verbose $R/bb:both`,
  ),
  withRegistry(
    'inspect what a registry does not have',
    sh`
    m inspect --insecure $R/bb:nosuch; m inspect --insecure $R/nosuch; m inspect --insecure $R/bb@${NOTHING}`,
  ),
  withRegistry(
    'a list',
    sh`
    m create --insecure $R/l:1 $R/bb $R/bb:arm; m create --insecure $R/l:1 $R/bb; m create --insecure -a $R/l:1 $R/bb:s2
    m inspect $R/l:1; m inspect -v $R/l:1; m inspect $R/l:1 $R/bb:arm; m inspect $R/l:1 $R/bb:no; m push $R/l:1
    m push -p $R/l:1; m push $R/l:1; m inspect --insecure $R/l:1`,
  ),
  withRegistry(
    "a list of Docker's kind, in the same repository",
    sh`
    m create --insecure $R/bb:l $R/bb:s2; m inspect $R/bb:l; m push --insecure $R/bb:l; m rm $R/bb:l; m rm $R/bb:l`,
  ),
  withRegistry(
    'annotations',
    sh`
    m create --insecure $R/l:2 $R/bb; m annotate $R/l:2 $R/bb; m annotate --os foo $R/l:2 $R/bb; m annotate --arch foo $R/l:2 $R/bb
    m annotate --arch arm --variant v7 --os-features a,b --os-features b,c --os-version 10.0 $R/l:2 $R/bb
    m annotate --os linux $R/l:2 $R/bb:arm; m inspect $R/l:2; m inspect -v $R/l:2 $R/bb; m rm $R/l:2`,
  ),
  withRegistry(
    'members that are none',
    sh`
    m create --insecure $R/l:3 $R/bb:both; m create --insecure $R/l:3 $R/bb:no; m create --insecure $R/l:3 $R/bb@${NOTHING}
    m inspect --insecure $R/l:3`,
  ),
  withRegistry(
    'members of another registry',
    sh`
    m create --insecure 127.0.0.1:9/l $R/bb; m inspect 127.0.0.1:9/l; m push 127.0.0.1:9/l; m rm 127.0.0.1:9/l`,
  ),
  withRegistry(
    'a list with a digest in its name',
    sh`
    m create --insecure $R/l:4@${NOTHING} $R/bb:arm; m push --insecure -p $R/l:4@${NOTHING}; m inspect --insecure $R/l:4`,
  ),
  withRegistry('half a list', sh`m create --insecure $R/l:5 $R/bb $R/bb:no; m rm $R/l:5`, {
    differs: {
      why: 'a list that could not be made is not kept with some of its members',
      stdout: ['= 1', '= 1'],
      stderr: ['no such manifest: REG/bb:no', 'No such manifest: REG/l:5'],
    },
  }),
  withRegistry('without a word of insecurity', sh`m create $R/l:6 $R/bb; m rm $R/l:6`, {
    differs: {
      why: LOOPBACK,
      stdout: ['Created manifest list REG/l:6', '= 0', '= 0'],
      stderr: [],
    },
  }),
  plain(
    'imagetools: too few and too many',
    sh`
    code docker buildx imagetools inspect; code docker buildx imagetools inspect a b; code docker buildx imagetools create
    code docker buildx imagetools create a; code docker buildx imagetools create --dry-run; code docker buildx imagetools create --nosuch
    code docker buildx imagetools create --dry-run=x a`,
  ),
  plain(
    'imagetools: bad names and files',
    sh`
    code docker buildx imagetools inspect UPPER; code docker buildx imagetools create -t UPPER a; code docker buildx imagetools create -t a UPPER
    code docker buildx imagetools create -t a sha256:12; code docker buildx imagetools create --dry-run ${NOTHING}
    code docker buildx imagetools create -t a -t b ${NOTHING}; code docker buildx imagetools create -t a -f /nosuch`,
  ),
  plain('imagetools: nobody is there', sh`code docker buildx imagetools inspect 127.0.0.1:9/x`, {
    phrases: ['ERROR: failed to do request: ', 'dial tcp 127.0.0.1:9: connect: connection refused'],
  }),
  withRegistry(
    'imagetools inspect',
    sh`
    i inspect $R/bb; i inspect $R/bb:both; i inspect --raw $R/bb:s2; i inspect $R/bb:no; i inspect $R/no; i inspect $R/bb@${NOTHING}
    i inspect --raw --format x $R/bb; i inspect --builder nosuch $R/bb; i inspect --builder default $R/bb:s2`,
  ),
  withRegistry(
    'imagetools inspect: templates',
    sh`
    i inspect --format '{{json .}}' $R/bb; i inspect --format '{{json .}}' $R/bb:both; i inspect --format '{{.Name}}' $R/bb
    i inspect --format '{{.Manifest.Digest}}' $R/bb; i inspect --format 'x{{.Manifest.Digest}}' $R/bb; i inspect --format '{{json .Image}}' $R/bb:s2
    i inspect --format '{{.Image}}' $R/bb; i inspect --format '{{range $p, $i := .Image}}{{$p}} {{$i.Config.Labels}}{{end}}' $R/bb:both
    i inspect --format '{{json .SBOM}} {{json .Provenance}} {{.SBOM}}' $R/bb`,
  ),
  withRegistry(
    'imagetools inspect: bad templates',
    sh`
    i inspect --format '{{' $R/bb; i inspect --format '{{.Nosuch}}' $R/bb; i inspect --format '{{.Nosuch}}' $R/bb:both
    i inspect --format '{{upper .Name}}' $R/bb; i inspect --format '{{.Image.Nosuch}}' $R/bb`,
  ),
  withRegistry(
    'imagetools create: a dry run',
    sh`
    i create --dry-run $R/bb; i create --dry-run $R/bb:s2 $R/bb; i create --dry-run $R/bb:s2; i create --dry-run $R/bb:both
    i create --dry-run $R/bb:both $R/bb $R/bb:s2; i create --dry-run $R/bb:no`,
  ),
  withRegistry(
    'imagetools create: digests and descriptors',
    sh`
    D=$(digest index); printf '{"digest":"%s","platform":{"os":"linux","architecture":"arm"},"annotations":{"a":"b"}}' $(digest manifest) >f
    printf $D >g; i create --dry-run -t $R/bb:x -f f; i create --dry-run -t $R/bb:x -f g -f f; i create --dry-run -t $R/bb:x $D $R/bb
    i create --dry-run -t $R/no:x $D`,
  ),
  withRegistry(
    'imagetools create: annotations',
    sh`
    for a in a=b index:a=b=c manifest-descriptor:a=b 'manifest-descriptor[linux/arm/v7]:a=b' index-descriptor:a=b foo:a=b nokey manifest:a=b 'a b=c'; do i create --dry-run --annotation "$a" $R/bb $R/bb:arm; done
    i create --dry-run --annotation index:a=b $R/bb:s2; i create --dry-run --annotation index:a=b $R/bb:both`,
  ),
  withRegistry(
    'imagetools create: names',
    sh`
    i create --progress quiet -t $R/n:1 $R/bb; i inspect $R/n:1; i create --progress quiet --append -t $R/n:1 -t $R/o $R/bb:arm; i inspect $R/o
    i create --append --progress quiet -t $R/n:no $R/bb; i create --progress quiet -t $R/n:2 $R/bb:both; i inspect --raw $R/n:2
    i create --progress foo -t $R/n:2 $R/bb; i create --progress tty -t $R/n:2 $R/bb`,
  ),
  withRegistry(
    'imagetools create: progress',
    sh`
    i create --progress plain -t $R/n:3 $R/bb:both 2>&1 | sed 's/ [0-9]*\.[0-9]*s*\( \|$\)/ T\1/'; i create -t $R/bb:4 $R/bb:both 2>&1 | sed 's/ [0-9]*\.[0-9]*s*\( \|$\)/ T\1/'`,
  ),
  plain('imagetools alone', sh`docker buildx imagetools >out 2>err; echo $?; wc -l <err`),
  plain(
    'what buildx does not know',
    sh`docker buildx imagetools nosuch >/dev/null; echo $?; docker buildx nosuch >/dev/null; echo $?`,
    {
      differs: {
        why: 'what is not there must not pass for done',
        stdout: ['1', '1'],
        stderr: [
          'ERROR: unknown command: "docker buildx imagetools nosuch"',
          "See 'docker buildx imagetools --help'.",
          'ERROR: unknown command: "docker buildx nosuch"',
          "See 'docker buildx --help'.",
        ],
      },
    },
  ),
])
