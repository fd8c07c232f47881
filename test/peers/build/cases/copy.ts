import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

const TREE = sh`mkdir -p d/e .hidden; echo a >a; echo b >b.txt; echo c >c.txt; echo f >d/f; echo g >d/e/g; echo h >d/.dot; echo i >.hidden/i; mkdir d/empty`

export default buildTopic('copy', [
  {
    name: 'a file to a name, a directory, a new directory',
    dockerfile: file`
      FROM busybox
      COPY a /b
      COPY a /tmp
      COPY a /new/deep/
      COPY a /new/c
    `,
    files: TREE,
  },
  {
    name: 'a directory means its content',
    dockerfile: file`
      FROM busybox
      COPY d /to
      COPY d/ /to2/
      COPY d /tmp
    `,
    files: TREE,
  },
  {
    name: 'everything',
    dockerfile: file`
      FROM scratch
      COPY . /
    `,
    files: TREE,
  },
  {
    name: 'several sources',
    dockerfile: file`
      FROM scratch
      COPY a b.txt d /to/
      COPY ["c.txt", "d/f", "/list/"]
    `,
    files: TREE,
  },
  {
    name: 'names with blanks and odd characters',
    dockerfile: file`
      FROM scratch
      COPY ["with blank", "a&b", "/to dir/"]
      COPY ["with blank", "/x y"]
      COPY ü* [[]x] /odd/
    `,
    files: sh`echo 1 >'with blank'; echo 2 >'a&b'; echo 3 >ü1; echo 4 >'[x]'`,
  },
  {
    name: 'wildcards',
    dockerfile: file`
      FROM scratch
      COPY *.txt /star/
      COPY ?.txt /mark/
      COPY [ab]* /class/
      COPY [^ab]* /not/
      COPY */f /below/
      COPY d/* /all/
    `,
    files: TREE,
  },
  {
    name: 'a wildcard for one file and a name',
    dockerfile: file`
      FROM scratch
      COPY b* /name
      COPY d/f* /dir/
    `,
    files: TREE,
  },
  {
    name: 'a wildcard for directories',
    dockerfile: file`
      FROM scratch
      COPY d* /to/
      COPY .h* /dot/
    `,
    files: TREE,
  },
  {
    name: 'a wildcard for nothing beside one that is there',
    dockerfile: file`
      FROM scratch
      COPY a nosuch* /to/
    `,
    files: TREE,
  },
  {
    name: 'sources with dots and slashes',
    dockerfile: file`
      FROM scratch
      COPY ./a /1
      COPY /a /2
      COPY d/../a /3
      COPY ../a /4
      COPY ../../../d/f /5
      COPY d/. /6/
    `,
    files: TREE,
  },
  {
    name: 'destinations that are relative',
    dockerfile: file`
      FROM busybox
      COPY a b1
      WORKDIR /w
      COPY a .
      COPY a ./x/
      COPY a y
      COPY a ../z
    `,
    files: TREE,
  },
  {
    name: 'over a file and over a directory',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /to/d /keep && echo old >/to/a && echo old >/keep/old && chmod 700 /keep && chown 7:8 /keep
      COPY a /to/a
      COPY d /keep
    `,
    files: TREE,
  },
  {
    name: 'a file over a directory of its name',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /to/a
      COPY a /to/
    `,
    files: TREE,
    phrases: ['cannot replace to directory ', '/to/a with file'],
  },
  {
    name: 'a file to a directory without a slash',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /to/x
      COPY a /to/x
    `,
    files: TREE,
  },
  {
    name: 'a directory over a file',
    dockerfile: file`
      FROM busybox
      RUN echo file >/to
      COPY d /to
    `,
    files: TREE,
    phrases: ['cannot copy to non-directory: ', '/to'],
  },
  {
    name: 'modes, and the owner is root',
    dockerfile: file`
      FROM scratch
      COPY . /
    `,
    files: sh`echo 1 >x; chmod 750 x; echo 2 >s; chmod 4755 s; mkdir t p; chmod 1777 t; chmod 700 p; echo 3 >r; chmod 444 r`,
  },
  {
    name: 'links are copied as they are',
    dockerfile: file`
      FROM scratch
      COPY . /all/
      COPY l /one
      COPY l /dir/
    `,
    files: sh`echo a >a; mkdir d; echo f >d/f; ln -s a l; ln -s d ld; ln -s nosuch dangling; ln -s /etc/passwd absolute`,
  },
  {
    name: 'a link to a directory as source',
    dockerfile: file`
      FROM scratch
      COPY ld /1
      COPY ld/ /2
      COPY ld/f /3
      COPY ld/* /4/
    `,
    files: sh`mkdir d; echo f >d/f; ln -s d ld`,
  },
  {
    name: 'a link on the way stays inside the context',
    dockerfile: file`
      FROM scratch
      COPY up/etc/f /f
    `,
    files: sh`mkdir etc; echo mine >etc/f; ln -s / up`,
  },
  {
    name: 'a link in the destination is followed',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /real/dir && ln -s /real/dir /link && ln -s ../../../../../real /up && echo old >/real/file && ln -s file /real/filelink
      COPY a /link/
      COPY a /up/b
      COPY d /link
      COPY a /real/filelink
    `,
    files: TREE,
  },
  {
    name: 'a directory over a link to a directory',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /real /to && ln -s /real /to/e
      COPY d /to
    `,
    files: TREE,
    phrases: ['cannot copy to non-directory: ', '/to/e'],
  },
  {
    name: 'hard links of a context are files',
    dockerfile: file`
      FROM scratch
      COPY . /
    `,
    files: sh`echo a >a; ln a b; mkdir d; ln a d/c`,
  },
  {
    name: 'hard links of a stage',
    dockerfile: file`
      FROM busybox AS s
      RUN mkdir /d && echo a >/d/a && ln /d/a /d/b
      FROM scratch
      COPY --from=s /d /d
    `,
  },
  {
    name: 'named pipes of a stage',
    dockerfile: file`
      FROM busybox AS s
      RUN mkdir /d && mkfifo /d/p && echo x >/d/x
      FROM scratch
      COPY --from=s /d /d
    `,
  },
  {
    name: '--chown with ids and names',
    dockerfile: file`
      FROM busybox
      COPY --chown=1:2 a /1
      COPY --chown=3 a /2
      COPY --chown=app a /3
      COPY --chown=app:audio a /4
      COPY --chown=:audio a /5
      COPY --chown=5:app a /6
      COPY --chown=nobody:7 a /7
    `,
    files: TREE,
  },
  {
    name: '--chown of directories, new ones included',
    dockerfile: file`
      FROM busybox
      COPY --chown=app:app d /new/deep/
      RUN mkdir /old
      COPY --chown=9:9 d /old
    `,
    files: TREE,
  },
  {
    name: 'USER does not own what is copied',
    dockerfile: file`
      FROM busybox
      USER app
      COPY a /home/app/
      COPY a /home/app/new/
    `,
    files: TREE,
  },
  {
    name: '--chown by ids without a passwd',
    dockerfile: file`
      FROM scratch
      COPY --chown=12:34 a /
    `,
    files: TREE,
  },
  {
    name: '--chmod',
    dockerfile: file`
      FROM busybox
      COPY --chmod=640 a /1
      COPY --chmod=0755 d /2/
      COPY --chmod=4711 --chown=app a /3
      COPY --chmod=7 a /4
    `,
    files: TREE,
  },
  {
    name: '--chmod and links',
    dockerfile: file`
      FROM scratch
      COPY --chmod=600 --chown=1:1 . /d/
    `,
    files: sh`echo a >a; ln -s a l; mkdir e`,
  },
  {
    name: '--link',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /to && chmod 700 /to
      COPY --link a /to/
      COPY --link d /d/
      COPY --link --chown=1:2 --chmod=600 a /etc/passwd
    `,
    files: TREE,
  },
  {
    name: '--link over a link',
    dockerfile: file`
      FROM busybox
      RUN mkdir /real && ln -s /real /to
      COPY --link a /to/
    `,
    files: TREE,
  },
  {
    name: '--link with a relative destination',
    dockerfile: file`
      FROM busybox
      WORKDIR /w
      COPY --link a b/
    `,
    files: TREE,
  },
  {
    name: '--link=false',
    dockerfile: file`
      FROM busybox
      COPY --link=false a /to/
      COPY --link=true a /to2/
    `,
    files: TREE,
  },
  {
    name: '--parents',
    dockerfile: file`
      FROM scratch
      COPY --parents a d/f /to/
      COPY --parents d/e /dir/
    `,
    olderDockerfile: file`
      FROM scratch
      COPY a /to/
      COPY d/f /to/d/
      COPY d/e /dir/d/e/
    `,
    files: TREE,
  },
  {
    name: '--parents with wildcards',
    dockerfile: file`
      FROM scratch
      COPY --parents */f *.txt /to/
    `,
    olderDockerfile: file`
      FROM scratch
      COPY *.txt /to/
      COPY d/f /to/d/
    `,
    files: TREE,
  },
  {
    name: '--exclude',
    dockerfile: file`
      FROM scratch
      COPY --exclude=*.txt --exclude=d/e --exclude=Dockerfile . /to/
    `,
    olderDockerfile: file`
      FROM scratch
      COPY a /to/
      COPY .hidden /to/.hidden
      COPY d/f d/.dot /to/d/
      COPY d/empty /to/d/empty
    `,
    files: TREE,
  },
  {
    name: '--exclude of a wildcard source',
    dockerfile: file`
      FROM scratch
      COPY --exclude=c* *.txt /to/
    `,
    olderDockerfile: file`
      FROM scratch
      COPY b.txt /to/
    `,
    files: TREE,
  },
  {
    name: 'times stay',
    dockerfile: file`
      FROM scratch
      COPY . /
    `,
    files: sh`echo of a time of its own >a; ln -s a l`,
    build: sh`touch -hd @900000000 context/a context/l; docker build -t built context`,
  },
  {
    name: 'from a stage by name, by number, in capitals',
    dockerfile: file`
      FROM busybox AS One
      RUN echo 1 >/f
      FROM busybox
      RUN echo 2 >/f
      FROM scratch
      COPY --from=one /f /1
      COPY --from=ONE f /2
      COPY --from=1 /f /3
      COPY --from=0 /f /4
    `,
  },
  {
    name: 'from an image',
    dockerfile: file`
      FROM scratch
      COPY --from=busybox /etc/passwd /etc/group /etc/
      COPY --from=busybox:latest etc/opaque /opaque
    `,
  },
  {
    name: 'from a stage, relative to its root',
    dockerfile: file`
      FROM busybox AS s
      WORKDIR /w
      RUN echo x >x
      FROM scratch
      COPY --from=s w/x /1
      COPY --from=s ./w/* /2/
      COPY --from=s ../w /3
    `,
  },
  {
    name: 'from a stage keeps owners, modes and times',
    dockerfile: file`
      FROM busybox AS s
      RUN mkdir -p /d/e && echo x >/d/x && chown 5:6 /d/x && chmod 2711 /d/x && chown 7 /d/e && chmod 1700 /d/e && ln -s x /d/l && chown -h 8:9 /d/l && touch -hd @700000000 /d/x /d/l /d/e
      FROM scratch
      COPY --from=s /d /d
      COPY --from=s --chown=1:1 /d /mine
    `,
  },
  {
    name: 'from a named context',
    dockerfile: file`
      FROM scratch
      COPY --from=other f /
      COPY --from=other . /all/
    `,
    before: sh`mkdir other; echo other >other/f; echo x >other/x; echo x >other/.dockerignore`,
    flags: '--build-context other=other',
  },
  {
    name: 'a named context in place of a stage and of an image',
    dockerfile: file`
      FROM busybox AS one
      RUN echo stage >/f
      FROM scratch
      COPY --from=one f /1
      COPY --from=nosuch.example/image f /2
    `,
    before: sh`mkdir other; echo other >other/f`,
    flags: '--build-context one=other --build-context nosuch.example/image=other',
  },
  {
    name: 'a named context that is an image',
    dockerfile: file`
      FROM base
      COPY --from=etc /etc/passwd /copy
    `,
    flags:
      '--build-context base=docker-image://busybox --build-context etc=docker-image://busybox:latest',
  },
  {
    name: 'a text in place of a file',
    dockerfile: file`
      FROM busybox
      ARG V=v
      COPY <<EOF /1
      text with $V and "quotes"
        indented \$V
      EOF
      COPY <<'EOF' /2
      no $V
      EOF
      COPY <<-EOF /3
      	tab
      		two
      	EOF
      COPY <<EOF1 <<"EOF2" /dir/
      one $V
      EOF1
      two $V
      EOF2
      COPY <<e /4
      e
    `,
  },
  {
    name: 'a text with an owner, a mode and a file beside it',
    dockerfile: file`
      FROM busybox
      COPY --chown=app:audio --chmod=755 <<script a /bin2/
      #!/bin/sh
      script
      RUN ls /bin2
    `,
    files: TREE,
  },
  {
    name: 'a text with continued lines and comments',
    dockerfile: file`
      FROM scratch
      COPY <<EOF /f
      # not a comment
      a \
      b
      \\
      FROM nothing

      EOF
    `,
  },
  {
    name: 'extended attributes of a context',
    dockerfile: file`
      FROM scratch
      COPY . /
    `,
    files: sh`echo a >a; xattr a user.peer value; mkdir d; xattr d user.dir x`,
  },
  {
    name: 'capabilities of a stage',
    dockerfile: file`
      FROM debian AS s
      RUN echo a >/f && perl -e '@a = ("/f", "security.capability", pack("VVVVV", 0x02000001, 0x0400, 0, 0, 0)); syscall(188, $a[0], $a[1], $a[2], 20, 0) == 0 or die $!'
      FROM scratch
      COPY --from=s /f /f
    `,
  },
  {
    name: 'sparse and empty files',
    dockerfile: file`
      FROM scratch
      COPY . /
    `,
    files: sh`: >empty; truncate -s 3M sparse; printf x >one`,
  },
  {
    name: 'to a path that is long',
    dockerfile: file`
      FROM scratch
      COPY . /
    `,
    files: sh`long=$(printf 'x%.0s' $(seq 120)); mkdir -p $long/$long; echo deep >$long/$long/$long; ln -s $long/$long/$long link`,
  },
])
