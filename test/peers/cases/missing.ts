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

/** Those that take a name as it is written, and others that do not. */
const ELSEWHERE = [
  'ps -a --filter before=/nosuch',
  'network connect bridge /nosuch',
  'network disconnect bridge /nosuch',
  'create --volumes-from /nosuch busybox',
  'create --pid container:/nosuch busybox',
  'inspect /nosuch',
  'rm -f /nosuch',
  'stop //nosuch',
]

export default topic('missing', [
  {
    name: 'a name with a slash before it',
    script: [
      ...COMMANDS.map(([command, rest = '']) => `container ${command} /nosuch ${rest}`),
      ...ELSEWHERE,
    ]
      .map((words) => `docker ${words}; echo "= $?"`)
      .join('\n'),
  },
  {
    name: 'slashes before the name of one that is there',
    script: 'box px; docker stop -t 0 //px; docker start /px; docker rm -f ///px',
  },
  ...COMMANDS.map(([command, rest = '']) => ({
    name: command,
    script: [
      `docker container ${command} nosuch ${rest}; echo "= $?"`,
      `docker container ${command} 'a b' ${rest}; echo "= $?"`,
      // Stats of nothing are the stats of all, which never end.
      ...(command === 'stats' ? [] : [`docker container ${command}; echo "= $?"`]),
      `docker container ${command} --nosuch x; echo "= $?"`,
    ].join('\n'),
  })),
])
