import { sh, topic } from '../suite.ts'

export default topic('diff', [
  { name: 'nothing', script: sh`docker create --name px busybox >/dev/null; docker diff px` },
  {
    name: 'added, changed, deleted',
    script: sh`docker run --name px busybox sh -c 'echo x >/new; echo x >>/etc/passwd; rm /etc/group; mkdir -p /a/b; touch /a/b/c'; docker diff px | sort`,
  },
  { name: 'of a running one', script: sh`box px; docker exec px touch /tmp/x; docker diff px` },
  {
    name: 'a directory removed and made again',
    script: sh`docker run --name px busybox sh -c 'rm -r /home/app; mkdir /home/app; touch /home/app/x'; docker diff px | sort`,
  },
  {
    name: 'a whole directory removed',
    script: sh`docker run --name px busybox sh -c 'rm -r /home'; docker diff px | sort`,
  },
  {
    name: 'a change of mode',
    script: sh`docker run --name px busybox chmod 600 /etc/passwd; docker diff px`,
  },
  {
    name: 'mount points are changes, what is in them is not',
    script: sh`docker run --name px -v /vol --tmpfs /t busybox sh -c 'touch /vol/x /t/x'; docker diff px | sort`,
  },
  {
    name: 'a file replaced by a directory',
    script: sh`docker run --name px busybox sh -c 'rm /etc/group; mkdir /etc/group; touch /etc/group/x'; docker diff px | sort`,
  },
  {
    name: 'a symbolic link and a name with blanks',
    script: sh`docker run --name px busybox sh -c 'ln -s x /tmp/l; touch "/tmp/a b"'; docker diff px | sort`,
  },
  { name: 'of what is not there', script: sh`docker diff nosuch` },
  { name: 'of nothing', script: sh`docker diff; docker diff ''` },
])
