import { sh, topic } from '../suite.ts'

export default topic('commit', [
  {
    name: 'says the digest',
    script: sh`docker run --name px busybox touch /new; docker commit px px-commit; docker run --rm px-commit ls /new; docker rmi px-commit >/dev/null`,
  },
  {
    name: 'without a name',
    script: sh`docker create --name px busybox >/dev/null; id=$(docker commit px); echo $id; docker rm px; docker rmi $id >/dev/null`,
  },
  {
    name: 'the command and the environment stay',
    script: sh`docker create --name px -e A=1 -l l=1 -w /home -u app busybox echo hi >/dev/null; docker commit px px-commit >/dev/null; docker run --rm px-commit; docker image inspect -f '{{json .Config.Cmd}} {{json .Config.Env}} {{json .Config.Labels}} {{.Config.WorkingDir}} {{.Config.User}}' px-commit; docker rmi px-commit >/dev/null`,
  },
  {
    name: 'author and message',
    script: sh`docker create --name px busybox >/dev/null; docker commit -a 'A B' -m 'a message' px px-commit:v2 >/dev/null; docker image inspect -f '{{.Author}}|{{.Comment}}|{{.RepoTags}}' px-commit:v2; docker rmi px-commit:v2 >/dev/null`,
  },
  {
    name: 'changes',
    script: sh`
      docker create --name px busybox >/dev/null
      docker commit -c 'CMD echo shell' -c 'ENTRYPOINT ["sh","-c"]' -c 'EXPOSE 80/tcp 53/udp' -c 'VOLUME /v' -c 'USER app' -c 'ENV X=1 Y="a b"' -c 'STOPSIGNAL SIGINT' -c 'ONBUILD RUN x' -c 'HEALTHCHECK --interval=5s CMD true' px px-commit >/dev/null
      docker image inspect px-commit | jq -c '.[0].Config | .Cmd, .Entrypoint, (.ExposedPorts | keys), .Volumes, .User, .Env, .StopSignal, .OnBuild, .Healthcheck'; docker rmi px-commit >/dev/null`,
  },
  {
    name: 'changes that are empty',
    script: sh`
      docker create --name px --entrypoint cat busybox x >/dev/null; docker create --name py busybox x >/dev/null
      for c in CMD ENTRYPOINT 'ENTRYPOINT []' 'CMD []' 'CMD a' 'ENTRYPOINT b' ENV USER WORKDIR EXPOSE; do
        for p in px py; do
          docker commit -c "$c" $p px-commit >/dev/null && docker image inspect -f '{{json .Config.Entrypoint}} {{json .Config.Cmd}}' px-commit && docker rmi px-commit >/dev/null
        done
      done; docker rm px py`,
  },
  {
    name: 'a change that is none',
    script: sh`docker create --name px busybox >/dev/null; docker commit -c 'NOSUCH x' px px-commit`,
  },
  {
    name: 'a change that is not allowed',
    script: sh`docker create --name px busybox >/dev/null; docker commit -c 'COPY a b' px px-commit`,
  },
  {
    name: 'deleted files stay deleted',
    script: sh`docker run --name px busybox sh -c 'rm /etc/group; rm -r /home; mkdir /home'; docker commit px px-commit >/dev/null; docker run --rm px-commit ls /etc/group /home; docker rmi px-commit >/dev/null`,
  },
  {
    name: 'of a running one',
    script: sh`box px; docker exec px touch /new; docker commit px px-commit >/dev/null; docker inspect -f '{{.State.Status}}' px; docker run --rm px-commit ls /new; docker rmi px-commit >/dev/null`,
  },
  {
    name: 'of a running one without a pause',
    script: sh`box px; docker commit -p=false px px-commit; docker rmi px-commit >/dev/null`,
  },
  {
    name: 'one layer more',
    script: sh`docker run --name px busybox touch /new; docker commit px px-commit >/dev/null; docker image inspect -f '{{len .RootFS.Layers}}' busybox px-commit; docker rmi px-commit >/dev/null`,
  },
  { name: 'of what is not there', script: sh`docker commit nosuch px-commit` },
  {
    name: 'to a bad name',
    script: sh`docker create --name px busybox >/dev/null; docker commit px BAD; docker commit px 'a b'`,
  },
  { name: 'of nothing', script: sh`docker commit; docker commit a b c` },
])
