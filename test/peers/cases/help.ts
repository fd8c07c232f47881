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
  { name: 'version', script: `docker --version | grep -c version; docker -v | grep -c version` },
])
