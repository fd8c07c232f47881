import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

const NEW = `cat /proc/sys/kernel/random/uuid`

/** Builds twice, with a change between: does the step that makes something new run again? */
const twice = (
  name: string,
  dockerfile: string,
  change: string,
  more: { files?: string; first?: string; second?: string } = {},
) => ({
  name,
  dockerfile: `${dockerfile}# ${name}\n`,
  files: more.files ?? sh`echo f >f`,
  before: `docker build -t peer-first ${more.first ?? ''} context`,
  build: `${change || ':'}; docker build -t peer-second ${more.second ?? ''} context && printf 'FROM busybox\\nCOPY --from=peer-second /same /\\n' | docker build -t built - 2>/dev/null`,
  after: `for image in peer-first peer-second; do docker run --rm $image cat /new; done | uniq | wc -l`,
})

const FILE = file`
  FROM busybox
  COPY f /f
  RUN ${NEW} >/new; echo same >/same
`

export default buildTopic('cache', [
  twice('nothing changed', FILE, ''),
  twice('a new time of a file', FILE, 'touch context/f'),
  twice('a new content', FILE, 'echo g >context/f'),
  twice('a new mode', FILE, 'chmod 755 context/f'),
  twice('a file that nobody copies', FILE, 'echo x >context/other'),
  twice('a file that is ignored', FILE.replace('COPY f', 'COPY .'), 'echo y >context/i', {
    files: sh`echo f >f; echo x >i; echo i >.dockerignore`,
  }),
  twice(
    'a new name below a directory',
    file`
      FROM busybox
      COPY d /d
      RUN ${NEW} >/new; echo same >/same
    `,
    'mv context/d/a context/d/b',
    { files: sh`mkdir d; echo a >d/a` },
  ),
  twice(
    'another file with what a wildcard finds',
    file`
      FROM busybox
      COPY *.txt /d/
      RUN ${NEW} >/new; echo same >/same
    `,
    'echo b >context/b.txt',
    { files: sh`echo a >a.txt` },
  ),
  twice('no cache', FILE, '', { second: '--no-cache' }),
  twice(
    'an argument that is used',
    file`
      FROM busybox
      ARG A
      RUN ${NEW} >/new; echo same >/same
    `,
    '',
    { first: '--build-arg A=1', second: '--build-arg A=2' },
  ),
  twice(
    'an argument that comes later',
    file`
      FROM busybox
      RUN ${NEW} >/new; echo same >/same
      ARG A
    `,
    '',
    { first: '--build-arg A=1', second: '--build-arg A=2' },
  ),
  twice(
    'an argument nobody wants',
    file`
      FROM busybox
      RUN ${NEW} >/new; echo same >/same
    `,
    '',
    { first: '--build-arg A=1', second: '--build-arg A=2' },
  ),
  twice(
    'a proxy',
    file`
      FROM busybox
      RUN ${NEW} >/new; echo same >/same
    `,
    '',
    { first: '--build-arg http_proxy=http://a:1', second: '--build-arg http_proxy=http://b:1' },
  ),
  twice(
    'a label before and an ENV',
    file`
      FROM busybox
      LABEL a=1
      RUN ${NEW} >/new; echo same >/same
    `,
    'sed -i s/a=1/a=2/ context/Dockerfile',
  ),
  twice(
    'another ENV',
    file`
      FROM busybox
      ENV A=1
      RUN ${NEW} >/new; echo same >/same
    `,
    'sed -i s/A=1/A=2/ context/Dockerfile',
  ),
  twice(
    'another secret',
    file`
      FROM busybox
      RUN --mount=type=secret,id=s ${NEW} >/new; echo same >/same
    `,
    'echo 2 >secret',
    {
      files: sh`echo 1 >../secret`,
      first: '--secret id=s,src=secret',
      second: '--secret id=s,src=secret',
    },
  ),
  twice(
    'a file of a bind mount that changes',
    file`
      FROM busybox
      RUN --mount=type=bind,source=f,target=/m ${NEW} >/new; echo same >/same
    `,
    'echo g >context/f',
  ),
  twice(
    'a file beside a bind mount that changes',
    file`
      FROM busybox
      RUN --mount=type=bind,source=d,target=/m ${NEW} >/new; echo same >/same
    `,
    'echo g >context/f',
    { files: sh`mkdir d; echo f >f` },
  ),
  twice(
    'comments and blanks of a Dockerfile',
    file`
      FROM busybox
      RUN ${NEW} >/new; \
        echo same >/same
    `,
    "sed -i '1i # new' context/Dockerfile",
  ),
  twice(
    'another name of a stage',
    file`
      FROM busybox AS one
      RUN ${NEW} >/new; echo same >/same
    `,
    'sed -i s/one/two/ context/Dockerfile',
  ),
  twice(
    'a stage with the same result',
    file`
      FROM busybox AS one
      RUN echo x >/x # 1
      FROM busybox
      COPY --from=one /x /x
      RUN ${NEW} >/new; echo same >/same
    `,
    "sed -i 's/# 1/# 2/' context/Dockerfile",
  ),
  twice(
    'another user before',
    file`
      FROM busybox
      USER 0
      WORKDIR /
      RUN ${NEW} >/new; echo same >/same
    `,
    'sed -i s/0$/0:0/ context/Dockerfile',
  ),
  twice('only one stage anew', FILE.replace('busybox', 'busybox AS one'), '', {
    second: '--no-cache-filter one',
  }),
  twice(
    'another order of what does not matter',
    file`
      FROM busybox
      EXPOSE 80
      CMD ["x"]
      RUN ${NEW} >/new; echo same >/same
    `,
    'sed -i /EXPOSE/d context/Dockerfile',
  ),
  {
    name: 'one step of two stages runs once',
    dockerfile: file`
      FROM busybox AS one
      RUN ${NEW} >/once
      FROM busybox AS two
      RUN ${NEW} >/once
      FROM busybox
      COPY --from=one /once /1
      COPY --from=two /once /2
      RUN cmp /1 /2 && rm /1 /2
    `,
  },
  {
    name: 'the same image twice',
    dockerfile: FILE,
    files: sh`echo f >f`,
    before: sh`docker build -t peer-first context`,
    build: sh`docker build -t peer-second context; printf 'FROM busybox\nRUN true\n' >context/Dockerfile; docker build -t built --label a=b context`,
    after: sh`compare $(id peer-first) $(id peer-second)`,
  },
])
