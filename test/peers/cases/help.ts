import { topic } from '../suite.ts'

const COMMANDS =
  'attach commit cp create diff exec export inspect kill logs ls pause port prune rename restart rm run start stats stop top unpause update wait'

/** The texts are our own; that there is one, where it is written and the code are not. */
export default topic('help', [
  ...['--help', '-h'].map((flag) => ({
    name: `of container commands by ${flag}`,
    script: `for c in ${COMMANDS}; do docker container $c ${flag} >out 2>err; echo "$c $? $(grep -c ^Usage: out) $(grep -c ^Usage: err)"; done`,
  })),
  {
    name: 'of other commands',
    script: `for c in 'import' 'events' 'inspect' 'system info' 'system df' 'system prune' 'system events' 'container' 'system' ''; do docker $c --help >out 2>err; echo "$c $? $(grep -c ^Usage: out) $(wc -l <err)"; done`,
  },
  {
    name: 'help as a command',
    script: `for c in run ps 'container ls' nosuch; do docker help $c >out 2>err; echo "$c $? $(grep -c ^Usage: out)"; done`,
  },
  {
    name: 'groups without a command',
    script: `for c in container system; do docker $c >out 2>err; echo "$c $? $(grep -c ^Usage: out) $(grep -c ^Usage: err)"; done`,
  },
  {
    name: 'a command of a group that is none',
    script: `docker container nosuch >out 2>err; echo "$? $(grep -c ^Usage: out) $(grep -c ^Usage: err)"`,
  },
  {
    name: 'an unknown flag in front',
    script: `docker --nosuch ps >out 2>err; echo "= $?"; cat out; head -2 err`,
  },
  ...[
    ...['network', 'container', 'volume', 'system'].flatMap((group) =>
      ['nosuch -h', 'nosuch -x', 'nosuch --help', '--nosuch', '-h nosuch'].map(
        (rest) => `${group} ${rest}`,
      ),
    ),
    ...['nosuch --x=y', 'nosuch -xh', 'nosuch -h -x', '--', 'nosuch --', '-- -x', '--help ls'].map(
      (rest) => `network ${rest}`,
    ),
    ...['nosuch --help', 'nosuch -h', 'nosuch -x', 'nosuch -- -x', '-x', '-H', '--config'],
    ...['--help nosuch', '--help network', '--help network ls', '-h network', 'constructor'],
    ...['help network nosuch', 'help network ls nosuch', '--log-level nosuch ps'],
  ].map((line) => ({
    name: `no command: ${line}`,
    script: `docker ${line} >out 2>err; echo "= $?"; grep -e ^Flag -e ^Usage: out; echo; grep -v '^  ' err | head -4`,
  })),
  { name: 'version', script: `docker --version | grep -c version; docker -v | grep -c version` },
])
