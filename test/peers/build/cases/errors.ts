import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

const COPY = file`
  FROM busybox
  COPY f /
`

export default buildTopic('errors', [
  { name: 'COPY of a missing file', dockerfile: COPY },
  {
    name: 'COPY of two missing files',
    dockerfile: file`
      FROM busybox
      COPY x y /to/
    `,
  },
  {
    name: 'COPY of a missing wildcard',
    dockerfile: file`
      FROM busybox
      COPY x* /to/
    `,
  },
  {
    name: 'COPY of a missing file of a stage',
    dockerfile: file`
      FROM busybox AS s
      FROM busybox
      COPY --from=s /nosuch /
    `,
  },
  {
    name: 'COPY from an empty stage',
    dockerfile: file`
      FROM scratch AS s
      FROM busybox
      COPY --from=s /nosuch /
    `,
  },
  {
    name: 'COPY of a link that leaves the context',
    dockerfile: file`
      FROM busybox
      COPY up/etc/hostname /
    `,
    files: sh`ln -s / up`,
  },
  {
    name: 'COPY of several files to one name',
    dockerfile: file`
      FROM busybox
      COPY a b /to
    `,
    files: sh`echo a >a; echo b >b`,
  },
  {
    name: 'COPY of many that a wildcard finds to one name',
    dockerfile: file`
      FROM busybox
      COPY * /to
    `,
    files: sh`echo a >a; echo b >b`,
  },
  {
    name: 'COPY onto a file as if it were a directory',
    dockerfile: file`
      FROM busybox
      COPY f /etc/passwd/
    `,
    files: sh`echo f >f`,
    phrases: ['not a directory'],
  },
  {
    name: 'COPY below a file',
    dockerfile: file`
      FROM busybox
      COPY f /etc/passwd/x
    `,
    files: sh`echo f >f`,
    phrases: ['not a directory'],
  },
  {
    name: 'a wildcard that is wrong',
    dockerfile: file`
      FROM busybox
      COPY [a /to/
    `,
    files: sh`echo f >f`,
  },
  {
    name: '--chown of an unknown user',
    dockerfile: file`
      FROM busybox
      COPY --chown=nosuch f /
    `,
    files: sh`echo f >f`,
  },
  {
    name: '--chown of an unknown group',
    dockerfile: file`
      FROM busybox
      COPY --chown=app:nosuch f /
    `,
    files: sh`echo f >f`,
  },
  {
    name: '--chown by name in nothing',
    dockerfile: file`
      FROM scratch
      COPY --chown=app f /
    `,
    files: sh`echo f >f`,
  },
  {
    name: '--chmod that is no mode',
    dockerfile: file`
      FROM busybox
      COPY --chmod=999 f /
    `,
    files: sh`echo f >f`,
  },
  {
    name: 'an image that is not there',
    dockerfile: file`
      FROM 127.0.0.1:1/nosuch
    `,
    phrases: ['<server>/nosuch: ', 'connection refused'],
  },
  {
    name: 'a name that is no image',
    dockerfile: file`
      FROM Busy//box
    `,
  },
  {
    name: 'an ARG without a value in FROM',
    dockerfile: file`
      ARG BASE
      FROM $BASE
    `,
  },
  {
    name: 'an ARG of a stage in FROM',
    dockerfile: file`
      FROM busybox AS a
      ARG B=busybox
      FROM $B
    `,
  },
  {
    name: 'a tag without a value in FROM',
    dockerfile: file`
      FROM busybox:$NOSUCH
    `,
  },
  {
    name: 'COPY --from with a variable',
    dockerfile: file`
      FROM busybox AS s
      ARG S=s
      FROM busybox
      COPY --from=$S /etc/passwd /x
    `,
  },
  {
    name: 'COPY --from of nothing',
    dockerfile: file`
      FROM busybox
      COPY --from= /etc/passwd /x
    `,
  },
  {
    name: 'scratch as a source',
    dockerfile: file`
      FROM busybox
      COPY --from=scratch / /x
    `,
  },
  {
    name: 'no Dockerfile',
    dockerfile: '',
    files: sh`rm Dockerfile`,
  },
  {
    name: 'a Dockerfile that is a directory',
    dockerfile: '',
    files: sh`rm Dockerfile; mkdir Dockerfile`,
    phrases: ['is a directory'],
  },
  {
    name: 'a Dockerfile in small letters is found',
    dockerfile: COPY,
    files: sh`echo f >f; mv Dockerfile dockerfile`,
  },
  {
    name: 'a Dockerfile that is a link',
    dockerfile: COPY,
    files: sh`echo f >f; mkdir d; mv Dockerfile d/real; ln -s d/real Dockerfile`,
  },
  {
    name: '-f of a file that is not there',
    dockerfile: COPY,
    flags: '-f context/nosuch',
  },
  {
    name: 'a context that is not there',
    dockerfile: COPY,
    build: sh`docker build -t built nosuch`,
  },
  {
    name: 'a context that is a file',
    dockerfile: COPY,
    build: sh`docker build -t built context/Dockerfile`,
  },
  {
    name: 'no context',
    dockerfile: COPY,
    build: sh`docker build -t built`,
  },
  {
    name: 'a context from standard input that is empty',
    dockerfile: COPY,
    build: sh`docker build -t built - </dev/null`,
  },
  {
    name: 'two things from standard input',
    dockerfile: COPY,
    build: sh`docker build -t built -f - - <context/Dockerfile`,
  },
  {
    name: 'a tag that is none',
    dockerfile: COPY,
    build: sh`docker build -t Bad_Name: context`,
  },
  {
    name: 'a named context that is not there',
    dockerfile: file`
      FROM busybox
      COPY --from=other f /
    `,
    flags: '--build-context other=/no/such/dir',
  },
  {
    name: 'a named context without a value',
    dockerfile: COPY,
    flags: '--build-context other',
  },
  {
    name: 'a secret without a name',
    dockerfile: COPY,
    flags: '--secret src=x',
  },
  {
    name: 'an output nobody knows',
    dockerfile: COPY,
    files: sh`echo f >f`,
    flags: '--output type=nosuch',
  },
  {
    name: 'a host without an address',
    dockerfile: COPY,
    files: sh`echo f >f`,
    flags: '--add-host nosuch',
  },
  {
    name: 'a platform of the command line that is none',
    dockerfile: COPY,
    files: sh`echo f >f`,
    flags: '--platform a/b/c/d/e',
  },
  {
    name: 'a stage that is needed fails while others go on',
    dockerfile: file`
      FROM busybox AS a
      RUN sleep 0.2; echo a >/a
      FROM busybox AS b
      RUN exit 7
      FROM scratch
      COPY --from=a /a /
      COPY --from=b /b /
    `,
  },
  {
    name: 'WORKDIR below a file',
    dockerfile: file`
      FROM busybox
      WORKDIR /etc/passwd/x
    `,
    phrases: ['not a directory'],
  },
  {
    name: 'an exclusion of a Dockerfile that is outside',
    dockerfile: COPY,
    build: sh`docker build -t built -f /no/such/Dockerfile context`,
  },
])
