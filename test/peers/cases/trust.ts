import { sh, topic } from '../suite.ts'

/** What Docker's client says where there is no trust data. The engine reaches no trust server, and here there is none. */
export default topic('trust', [
  { name: 'inspect of what nobody has signed', script: sh`code docker trust inspect busybox` },
  {
    name: 'inspect of several',
    script: sh`code docker trust inspect busybox:latest debian 127.0.0.1:1/x:2`,
  },
  { name: 'inspect for people', script: sh`code docker trust inspect --pretty busybox` },
  {
    name: 'inspect by digest',
    script: sh`code docker trust inspect busybox@sha256:${'0'.repeat(64)}`,
  },
  { name: 'inspect of a bad name', script: sh`code docker trust inspect BAD busybox` },
  {
    name: 'too few words',
    script: sh`
      for c in inspect sign revoke 'key generate' 'key load' 'signer add x' 'signer remove x'; do
      docker trust $c >out 2>err; echo "= $?"; cat out; head -3 err; done`,
  },
  {
    name: 'groups',
    script: sh`
      for c in '' --help key signer 'key --help' nosuch 'key nosuch' 'signer nosuch -x'; do
      docker trust $c >out 2>err; echo "$c $? $(grep -c ^Usage: out) $(grep -c ^Usage: err)"; done`,
  },
  { name: 'sign without a tag', script: sh`code docker trust sign busybox` },
  {
    name: 'sign by digest',
    script: sh`code docker trust sign busybox@sha256:${'0'.repeat(64)}`,
  },
  { name: 'a bad name of a key', script: sh`code docker trust key generate 'Bob!'` },
  { name: 'a key that is not there', script: sh`code docker trust key load /nosuch` },
  { name: 'a signer without a key', script: sh`code docker trust signer add bob busybox` },
  {
    name: "a signer's key that is not there",
    script: sh`code docker trust signer add --key /nosuch bob busybox`,
  },
  {
    name: 'content trust of an image by name',
    script: sh`
      for value in 1 true xyz; do DOCKER_CONTENT_TRUST=$value docker run --rm busybox true 2>err; echo "= $?"
      grep -c '^docker: Error: ' err; done; docker run --disable-content-trust=false busybox true 2>/dev/null; echo "= $?"
      DOCKER_CONTENT_TRUST=1 docker create busybox 2>err; echo "= $?"; grep -c '^Error: ' err; docker ps -aq`,
  },
  {
    name: 'content trust of an image by id',
    script: sh`
      export DOCKER_CONTENT_TRUST=1; code docker run --rm $(docker images -q --no-trunc busybox) echo ran
      docker run --rm $(docker images -q busybox) echo ran 2>err; echo "= $?"; grep -c '^docker: Error: ' err`,
  },
  {
    name: 'content trust that is off',
    script: sh`
      DOCKER_CONTENT_TRUST=0 docker run --rm busybox echo ran; DOCKER_CONTENT_TRUST= docker run --rm busybox echo ran
      DOCKER_CONTENT_TRUST=1 docker run --rm --disable-content-trust busybox echo ran`,
  },
  {
    name: 'the default of the flag',
    script: sh`
      says() { docker $1 --help | tr -s '\n ' ' ' | grep -o 'disable-content-trust Skip image [a-z]*[^-]*true)'; echo "= $?"; }
      for c in run create pull push; do says $c; DOCKER_CONTENT_TRUST=1 says $c; done`,
  },
])
