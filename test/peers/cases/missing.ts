import { topic } from '../suite.ts'

/** Every command on what is not there, on a bad name and on nothing. */
const COMMANDS: [command: string, rest?: string][] = [
  ['attach'],
  ['commit'],
  ['diff'],
  ['exec', 'true'],
  ['export'],
  ['inspect'],
  ['kill'],
  ['logs'],
  ['pause'],
  ['port'],
  ['rename', 'y'],
  ['restart'],
  ['rm'],
  ['start'],
  ['stats', '--no-stream'],
  ['stop'],
  ['top'],
  ['unpause'],
  ['update', '--restart=no'],
  ['wait'],
]

export default topic(
  'missing',
  COMMANDS.map(([command, rest = '']) => ({
    name: command,
    script: [
      `docker container ${command} nosuch ${rest}; echo "= $?"`,
      `docker container ${command} 'a b' ${rest}; echo "= $?"`,
      // Stats of nothing are the stats of all, which never end.
      ...(command === 'stats' ? [] : [`docker container ${command}; echo "= $?"`]),
      `docker container ${command} --nosuch x; echo "= $?"`,
    ].join('\n'),
  })),
)
