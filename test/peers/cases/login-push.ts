import { sh, topic } from '../suite.ts'

/** A configuration of the script's own: nothing of the user's is read or changed. */
const CONFIG = 'export DOCKER_CONFIG=$(mktemp -d)'
const NOBODY = '127.0.0.1:9'

const withConfig = (name: string, script: string) => ({ name, script: `${CONFIG}\n${script}` })

/** What needs no registry. */
export default topic('login-push', [
  withConfig('login without a terminal', sh`docker login ${NOBODY} </dev/null`),
  withConfig('login with a name alone', sh`docker login -u joe ${NOBODY} </dev/null`),
  withConfig('login with a password alone', sh`docker login -p x ${NOBODY} </dev/null`),
  withConfig(
    'login: a password from the input needs a name',
    sh`docker login --password-stdin ${NOBODY} </dev/null`,
  ),
  withConfig(
    'login: two passwords',
    sh`docker login -u joe -p x --password-stdin ${NOBODY} </dev/null`,
  ),
  withConfig(
    'login: an empty password',
    sh`docker login -u joe --password-stdin ${NOBODY} </dev/null`,
  ),
  withConfig('login: nobody is there', sh`docker login -u joe -p x ${NOBODY}; ls $DOCKER_CONFIG`),
  withConfig('login to two', sh`docker login a b`),
  withConfig(
    'logout of where nobody is logged in',
    sh`docker logout ${NOBODY}; docker logout; docker logout https://a.example/v1/x`,
  ),
  withConfig(
    'logout takes away what is there',
    `cat >$DOCKER_CONFIG/config.json <<'X'
{ "auths": { "${NOBODY}": { "auth": "eDp5" }, "b.example": { "auth": "eDp5" } }, "psFormat": "x" }
X
docker logout ${NOBODY}; docker logout b.example; cat $DOCKER_CONFIG/config.json`,
  ),
  withConfig('push of what is not here', sh`docker push nosuch; docker push ${NOBODY}/nosuch:1`),
  withConfig(
    'push of another tag',
    sh`docker tag busybox ${NOBODY}/px:1; docker push ${NOBODY}/px:2; docker rmi ${NOBODY}/px:1 >/dev/null`,
  ),
  withConfig(
    'push of a digest',
    sh`docker push busybox@sha256:0000000000000000000000000000000000000000000000000000000000000000`,
  ),
  withConfig('push -a of a tag', sh`docker push -a busybox:latest`),
  withConfig('push -a of what is not here', sh`docker push -a ${NOBODY}/nosuch`),
  withConfig('push of no name', sh`docker push UPPER; docker push; docker push a b`),
  withConfig(
    'push to where nobody is',
    sh`docker tag busybox ${NOBODY}/px; docker push ${NOBODY}/px; docker push -q ${NOBODY}/px; docker rmi ${NOBODY}/px >/dev/null`,
  ),
])
