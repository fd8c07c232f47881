import { buildTopic, file } from '../suite.ts'

export default buildTopic('parser', [
  {
    name: 'instructions in any case',
    dockerfile: file`
      from busybox as One
      Env a=1
      rUn echo $a >/a
      FROM one
    `,
  },
  {
    name: 'comments and blank lines everywhere',
    dockerfile: file`

      # first
        # indented
      FROM busybox
      # between

      RUN echo a \
      # inside

        # inside, indented
        b # not a comment \
        c >/out
      #
      ENV A=1
    `,
  },
  {
    name: 'no comment behind an instruction',
    dockerfile: file`
      FROM busybox
      ENV A=1 # B=2
    `,
  },
  {
    name: 'continuations with blanks behind the backslash',
    dockerfile: `FROM busybox\nRUN echo a \\  \n  b \\\t\n c >/out\n`,
  },
  {
    name: 'a continuation at the end of the file',
    dockerfile: `FROM busybox\nRUN echo a >/a \\\n`,
  },
  {
    name: 'a backslash in the middle of a word',
    dockerfile: `FROM busybox\nRUN ec\\\nho ab\\\nc >/out; echo 'a\\\\b' >>/out\n`,
  },
  {
    name: 'the escape directive',
    dockerfile: file`
      # escape=\`
      FROM busybox
      RUN echo a \`
        b >/out
      ENV A=c:\dir B=\`$A
      COPY Dockerfile C:\d\
    `,
  },
  {
    name: 'escape is no directive behind a comment',
    dockerfile: file`
      # comment
      # escape=\`
      FROM busybox
      RUN echo a \
        b >/out
    `,
  },
  {
    name: 'escape twice',
    dockerfile: file`
      # escape=\\
      # escape=\`
      FROM busybox
    `,
  },
  {
    name: 'escape that is none',
    dockerfile: file`
      # escape=x
      FROM busybox
    `,
  },
  {
    name: 'directives nobody knows',
    dockerfile: file`
      # unknown=1
      # escape=\`
      FROM busybox
      RUN echo a \
        b >/out
    `,
  },
  {
    name: 'directives in other writings',
    dockerfile: file`
      #ESCAPE = \`
      #check=skip=all
      FROM busybox
      RUN echo a \`
        b >/out
    `,
  },
  {
    name: 'carriage returns',
    dockerfile: `FROM busybox\r\nRUN echo a \\\r\n  b >/out\r\nENV A=1\r\nCOPY <<EOF /f\r\nline\r\nEOF\r\n`,
  },
  {
    name: 'a mark of the byte order',
    dockerfile: `\ufeffFROM busybox\nRUN echo a >/a\n`,
  },
  {
    name: 'no line feed at the end',
    dockerfile: `FROM busybox\nRUN echo a >/a`,
  },
  {
    name: 'tabs and blanks around',
    dockerfile: `\t FROM\tbusybox \n  ENV\t A=1\t\tB=2  \n\tWORKDIR   /w\t\n`,
  },
  {
    name: 'letters of all scripts',
    dockerfile: file`
      FROM busybox
      LABEL grüße="日本語 \u00e9" emoji=🚢
      RUN echo "日本" >/ü
    `,
  },
  {
    name: 'a very long line',
    dockerfile: `FROM busybox\nENV A=${'x'.repeat(20000)}\nRUN printf %s "$A" | wc -c >/n\n`,
  },
  {
    name: 'a line that is too long',
    dockerfile: `FROM busybox\nRUN true ${'x'.repeat(66000)}\n`,
  },
  {
    name: 'an argument list over lines',
    dockerfile: file`
      FROM busybox
      CMD [ "a", \
        "b", \
        # comment
        "c" ]
      LABEL a=1 \
        # comment
        b=2 \

        c=3
    `,
  },
  {
    name: 'an unknown instruction',
    dockerfile: file`
      FROM busybox
      RUNN echo
    `,
  },
  {
    name: 'an unknown instruction that resembles nothing',
    dockerfile: file`
      FROM busybox

      xyzzy
    `,
  },
  {
    name: 'an instruction before FROM',
    dockerfile: file`
      RUN true
      FROM busybox
    `,
  },
  { name: 'an empty file', dockerfile: '' },
  { name: 'comments alone', dockerfile: '# nothing\n\n' },
  {
    name: 'FROM alone',
    dockerfile: file`
      FROM
    `,
  },
  {
    name: 'instructions without arguments',
    dockerfile: file`
      FROM busybox
      ENV
    `,
  },
  {
    name: 'RUN without arguments',
    dockerfile: file`
      FROM busybox
      RUN
    `,
  },
  {
    name: 'COPY with one argument',
    dockerfile: file`
      FROM busybox
      COPY a
    `,
  },
  {
    name: 'COPY of an empty list',
    dockerfile: file`
      FROM busybox
      COPY []
    `,
  },
  {
    name: 'ENV without a value',
    dockerfile: file`
      FROM busybox
      ENV A
    `,
  },
  {
    name: 'ENV that mixes forms',
    dockerfile: file`
      FROM busybox
      ENV A=1 B
    `,
  },
  {
    name: 'ENV without a name',
    dockerfile: file`
      FROM busybox
      ENV =1
    `,
  },
  {
    name: 'an unknown flag',
    dockerfile: file`
      FROM busybox
      COPY --nosuch=1 a b
    `,
  },
  {
    name: 'an unknown flag of RUN',
    dockerfile: file`
      FROM busybox
      RUN --mont=type=bind,target=/x true
    `,
  },
  {
    name: 'a flag twice',
    dockerfile: file`
      FROM busybox
      COPY --from=a --from=b a b
    `,
  },
  {
    name: 'a flag without a value',
    dockerfile: file`
      FROM busybox
      COPY --chown a b
    `,
  },
  {
    name: 'a switch that is neither true nor false',
    dockerfile: file`
      FROM busybox
      COPY --link=maybe a b
    `,
  },
  {
    name: 'a flag of ENV',
    dockerfile: file`
      FROM busybox
      ENV --x=1 A=2
    `,
  },
  {
    name: 'a text without an end',
    dockerfile: file`
      FROM busybox
      RUN <<EOF
      echo x
    `,
  },
  {
    name: 'a text for an instruction that takes none',
    dockerfile: file`
      FROM busybox
      ENV A=<<EOF
    `,
  },
  {
    name: 'SHELL as text',
    dockerfile: file`
      FROM busybox
      SHELL /bin/sh -c
    `,
  },
  {
    name: 'an empty SHELL',
    dockerfile: file`
      FROM busybox
      SHELL []
    `,
  },
  {
    name: 'VOLUME of an empty name',
    dockerfile: file`
      FROM busybox
      VOLUME [""]
    `,
  },
  {
    name: 'EXPOSE of what is no port',
    dockerfile: file`
      FROM busybox
      EXPOSE http
    `,
  },
  {
    name: 'EXPOSE of an unknown protocol',
    dockerfile: file`
      FROM busybox
      EXPOSE 80/nosuch
    `,
  },
  {
    name: 'STOPSIGNAL of what is none',
    dockerfile: file`
      FROM busybox
      STOPSIGNAL NOSUCH
    `,
  },
  {
    name: 'HEALTHCHECK of a word',
    dockerfile: file`
      FROM busybox
      HEALTHCHECK true
    `,
  },
  {
    name: 'HEALTHCHECK with a time that is none',
    dockerfile: file`
      FROM busybox
      HEALTHCHECK --interval=often CMD true
    `,
  },
  {
    name: 'HEALTHCHECK with a time that is too short',
    dockerfile: file`
      FROM busybox
      HEALTHCHECK --interval=1us CMD true
    `,
  },
  {
    name: 'HEALTHCHECK NONE with more',
    dockerfile: file`
      FROM busybox
      HEALTHCHECK NONE true
    `,
  },
  {
    name: 'ONBUILD of ONBUILD',
    dockerfile: file`
      FROM busybox
      ONBUILD ONBUILD RUN true
    `,
  },
  {
    name: 'ONBUILD of FROM',
    dockerfile: file`
      FROM busybox
      ONBUILD FROM busybox
    `,
  },
  {
    name: 'MAINTAINER without a name',
    dockerfile: file`
      FROM busybox
      MAINTAINER
    `,
  },
  {
    name: 'USER with two words',
    dockerfile: file`
      FROM busybox
      USER a b
    `,
  },
  {
    name: 'CMD without anything',
    dockerfile: file`
      FROM busybox
      CMD
    `,
  },
])
