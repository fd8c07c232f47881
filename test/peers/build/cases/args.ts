import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

/** Each of these expands inside ENV, which every test can see. */
export default buildTopic('args', [
  {
    name: 'default and given values',
    dockerfile: file`
      FROM busybox
      ARG A
      ARG B=default
      ARG C=default
      ARG D=$C-$B
      ARG E="two words" F='$B'
      RUN echo "\${A-unset} $B $C $D $E $F" >/out
    `,
    flags: '--build-arg C=given',
  },
  {
    name: 'ARG of no stage',
    dockerfile: file`
      ARG TAG=latest
      ARG OTHER=$TAG-x
      FROM busybox:$TAG
      RUN echo "[$TAG]" >/before
      ARG TAG
      ARG OTHER
      RUN echo "[$TAG] [$OTHER]" >/after
    `,
  },
  {
    name: 'names of variables, and values of the same instruction',
    dockerfile: file`
      FROM busybox
      ENV N=NAME
      ARG A=one V=$A-v "Q"=3
      ARG A=2 W=$A
      ARG $N \${N}_X=x
      RUN env | grep -E '^(A|V|Q|W|NAME.*)=' | sort >/out
    `,
    flags: '--build-arg NAME=given --build-arg NAME_X=too',
  },
  {
    name: 'ARG of no stage with a new default',
    dockerfile: file`
      ARG A=global
      FROM busybox
      ARG A=local
      RUN echo $A >/a
    `,
  },
  {
    name: 'a given value wins over both',
    dockerfile: file`
      ARG A=global
      FROM busybox
      ARG A=local
      RUN echo $A >/a
    `,
    flags: '--build-arg A=given',
  },
  {
    name: 'ARG ends with its stage',
    dockerfile: file`
      FROM busybox AS one
      ARG A=1
      ENV E=1
      FROM busybox AS two
      RUN echo "[$A] [$E]" >/two
      FROM one
      COPY --from=two /two /
      RUN echo "[$A] [$E]" >/three
    `,
  },
  {
    name: 'ENV wins over ARG',
    dockerfile: file`
      FROM busybox
      ARG A=arg
      ENV A=env
      ARG A=again
      RUN echo $A >/a
      ENV B=$A
    `,
    flags: '--build-arg A=given',
  },
  {
    name: 'values from the environment of the caller',
    dockerfile: file`
      FROM busybox
      ARG A=default
      ARG B=default
      ARG C=default
      RUN echo "$A $B $C" >/out
    `,
    build: sh`export A=there C=; unset B; docker build -t built --build-arg A --build-arg B --build-arg C context`,
  },
  {
    name: 'an argument nobody wants',
    dockerfile: file`
      FROM busybox
      RUN echo "\${NOSUCH-unset}" >/out
    `,
    flags: '--build-arg NOSUCH=1',
  },
  {
    name: 'predefined arguments are there without history',
    dockerfile: file`
      FROM busybox
      RUN echo "$HTTP_PROXY $http_proxy $NO_PROXY $ALL_PROXY" >/out
    `,
    flags:
      '--build-arg HTTP_PROXY=http://p:1 --build-arg no_proxy=x --build-arg ALL_PROXY=socks5://q:1',
  },
  {
    name: 'predefined arguments that are asked for',
    dockerfile: file`
      FROM busybox
      ARG HTTP_PROXY
      RUN echo "$HTTP_PROXY" >/out
    `,
    flags: '--build-arg HTTP_PROXY=http://p:1',
  },
  {
    name: 'arguments of the platform',
    dockerfile: file`
      FROM --platform=$BUILDPLATFORM busybox
      RUN echo "[$TARGETPLATFORM]" >/unasked
      ARG TARGETPLATFORM TARGETOS TARGETARCH TARGETVARIANT BUILDPLATFORM BUILDOS BUILDARCH BUILDVARIANT TARGETSTAGE
      RUN echo "[$TARGETPLATFORM] [$TARGETOS] [$TARGETARCH] [$TARGETVARIANT] [$BUILDPLATFORM] [$BUILDOS] [$BUILDARCH] [$BUILDVARIANT]" >/asked
    `,
  },
  {
    name: 'a default for an argument of the platform',
    dockerfile: file`
      FROM busybox
      ARG TARGETARCH=other
      ARG TARGETOS=windows
      RUN echo "$TARGETARCH $TARGETOS" >/out
    `,
  },
  {
    name: 'an ARG before the line that uses it only',
    dockerfile: file`
      FROM busybox
      RUN echo "[$A]" >/before
      ARG A=1
      RUN echo "[$A]" >/after
    `,
    flags: '--build-arg A=2',
  },
  {
    name: 'FROM with default and alternative',
    dockerfile: file`
      ARG EMPTY=
      FROM \${IMAGE:-busybox}\${EMPTY:+x} AS one
      FROM one
      RUN echo ok >/ok
    `,
  },
  {
    name: 'default, alternative and required',
    dockerfile: file`
      FROM busybox
      ARG SET=value EMPTY=
      ENV A=\${SET:-d} B=\${EMPTY:-d} C=\${NOSUCH:-d}
      ENV D=\${SET-d} E=\${EMPTY-d} F=\${NOSUCH-d}
      ENV G=\${SET:+a} H=\${EMPTY:+a} I=\${NOSUCH:+a}
      ENV J=\${SET+a} K=\${EMPTY+a} L=\${NOSUCH+a}
      ENV M=\${SET:?no} N=\${SET?no} O=\${EMPTY?no}
      ENV P=\${NOSUCH:-\${SET}} Q="\${NOSUCH:-a b}" R=\${NOSUCH:-"q"}
    `,
  },
  {
    name: 'prefixes and suffixes',
    dockerfile: file`
      FROM busybox
      ARG V=a/b/c.tar.gz S=foobarfoobaz
      ENV A=\${V#*/} B=\${V##*/} C=\${V%.*} D=\${V%%.*}
      ENV E=\${V#nosuch} F=\${S#f?o} G=\${S%ba*} H=\${S%%ba*}
      ENV I=\${S##*o} J=\${V#a} K=\${V%gz} L=\${S#foo\*}
    `,
  },
  {
    name: 'replacements',
    dockerfile: file`
      FROM busybox
      ARG S=foobarfoobaz V=a/b/c
      ENV A=\${S/foo/X} B=\${S//foo/X} C=\${S/o*a/X} D=\${S//o?/}
      ENV E=\${V/\//-} F=\${V//\//-} G=\${S/nosuch/X}
      ENV I=\${S//ba?/_}
    `,
  },
  {
    name: 'patterns with variables',
    dockerfile: file`
      FROM busybox
      ARG S=foobar P=foo R=new
      ENV A=\${S#$P} B=\${S/$P/$R} C=\${S%\${P}} D=\${S/\${P}/\${R}}
    `,
  },
  {
    name: 'quotes and backslashes',
    dockerfile: file`
      FROM busybox
      ARG V=v
      ENV A=$V B=\$V C='$V' D="$V" E="\$V" F=\\$V G='\$V' H="a\\b" I=a\b J="a\b" K='a\b'
      ENV L="$V"x'$V'$V M=\${V}x N=$Vx O=$ P=$$ Q="a $" R=$1 S=$@
    `,
  },
  {
    name: 'an old form keeps its quotes',
    dockerfile: file`
      FROM busybox
      ARG V=v
      ENV A "x" $V 'y $V'
      ENV B a \$V \"
      LABEL c "quoted"
    `,
  },
  {
    name: 'words of COPY and ADD',
    dockerfile: file`
      FROM busybox
      ARG SRC=a DST=/to OWNER=app MODE=600
      COPY --chown=$OWNER --chmod=600 $SRC $DST/
      COPY \${SRC}b $DST/c-d
      ADD $SRC* \${DST}/all/
    `,
    files: sh`echo a >a; echo ab >ab`,
  },
  {
    name: 'words that are not expanded',
    dockerfile: file`
      FROM busybox
      ARG V=v
      CMD ["$V"]
      ENTRYPOINT $V
      SHELL ["/bin/sh", "-c"]
      HEALTHCHECK CMD echo $V
      ONBUILD RUN $V
    `,
  },
  {
    name: 'variables in VOLUME, EXPOSE, USER and STOPSIGNAL',
    dockerfile: file`
      FROM busybox
      ENV V=v N=1
      VOLUME ["/$V", "/\${V}2"]
      EXPOSE \${N}0 \${N}1/udp
      USER $V:$N
      STOPSIGNAL $N
    `,
  },
  {
    name: 'a platform from an argument that hides the predefined one',
    dockerfile: file`
      ARG BUILDPLATFORM
      FROM --platform=$BUILDPLATFORM busybox
      RUN echo x >/x
    `,
  },
  {
    name: 'a name of a stage from an argument',
    dockerfile: file`
      FROM busybox AS \${NAME:-one}
    `,
  },
  {
    name: 'a replacement without a text',
    dockerfile: file`
      FROM busybox
      ENV A=\${PATH/foo}
    `,
  },
  {
    name: 'blanks in a modifier',
    dockerfile: file`
      FROM busybox
      ENV A=\${NOSUCH:-a b}
    `,
  },
  {
    name: 'blanks in quotes in COPY',
    dockerfile: file`
      FROM busybox
      COPY Dockerfile "/c d"
    `,
  },
  {
    name: 'a required value that is not there',
    dockerfile: file`
      FROM busybox
      ENV A=\${NOSUCH:?needed}
    `,
  },
  {
    name: 'a required value that is empty',
    dockerfile: file`
      FROM busybox
      ARG E=
      ENV A=\${E:?}
    `,
  },
  {
    name: 'a modifier nobody knows',
    dockerfile: file`
      FROM busybox
      ENV A=\${B:!x}
    `,
  },
  {
    name: 'a brace that is not closed',
    dockerfile: file`
      FROM busybox
      ENV A=\${B
    `,
  },
  {
    name: 'a quote that is not closed',
    dockerfile: file`
      FROM busybox
      ENV A="b
    `,
  },
  {
    name: 'ARG in history',
    dockerfile: file`
      FROM busybox
      ARG A=1
      ARG B
      ARG C=3
      RUN echo x >/x
      ARG D=4
      RUN echo y >/y
    `,
    flags: '--build-arg B=2 --build-arg C=x --build-arg E=5',
  },
])
