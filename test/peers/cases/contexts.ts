import { sh, topic } from '../suite.ts'

/** Both have the same files then, and neither hears of an engine from elsewhere. */
const OWN = 'export DOCKER_CONFIG=$PWD/config; unset DOCKER_HOST DOCKER_CONTEXT'
const kept =
  'find config -type f | sort | while read -r f; do echo "$(stat -c %a $f) $(cat $f)"; done'
const make = 'docker context create one --docker host=tcp://a:1 >/dev/null 2>&1'
/** As `context use` of Docker's client leaves it: that of lighter has one engine. */
const use = 'printf \'{"currentContext":"one","psFormat":"{{.ID}}"}\' >config/config.json'
const each = (command: string, words: readonly string[]) =>
  words.map((word) => `code ${command.replace('WORD', word)}`).join('\n')

const script = (text: string) => `${OWN}\n${text}`

export default topic('contexts', [
  {
    name: 'create and update',
    script: script(sh`
      docker context create one --docker host=tcp://a:1 --description 'x <y> é'
      docker context create two --from one
      docker context create three --from one --description 3
      docker context create four --docker from=one
      docker context update one --docker host=ssh://b,skip-tls-verify=1
      docker context update two --description new
      docker context update three
      ${kept}
      docker context inspect one
      docker context ls -q`),
  },
  {
    name: 'names',
    script: script(
      each('docker context create "WORD" --docker host=tcp://a:1', [
        'default',
        '',
        'a/b',
        '../a',
        '.a',
        'a',
        'a b',
        'é',
        'a_b+c.d-e',
        'a_b+c.d-e',
      ]),
    ),
  },
  {
    name: 'what update, export and import refuse',
    script: script(sh`
      ${make}
      code docker context update default --description x
      code docker context update nosuch --description x
      code docker context update ''
      code docker context update one --docker from=nosuch
      code docker context export nosuch
      code docker context export a/b
      code docker context export one /nosuch/x
      code docker context import one /dev/null
      code docker context import default /dev/null
      code docker context import two nosuch
      code docker context import two /
      code docker context import two - </dev/null
      code docker context create two --from one --docker host=tcp://b
      code docker context create two --from nosuch`),
  },
  {
    name: 'addresses',
    script: script(
      each('docker context create nn --docker "host=WORD"', [
        ...['1.2.3.4', 'tcp://', 'fd://', 'x:1', 'npipe:////./pipe/x', 'ssh://u:p@h', 'ssh://'],
        ...['ssh://x?a=b', 'tcp://a b', 'tcp://%zz', 'tcp://[::1', ':2375', '1a://b', 'tcp://a:b'],
      ]),
    ),
  },
  {
    name: 'pairs',
    script: script(
      each("docker context create nn --docker 'WORD'", [
        ...['', 'host', '=x', 'foo=bar', 'host=tcp://a:1,foo=bar', 'host=tcp://a:1, ca=x', ','],
        ...['host=tcp://a:1,skip-tls-verify=yes', 'host=tcp://a:1,ca=nosuch', 'host=x,ca=/'],
      ]),
    ),
  },
  {
    name: 'remove',
    script: script(sh`
      ${make}; docker context create two --from one >/dev/null 2>&1
      ${use}
      code docker context rm nosuch default one two
      code docker context rm -f nosuch
      code docker context remove -f one
      grep -c currentContext config/config.json
      grep -c psFormat config/config.json
      ${make}
      code env DOCKER_CONTEXT=one docker context rm one
      code env DOCKER_CONTEXT=one docker context rm -f one
      ${make}; ${use}
      code env DOCKER_HOST=tcp://x docker context rm one
      find config -type f | sort`),
  },
  {
    name: 'export and import',
    script: script(sh`
      ${make}
      code docker context export one
      code docker context export one
      stat -c '%a %n' one.dockercontext
      code docker context import two one.dockercontext
      docker context export two - | docker context import three -
      tar -xOf one.dockercontext meta.json; echo
      ${kept}`),
  },
  {
    name: 'archives that lie',
    script: script(sh`
      mkdir tls; echo x >tls/a; echo x >a; echo '{}' >meta.json; echo '{"Name":5}' >wrong.json; echo x >'tls/b\c'
      pack() { rm -f x; tar -cPf x "$@"; code docker context import nn x 2>&1; find config -path '*/tls/*' 2>/dev/null; docker context rm -f nn >/dev/null; }
      pack a
      pack meta.json /etc/hostname
      pack meta.json tls/../a
      pack meta.json tls/a
      pack meta.json 'tls/b\c'
      pack --transform s,wrong,meta, wrong.json
      pack --transform s,^a,meta.json, a
      echo garbage >x; code docker context import nn x
      head -c 2000 /dev/zero | tr '\0' x >x; code docker context import nn x
      head -c 12000000 /dev/zero >tls/large; pack meta.json --transform s,large,docker/large, tls/large`),
  },
  {
    name: 'without what they need',
    script: script(
      each('docker context WORD', [
        ...['create', 'create a b', 'update', 'rm', 'export', 'export a b c', 'import a'],
        ...['create nn --nosuch', 'rm -x a', 'create nn --docker', 'update --from a b'],
      ]),
    ),
  },
])
