import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

export default buildTopic('run', [
  {
    name: 'text and list',
    dockerfile: file`
      FROM busybox
      RUN echo "a  b" $HOME >/1
      RUN ["/bin/sh", "-c", "echo $0 $1 >/2", "x y", "$HOME"]
      RUN ["touch", "/$HOME"]
    `,
  },
  {
    name: 'the environment',
    dockerfile: file`
      FROM busybox
      ARG ARG=arg
      ENV ENV=env
      RUN env | grep -vE '^(HOSTNAME|PWD|SHLVL|OLDPWD)=' | sort >/env; pwd >>/env
      USER app
      RUN echo $HOME >/tmp/home
    `,
  },
  {
    name: 'users and groups',
    dockerfile: file`
      FROM busybox
      RUN id >/1
      USER app
      RUN id >/tmp/2; touch /tmp/of-app
      USER app:audio
      RUN id >/tmp/3
      USER 4321
      RUN id -u >/tmp/4; id -g >>/tmp/4
      USER 5:6
      RUN touch /tmp/of-5
      USER 0
      RUN id -u >/tmp/6
    `,
  },
  {
    name: 'a text with several commands',
    dockerfile: file`
      FROM busybox
      ARG A=arg
      RUN <<EOF
      echo $A >/1
      cat <<IN >/2
      inner $A
      IN
      x=shell; echo $x "\$x" >/3
      EOF
    `,
  },
  {
    name: 'a text stops at the first failure with its own option only',
    dockerfile: file`
      FROM busybox
      RUN <<EOF
      false
      echo went on >/1
      EOF
    `,
  },
  {
    name: 'a text with an interpreter',
    dockerfile: file`
      FROM debian AS d
      RUN <<EOF
      #!/usr/bin/perl
      open(my $f, '>', '/out'); print $f join(",", map { $_ * 2 } 1..3), "\n";
      EOF
      RUN <<EOF
      #!/bin/bash
      echo \${BASH_VERSION:+bash} $0 | sed 's,/.*/,,' >/out2
      EOF
      FROM scratch
      COPY --from=d /out /out2 /
    `,
  },
  {
    name: 'a text for a command',
    dockerfile: file`
      FROM busybox
      RUN cat <<EOF >/1
      a $HOME
      EOF
      RUN cat >/2 <<'EOF' && cat <<EOF >/3
      quoted $HOME
      EOF
      second $HOME
      EOF
      RUN sh <<-EOF
      	echo tabs >/4
      EOF
    `,
  },
  {
    name: 'a text of the exec shell',
    dockerfile: file`
      FROM busybox
      SHELL ["/bin/sh", "-e", "-c"]
      RUN <<EOF
      echo 1 >/1
      EOF
    `,
  },
  {
    name: 'what is removed is gone',
    dockerfile: file`
      FROM busybox
      RUN rm /etc/passwd && rm -r /etc/opaque && rm /bin/vi
      RUN mkdir /d && touch /d/a /d/b
      RUN rm /d/a
      RUN rm -r /d
    `,
  },
  {
    name: 'removed and made anew',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /d/sub && touch /d/old /d/sub/old
      RUN rm -r /d && mkdir /d && touch /d/new
      RUN rm -r /home/app && echo file >/home/app
      RUN rm /home/app && mkdir /home/app && rm -r /d && ln -s /home /d
    `,
  },
  {
    name: 'renamed directories',
    dockerfile: file`
      FROM busybox
      RUN mkdir -p /a/b && echo x >/a/b/x
      RUN mv /a /c && mkdir /a && mv /etc/opaque /opaque
    `,
  },
  {
    name: 'hard links',
    dockerfile: file`
      FROM busybox
      RUN echo x >/a && ln /a /b && mkdir /d && ln /a /d/c
      RUN echo y >>/b
      RUN ln /bin/busybox /also && rm /d/c
    `,
  },
  {
    name: 'links',
    dockerfile: file`
      FROM busybox
      RUN ln -s nosuch /dangling && ln -s /etc /dir && ln -sf /proc/self/fd/1 /var/log && ln -s . /self
    `,
  },
  {
    name: 'modes and owners',
    dockerfile: file`
      FROM busybox
      RUN touch /a /b /c /d && chmod 4755 /a && chmod 2755 /b && chmod 1777 /c && chmod 0 /d && mkdir -m 1770 /e && mkdir -m 3777 /f && chown 1:2 /a /e && chown app:audio /b
      RUN chmod 700 /tmp && chown -R app /etc/opaque
    `,
  },
  {
    name: 'a change of mode alone',
    dockerfile: file`
      FROM busybox
      RUN chmod 600 /etc/passwd
      RUN chown 1000 /home
    `,
  },
  {
    name: 'times that were set',
    dockerfile: file`
      FROM busybox
      RUN touch -d @800000000 /a && mkdir /d && touch -d @700000000 /d && ln -s a /l && touch -hd @600000000 /l
    `,
  },
  {
    name: 'nothing changes',
    dockerfile: file`
      FROM busybox
      RUN true
      RUN cat /etc/passwd
    `,
  },
  {
    name: 'made and removed in one step',
    dockerfile: file`
      FROM busybox
      RUN mkdir /d && touch /d/f && rm -r /d
    `,
  },
  {
    name: 'capabilities of files',
    dockerfile: file`
      FROM debian AS s
      RUN mkdir /d && echo a >/d/f && perl -e '@a = ("/d/f", "security.capability", pack("VVVVV", 0x02000001, 0x0400, 0, 0, 0)); syscall(188, $a[0], $a[1], $a[2], 20, 0) == 0 or die $!'
      RUN echo b >/d/b
      FROM scratch
      COPY --from=s /d /
    `,
  },
  {
    name: 'user attributes of files',
    dockerfile: file`
      FROM debian AS s
      RUN mkdir /d && echo a >/d/f && perl -e '@a = ("/d/f", "user.a", "value"); syscall(188, $a[0], $a[1], $a[2], 5, 0) == 0 or die $!'
      FROM scratch
      COPY --from=s /d /
    `,
  },
  {
    name: 'pipes and sockets',
    dockerfile: file`
      FROM busybox
      RUN mkfifo /p && nc -l -s local:/s -p 1 & sleep 0.1; rm -f /s; true
    `,
  },
  {
    name: 'what the engine puts in is not left',
    dockerfile: file`
      FROM busybox AS b
      FROM scratch
      COPY --from=b /bin/busybox /bin/sh
      RUN echo x >/x
    `,
  },
  {
    name: 'a change of the files that the engine puts in',
    dockerfile: file`
      FROM busybox
      RUN (echo "127.0.0.2 mine" >>/etc/hosts) 2>/dev/null && grep mine /etc/hosts >/seen || echo refused >/seen
      RUN grep -c mine /etc/hosts >/seen2; true
    `,
  },
  {
    name: '--network=none',
    dockerfile: file`
      FROM busybox
      RUN --network=none ls /sys/class/net >/none
      RUN --network=default ls /sys/class/net >/default
    `,
  },
  {
    name: 'no network for the whole build',
    dockerfile: file`
      FROM busybox
      RUN ls /sys/class/net >/none
    `,
    flags: '--network none',
  },
  {
    name: 'network of the host has to be allowed',
    dockerfile: file`
      FROM busybox
      RUN --network=host true
    `,
  },
  {
    name: '--add-host',
    dockerfile: file`
      FROM busybox
      RUN grep -E 'one|two' /etc/hosts | tr '\t' ' ' >/hosts
    `,
    flags: '--add-host one:10.0.0.1 --add-host two=::1',
  },
  {
    name: '--security=insecure has to be allowed',
    dockerfile: file`
      FROM busybox
      RUN --security=insecure true
    `,
    phrases: ['security'],
  },
  {
    name: '--shm-size and --ulimit',
    dockerfile: file`
      FROM busybox
      RUN df -k /dev/shm | awk 'NR == 2 {print $2}' >/shm; ulimit -n >/files; ulimit -Hn >>/files
    `,
    flags: '--shm-size 32m --ulimit nofile=512:1024',
  },
  {
    name: 'standard input is empty, and no terminal',
    dockerfile: file`
      FROM busybox
      RUN wc -c >/in; test -t 0 || test -t 1 || echo none >/tty
    `,
  },
  {
    name: 'the working directory is made by the step',
    dockerfile: file`
      FROM busybox
      WORKDIR /a
      RUN rmdir /a
      RUN pwd >/pwd
    `,
  },
  {
    name: 'what runs on is ended',
    dockerfile: file`
      FROM busybox
      RUN (sleep 100; echo late >/late) & echo done >/done
    `,
  },
  {
    name: 'devices are refused',
    dockerfile: file`
      FROM busybox
      RUN cat </dev/null >/x && echo x >/dev/null && test -c /dev/zero && ls /dev/shm /dev/pts >/dev/null && { test -e /dev/sda || echo none; } >>/x
    `,
  },
  {
    name: 'a file of 8 MiB and many small ones',
    dockerfile: file`
      FROM busybox
      RUN dd if=/dev/zero of=/big bs=1M count=8 2>/dev/null && mkdir /many && for i in $(seq 30); do echo $i >/many/$i; done
      RUN rm /many/1* && dd if=/dev/zero of=/big bs=1 seek=5 count=1 conv=notrunc 2>/dev/null
    `,
  },
  {
    name: 'odd names',
    dockerfile: file`
      FROM busybox
      RUN touch "/with blank" "/$(printf 'new\nline')" "/ü" "/-dash" "/.wh-is-fine" && mkdir "/d " && touch "/d /back\\\\slash"
    `,
  },
  {
    name: 'exit code of a failure',
    dockerfile: file`
      FROM busybox
      RUN echo before; exit 42
      RUN echo never
    `,
  },
  {
    name: 'a failure in the middle of lines',
    dockerfile: file`
      FROM busybox

      RUN true && \
          # comment
          false && \
          true

      RUN echo never
    `,
  },
  {
    name: 'a failing list',
    dockerfile: file`
      FROM busybox
      RUN ["sh", "-c", "exit 3"]
    `,
  },
  {
    name: 'a failing text',
    dockerfile: file`
      FROM busybox
      RUN <<EOF
      echo x
      exit 4
      EOF
    `,
  },
  {
    name: 'a signal of the first process to itself is nothing',
    dockerfile: file`
      FROM busybox
      RUN sh -c 'kill -9 $$'
    `,
  },
  {
    name: 'a program that is not there',
    dockerfile: file`
      FROM busybox
      RUN ["nosuch"]
    `,
    phrases: ['process "nosuch" did not complete successfully'],
  },
  {
    name: 'a command that is not there',
    dockerfile: file`
      FROM busybox
      RUN nosuch x
    `,
  },
  {
    name: 'a file that is no program',
    dockerfile: file`
      FROM busybox
      RUN /etc/not-executable
    `,
  },
  {
    name: 'no shell',
    dockerfile: file`
      FROM scratch
      RUN true
    `,
    phrases: ['process "/bin/sh -c true" did not complete successfully'],
  },
  {
    name: 'a user that is not there',
    dockerfile: file`
      FROM busybox
      USER nosuch
      RUN true
    `,
    phrases: ['unable to find user nosuch: no matching entries in passwd file'],
  },
  {
    name: 'an ONBUILD that fails',
    dockerfile: file`
      FROM busybox AS base
      ONBUILD RUN exit 5
      FROM base
      RUN true
    `,
  },
  {
    name: 'a device of RUN',
    dockerfile: file`
      FROM busybox
      RUN --device=vendor.com/x=y true
    `,
  },
  {
    name: 'the result runs',
    dockerfile: file`
      FROM busybox
      WORKDIR /srv
      COPY --chown=app run.sh .
      ENV GREETING=hello
      USER app
      ENTRYPOINT ["sh", "run.sh"]
      CMD ["world"]
    `,
    files: sh`echo 'echo $GREETING $@ from $(id -un) in $(pwd)' >run.sh`,
    after: sh`docker run --rm built; docker run --rm built you`,
  },
])
