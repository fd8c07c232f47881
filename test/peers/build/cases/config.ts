import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

export default buildTopic('config', [
  {
    name: 'a base alone',
    dockerfile: file`
      FROM busybox
    `,
  },
  {
    name: 'nothing alone',
    dockerfile: file`
      FROM scratch
      LABEL a=b
      COPY f /
    `,
    files: sh`echo f >f`,
  },
  {
    name: 'ENV in all forms',
    dockerfile: file`
      FROM busybox
      ENV A=1 B="two words" C=three\ words D='$A' E="$A-\${B}"
      ENV F old form with   blanks
      ENV A=2 G=$A
      ENV H=$A I= J="" K="quo\"te" L='si"ngle'
    `,
  },
  {
    name: 'ENV replaces what the base has',
    dockerfile: file`
      FROM busybox
      ENV PATH=/opt/bin:$PATH
      ENV Z=1
      ENV PATH=/first:$PATH Z=2
    `,
  },
  {
    name: 'LABEL in all forms',
    dockerfile: file`
      FROM busybox
      LABEL a=1 "b c"="d e" f=g\ h
      LABEL i old form
      LABEL org.example.fixture=mine x.y/z-1="multi\
      line"
      ARG V=5
      ENV W=6
      LABEL v=$V w="\${W}" v='$V'
    `,
  },
  {
    name: 'labels of the command line win',
    dockerfile: file`
      FROM busybox
      LABEL a=1 b=2
    `,
    flags: '--label a=flag --label c=3 --label d',
  },
  {
    name: 'EXPOSE in all forms',
    dockerfile: file`
      FROM busybox
      ARG PORT=99
      EXPOSE 80 443/tcp 53/udp
      EXPOSE 8000-8003
      EXPOSE $PORT/TCP 80
      EXPOSE 7/sctp
    `,
  },
  {
    name: 'VOLUME in both forms',
    dockerfile: file`
      FROM busybox
      ARG D=/from/arg
      VOLUME /a /b
      VOLUME ["/c d", "/e"]
      VOLUME $D
    `,
  },
  {
    name: 'files below a volume stay',
    dockerfile: file`
      FROM busybox
      RUN mkdir /data && echo before >/data/before
      VOLUME /data
      RUN echo after >/data/after
      COPY f /data/
    `,
    files: sh`echo copied >f`,
  },
  {
    name: 'USER and what it expands',
    dockerfile: file`
      FROM busybox
      ARG U=app
      USER $U
      RUN id -u >/tmp/first
      USER 1234:\${U}
      RUN id -u >/tmp/second; id -g >>/tmp/second
    `,
  },
  {
    name: 'WORKDIR relative, absolute, with variables',
    dockerfile: file`
      FROM busybox
      ENV D=deep
      WORKDIR /a
      WORKDIR b/../c
      WORKDIR $D/\${NOSUCH:-er}
      RUN pwd >where
      WORKDIR ..
      COPY f .
    `,
    files: sh`echo f >f`,
  },
  {
    name: 'WORKDIR is made as root, whatever the user is',
    dockerfile: file`
      FROM busybox
      USER app
      WORKDIR /home/app/one/two
      WORKDIR /etc
    `,
  },
  {
    name: 'WORKDIR through a link',
    dockerfile: file`
      FROM busybox
      RUN mkdir /real && ln -s /real /link
      WORKDIR /link/new
      RUN echo x >f
    `,
  },
  {
    name: 'WORKDIR with a blank and a slash behind',
    dockerfile: file`
      FROM busybox
      WORKDIR /with blank/
      WORKDIR "quoted"
      RUN pwd >f
    `,
  },
  {
    name: 'WORKDIR in nothing',
    dockerfile: file`
      FROM scratch
      WORKDIR /only/this
    `,
  },
  {
    name: 'WORKDIR without a slash in nothing',
    dockerfile: file`
      FROM scratch
      WORKDIR a/b
    `,
  },
  {
    name: 'CMD and ENTRYPOINT as lists',
    dockerfile: file`
      FROM busybox
      ENTRYPOINT ["echo", "one two", "$NOT"]
      CMD ["three", "\u00e4\n"]
    `,
  },
  {
    name: 'CMD and ENTRYPOINT as text',
    dockerfile: file`
      FROM busybox
      ENTRYPOINT echo   $HOME  "a b"
      CMD exec sleep 1
    `,
  },
  {
    name: 'ENTRYPOINT takes the CMD of the base away',
    dockerfile: file`
      FROM busybox
      ENTRYPOINT ["/bin/echo"]
    `,
  },
  {
    name: 'CMD before ENTRYPOINT stays',
    dockerfile: file`
      FROM busybox
      CMD ["a"]
      ENTRYPOINT ["/bin/echo"]
    `,
  },
  {
    name: 'the last CMD and ENTRYPOINT',
    dockerfile: file`
      FROM busybox
      CMD ["a"]
      CMD ["b"]
      ENTRYPOINT []
      CMD []
    `,
  },
  {
    name: 'JSON that is none becomes text',
    dockerfile: file`
      FROM busybox
      CMD ['single', 'quotes']
      ENTRYPOINT ["a", b]
    `,
  },
  {
    name: 'SHELL',
    dockerfile: file`
      FROM busybox
      SHELL ["/bin/sh", "-e", "-c"]
      RUN false || true; echo $- >/flags
      CMD echo x
      ENTRYPOINT echo y
      SHELL ["/bin/busybox", "ash", "-c"]
      RUN echo z >/z
    `,
  },
  {
    name: 'SHELL does not reach the next stage',
    dockerfile: file`
      FROM busybox AS a
      SHELL ["/bin/sh", "-x", "-c"]
      FROM busybox
      CMD echo x
    `,
  },
  {
    name: 'SHELL reaches the stage on top',
    dockerfile: file`
      FROM busybox AS a
      SHELL ["/bin/sh", "-x", "-c"]
      FROM a
      CMD echo x
    `,
  },
  {
    name: 'HEALTHCHECK with all options',
    dockerfile: file`
      FROM busybox
      HEALTHCHECK --interval=5m --timeout=3s --start-period=1m30s --start-interval=500ms --retries=4 CMD wget -q localhost || exit 1
    `,
  },
  {
    name: 'HEALTHCHECK as a list',
    dockerfile: file`
      FROM busybox
      HEALTHCHECK CMD ["true", "$A"]
    `,
  },
  {
    name: 'HEALTHCHECK NONE',
    dockerfile: file`
      FROM busybox
      HEALTHCHECK CMD true
      HEALTHCHECK NONE
    `,
  },
  {
    name: 'STOPSIGNAL',
    dockerfile: file`
      FROM busybox
      ARG S=QUIT
      STOPSIGNAL SIG$S
      STOPSIGNAL 9
      STOPSIGNAL SIGRTMIN+3
    `,
  },
  {
    name: 'MAINTAINER',
    dockerfile: file`
      FROM busybox
      MAINTAINER Some One <some@example.org>
      ENV A=1
    `,
  },
  {
    name: 'ONBUILD is kept',
    dockerfile: file`
      FROM busybox
      ONBUILD RUN echo $A >/onbuild
      ONBUILD COPY . /src
      onbuild env A=1
    `,
  },
  {
    name: 'ONBUILD is done in the image on top',
    dockerfile: file`
      FROM peer-onbuild
      RUN echo after >>/order
    `,
    files: sh`echo f >f`,
    before: sh`printf 'FROM busybox\nONBUILD ARG A=1\nONBUILD RUN echo first $A >/order\nONBUILD COPY f /src/\nONBUILD WORKDIR /src\nONBUILD CMD ["x"]\n' | docker build -t peer-onbuild -`,
  },
  {
    name: 'ONBUILD of a stage',
    dockerfile: file`
      FROM busybox AS base
      ONBUILD RUN echo from base >/f
      RUN test ! -e /f
      FROM base
      RUN cat /f >/g
    `,
  },
  {
    name: 'the default PATH of an image without one',
    dockerfile: file`
      FROM busybox AS b
      FROM scratch
      COPY --from=b /bin/busybox /bin/sh
      RUN echo $PATH >/path
    `,
  },
  {
    name: 'history of everything',
    dockerfile: file`
      FROM busybox
      ARG A=1 B
      ENV C=$A
      LABEL d=$C
      RUN echo $A
      run ["echo", "$A", "x y"]
      WORKDIR /w
      USER app
      COPY --chown=app f /
      ADD f /g
      EXPOSE 1
      VOLUME /v
      STOPSIGNAL TERM
      CMD x
    `,
    files: sh`echo f >f`,
    flags: '--build-arg B=2',
  },
  {
    name: 'history of long and continued lines',
    dockerfile: file`
      FROM busybox
      RUN echo a && \
          # not this
          echo b \
            && echo "c   d" \

          && echo e
      ENV A=1 \
          B=2
    `,
  },
])
