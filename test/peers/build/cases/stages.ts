import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

const STAGES = file`
  FROM busybox AS base
  RUN echo base >/base
  FROM base AS left
  RUN echo left >/left
  FROM base AS right
  RUN echo right >/right
  FROM busybox AS broken
  RUN false
  FROM left
  COPY --from=right /right /
  CMD ["last"]
`

export default buildTopic('stages', [
  { name: 'what is not needed is not built', dockerfile: STAGES },
  { name: 'a target', dockerfile: STAGES, flags: '--target left' },
  { name: 'a target by number', dockerfile: STAGES, flags: '--target 2' },
  { name: 'a target in capitals', dockerfile: STAGES, flags: '--target RIGHT' },
  { name: 'a target that is broken', dockerfile: STAGES, flags: '--target broken' },
  { name: 'a target that is not there', dockerfile: STAGES, flags: '--target nosuch' },
  { name: 'a target by a number that is too high', dockerfile: STAGES, flags: '--target 9' },
  {
    name: 'configuration goes up, arguments do not',
    dockerfile: file`
      FROM busybox AS a
      ARG A=1
      ENV E=e
      LABEL l=1
      WORKDIR /w
      USER app
      ENTRYPOINT ["e"]
      CMD ["c"]
      EXPOSE 1
      FROM a AS b
      ENV F=$E$A
      EXPOSE 2
      FROM b
      CMD ["d"]
    `,
  },
  {
    name: 'a stage called as an image',
    dockerfile: file`
      FROM busybox AS busybox
      RUN echo mine >/mine
      FROM busybox
      RUN cat /mine >/got
    `,
  },
  {
    name: 'two stages of one name',
    dockerfile: file`
      FROM busybox AS x
      RUN echo 1 >/f
      FROM busybox AS x
      RUN echo 2 >/f
      FROM x
      COPY --from=x /f /g
    `,
  },
  {
    name: 'a stage copies from itself',
    dockerfile: file`
      FROM busybox AS a
      RUN echo x >/f
      COPY --from=a /f /g
    `,
  },
  {
    name: 'a number of itself',
    dockerfile: file`
      FROM busybox
      COPY --from=0 /etc/passwd /g
    `,
  },
  {
    name: 'a number that is not there',
    dockerfile: file`
      FROM busybox
      COPY --from=5 /etc/passwd /g
    `,
  },
  {
    name: 'a name that is none',
    dockerfile: file`
      FROM busybox AS 1st
      RUN true
    `,
  },
  {
    name: 'odd names',
    dockerfile: file`
      FROM busybox AS a.b-c_d
      RUN echo x >/x
      FROM scratch
      COPY --from=a.b-c_d /x /
    `,
  },
  {
    name: 'FROM with too many words',
    dockerfile: file`
      FROM busybox AS a b
    `,
  },
  {
    name: 'FROM with another word',
    dockerfile: file`
      FROM busybox IS a
    `,
  },
  {
    name: 'FROM with a name from an argument',
    dockerfile: file`
      ARG STAGE=two
      FROM busybox AS one
      RUN echo 1 >/f
      FROM busybox AS two
      RUN echo 2 >/f
      FROM \${STAGE}
      RUN cat /f >/g
    `,
    flags: '--build-arg STAGE=one',
  },
  {
    name: 'a platform that is the own one',
    dockerfile: file`
      FROM --platform=linux/amd64 busybox
      ARG TARGETPLATFORM
      RUN echo $TARGETPLATFORM >/p
    `,
    flags: '--platform linux/amd64',
  },
  {
    name: 'a platform that is none',
    dockerfile: file`
      FROM --platform=a/b/c/d busybox
    `,
  },
  {
    name: 'a platform from an argument that is empty',
    dockerfile: file`
      FROM --platform=$NOSUCH busybox
    `,
  },
  {
    name: 'a result of another platform with nothing to run',
    dockerfile: file`
      FROM scratch
      COPY f /
      ARG TARGETARCH
      ENV A=$TARGETARCH
    `,
    files: sh`echo f >f`,
    flags: '--platform linux/arm64/v8',
  },
  {
    name: 'the Dockerfile from standard input',
    dockerfile: file`
      FROM busybox
      COPY f /
    `,
    files: sh`echo f >f`,
    build: sh`mv context/Dockerfile x; docker build -t built -f - context <x`,
  },
  {
    name: 'a Dockerfile without a context',
    dockerfile: file`
      FROM busybox
      RUN echo x >/x
    `,
    build: sh`docker build -t built - <context/Dockerfile`,
  },
  {
    name: 'a context from standard input',
    dockerfile: file`
      FROM busybox
      COPY . /all/
    `,
    files: sh`mkdir d; echo f >d/f; ln -s d/f l; chmod 751 d; echo d/x >.dockerignore; echo x >d/x`,
    build: sh`tar -C context --owner=7 --group=8 -cz . | docker build -t built -`,
  },
  {
    name: 'a context from standard input with another Dockerfile',
    dockerfile: file`
      FROM busybox
      RUN false
    `,
    files: sh`mkdir d; printf 'FROM busybox\nCOPY f /\n' >d/My; echo f >f`,
    build: sh`tar -C context --owner=0 --group=0 -c . | docker build -t built -f d/My -`,
  },
  {
    name: 'a Dockerfile outside of the context',
    dockerfile: file`
      FROM busybox
      COPY . /all/
    `,
    files: sh`mkdir sub; echo f >sub/f`,
    build: sh`docker build -t built -f context/Dockerfile context/sub`,
  },
  {
    name: 'a context over HTTP',
    dockerfile: file`
      FROM busybox
      COPY f /
    `,
    before: sh`mkdir www; echo f >context/f; tar -C context --owner=0 --group=0 -czf www/c.tar.gz .; serve`,
    build: sh`docker build -t built $server/c.tar.gz`,
  },
  {
    name: 'a Dockerfile over HTTP',
    dockerfile: file`
      FROM busybox
      RUN echo x >/x
    `,
    before: sh`mkdir www; cp context/Dockerfile www/D; serve`,
    build: sh`docker build -t built $server/D`,
  },
])
