import { sh } from '../../suite.ts'
import { buildTopic, file } from '../suite.ts'

export default buildTopic('mounts', [
  {
    name: 'bind of the context',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,target=/src cat /src/a /src/d/f >/out && ls /src >>/out
      RUN --mount=target=/src,source=d ls /src >/out2; ls -d /src >>/out2 2>&1; true
    `,
    files: sh`echo a >a; mkdir d; echo f >d/f`,
  },
  {
    name: 'bind of the context without what is left out of it',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,target=/src cd /src && find . | sort >/out
      RUN --mount=type=bind,target=/src,rw cd /src && find . | sort >/out2
      RUN --mount=type=bind,source=d,target=/src cd /src && find . | sort >/out3
      RUN --mount=type=bind,source=kept,target=/src cd /src && find . | sort >/out4
    `,
    files: sh`mkdir -p d/e kept; for f in .env a d/secret d/b d/e/c kept/f; do echo $f >$f; done; printf '.env\nd/secret\n**/c\n' >.dockerignore`,
  },
  {
    name: 'bind of one file',
    dockerfile: file`
      FROM busybox
      WORKDIR /w
      RUN --mount=type=bind,source=a,target=a cat a >out
      RUN --mount=type=bind,source=a,target=/etc/passwd cat /etc/passwd >out2
    `,
    files: sh`echo a >a`,
  },
  {
    name: 'bind is read only',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,target=/src touch /src/new 2>/dev/null || echo refused >/out
    `,
  },
  {
    name: 'bind that may be written is thrown away',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,target=/src,rw echo new >/src/new && cat /src/new >/out && rm /src/a
      RUN --mount=type=bind,target=/src,readwrite=true ls /src >/out2
    `,
    files: sh`echo a >a`,
  },
  {
    name: 'bind of a stage and of an image',
    dockerfile: file`
      FROM busybox AS s
      RUN mkdir /d && echo stage >/d/f
      FROM busybox
      RUN --mount=from=s,target=/s cat /s/d/f >/1
      RUN --mount=type=bind,from=s,source=/d,target=/mnt/deep cat /mnt/deep/f >/2
      RUN --mount=from=busybox,src=/etc/opaque,dst=/o ls /o >/3
    `,
  },
  {
    name: 'bind of a named context',
    dockerfile: file`
      FROM busybox
      RUN --mount=from=other,target=/o cat /o/f >/1
    `,
    before: sh`mkdir other; echo other >other/f`,
    flags: '--build-context other=other',
  },
  {
    name: 'bind with variables',
    dockerfile: file`
      FROM busybox
      ARG SRC=d
      ENV DST=/to
      RUN --mount=type=bind,source=$SRC,target=$DST ls $DST >/out
    `,
    files: sh`mkdir d; echo f >d/f`,
  },
  {
    name: 'bind of a source that is not there',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,source=nosuch,target=/x true
    `,
  },
  {
    name: 'bind of a stage that is not there',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,from=no-such-stage:5000/x/Y,target=/x true
    `,
  },
  {
    name: 'the place of a mount is not left',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,target=/new/deep/place true
      RUN --mount=type=tmpfs,target=/tmp2 true
      RUN --mount=type=cache,id=peer-place,target=/cache true
    `,
  },
  {
    name: 'tmpfs',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=tmpfs,target=/etc/opaque touch /etc/opaque/x && ls /etc/opaque >/1 && grep -c ' /etc/opaque tmpfs ' /proc/mounts >/2
      RUN --mount=type=tmpfs,target=/t,size=1m df -k /t | awk 'NR == 2 {print $2}' >/3; ls /etc/opaque >/4
    `,
  },
  {
    name: 'cache goes from step to step',
    dockerfile: file`
      FROM busybox AS a
      RUN --mount=type=cache,target=/c,id=peer-steps echo kept >/c/f
      RUN --mount=type=cache,target=/other,id=peer-steps cat /other/f >/1
      RUN --mount=type=cache,target=/other ls /other >/2
      RUN --mount=type=cache,target=/c,id=peer-steps,sharing=locked ls -ld /c | cut -c1-10 >/3
    `,
  },
  {
    name: 'cache with a mode and an owner',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=cache,id=peer-owner,target=/c,uid=1000,gid=29,mode=0750 stat -c '%a %u %g' /c >/1
      USER app
      RUN --mount=type=cache,id=peer-owner2,target=/c,uid=1000 touch /c/f && stat -c '%a %u %g' /c >/tmp/2
    `,
  },
  {
    name: 'cache filled from a stage',
    dockerfile: file`
      FROM busybox AS s
      RUN mkdir /d && echo seed >/d/seed
      FROM busybox
      RUN --mount=type=cache,id=peer-from,from=s,source=/d,target=/c cat /c/seed >/1 && echo more >>/c/seed
      RUN --mount=type=cache,id=peer-from,from=s,source=/d,target=/c,ro cat /c/seed >/2; touch /c/x 2>/dev/null || echo refused >>/2
    `,
  },
  {
    name: 'private cache',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=cache,id=peer-private,target=/c,sharing=private echo x >/c/x
      RUN --mount=type=cache,id=peer-private,target=/c,sharing=private ls /c >/1
    `,
  },
  {
    name: 'cache stays out of the image and survives a new build',
    dockerfile: file`
      FROM busybox
      ARG N=0
      RUN --mount=type=cache,id=peer-survives,target=/c echo $N >>/c/log; cp /c/log /log
    `,
    before: sh`docker build -q --build-arg N=1 context`,
    flags: '--build-arg N=2',
  },
  {
    name: 'secret as a file',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=secret,id=one cat /run/secrets/one | wc -c >/1; stat -c '%a %u %g' /run/secrets/one >>/1
      RUN --mount=type=secret,id=one,target=/etc/key,uid=1000,gid=29,mode=0440 stat -c '%a %u %g' /etc/key >/2
      RUN --mount=type=secret,id=one,dst=rel ls /rel >/3; ls /run >/4; true
    `,
    before: sh`echo hidden >secret`,
    flags: '--secret id=one,src=secret',
  },
  {
    name: 'secret of the environment',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=secret,id=A cat /run/secrets/A | tr a-z b-za >/1
      RUN --mount=type=secret,id=b cat /run/secrets/b | tr a-z b-za >/2
    `,
    build: sh`export A=abc BB=xyz; docker build -t built --secret id=A --secret id=b,env=BB context`,
  },
  {
    name: 'secret that is not given',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=secret,id=nosuch ls /run/secrets >/1 2>&1; true
    `,
  },
  {
    name: 'secret that is required',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=secret,id=nosuch,required true
    `,
  },
  {
    name: 'secret whose file is not there',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=secret,id=x true
    `,
    flags: '--secret id=x,src=/no/such/file',
  },
  {
    name: 'secret without a name',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=secret,target=/x true
    `,
  },
  {
    name: 'ssh that is not given',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=ssh echo "[$SSH_AUTH_SOCK]" >/1
    `,
  },
  {
    name: 'ssh that is required',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=ssh,required=true true
    `,
  },
  {
    name: 'a type nobody knows',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=nosuch,target=/x true
    `,
  },
  {
    name: 'an option nobody knows',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,target=/x,nosuch=1 true
    `,
  },
  {
    name: 'an option of another type',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=bind,target=/x,sharing=locked true
    `,
  },
  {
    name: 'sharing nobody knows',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=cache,target=/x,sharing=some true
    `,
  },
  {
    name: 'no target',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=cache true
    `,
  },
  {
    name: 'a number that is none',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=cache,target=/c,uid=me true
    `,
  },
  {
    name: 'several mounts and their order',
    dockerfile: file`
      FROM busybox
      RUN --mount=type=tmpfs,target=/m --mount=type=bind,source=a,target=/m/a --mount=type=cache,id=peer-several,target=/m/c ls /m >/1 && cat /m/a >>/1
    `,
    files: sh`echo a >a`,
  },
])
