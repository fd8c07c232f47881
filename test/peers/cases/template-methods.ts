import { topic } from '../suite.ts'

/** What the types of Docker's client can do beside their fields. */
const template = (name: string, text: string, flags = '') => ({
  name,
  script: `docker create --name pm --ulimit nofile=10:20 --restart on-failure:3 --health-cmd true --health-interval 90s --expose 90 -p 127.0.0.1:38088:80/udp ${flags} busybox >/dev/null\ndocker inspect --format '${text}' pm`,
})
const each = (field: string, ...methods: string[]) =>
  methods.map((method) => `${method}={{.HostConfig.${field}.${method}}}`).join(' ')

const NETWORK = each(
  'NetworkMode',
  'IsHost',
  'IsDefault',
  'IsPrivate',
  'IsBridge',
  'NetworkName',
  'IsUserDefined',
  'UserDefined',
  'ConnectedContainer',
  'IsContainer',
  'IsNone',
)
const NAMESPACES = [
  each('IpcMode', 'IsPrivate', 'IsShareable', 'IsEmpty', 'IsNone', 'IsHost', 'IsContainer'),
  each('IpcMode', 'Valid', 'Container'),
  each('PidMode', 'IsPrivate', 'IsHost', 'IsContainer', 'Valid', 'Container'),
  each('UTSMode', 'IsPrivate', 'IsHost', 'Valid'),
  each('UsernsMode', 'IsPrivate', 'IsHost', 'Valid'),
  each('CgroupnsMode', 'IsEmpty', 'Valid'),
  each('Isolation', 'IsDefault', 'IsHyperV', 'IsProcess'),
  each('Cgroup', 'IsContainer', 'Valid', 'Container'),
].join(' ')
const POLICY = each('RestartPolicy', 'IsNone', 'IsAlways', 'IsOnFailure', 'IsUnlessStopped')

export default topic('template-methods', [
  template('the network mode', NETWORK),
  template('the network mode: host', NETWORK, '--network host'),
  template('the network mode: none', NETWORK, '--network none'),
  {
    name: 'the network mode: a network, another container',
    script: `docker network create pmn >/dev/null; docker create --name pmt busybox >/dev/null
docker create --name pm1 --network pmn busybox >/dev/null
docker create --name pm2 --network container:pmt busybox >/dev/null
docker inspect --format '${NETWORK.replace('{{.HostConfig.NetworkMode.ConnectedContainer}}', '{{len .HostConfig.NetworkMode.ConnectedContainer}}')}' pm1 pm2`,
  },
  template('namespaces', NAMESPACES),
  template(
    'namespaces of the host',
    NAMESPACES,
    '--pid host --ipc host --uts host --cgroupns host',
  ),
  template('the restart policy', POLICY),
  template(
    'ports as keys',
    '{{range $p, $b := .HostConfig.PortBindings}}{{$p}} {{$p.Port}} {{$p.Int}} {{$p.Proto}} {{(index $b 0).HostPort}};{{end}}{{range $p, $e := .Config.ExposedPorts}}{{$p.Port}}-{{$p.Proto}} {{end}}',
  ),
  template(
    'a key of its own type finds its entry',
    '{{range $p, $b := .HostConfig.PortBindings}}{{index $.HostConfig.PortBindings $p}}{{end}}',
  ),
  template('a text is no port', '{{index .HostConfig.PortBindings "80/udp"}}'),
  template(
    'limits show themselves',
    '{{.HostConfig.Ulimits}} {{range .HostConfig.Ulimits}}{{.}} {{.String}} {{.Name}}{{end}} {{printf "%v %s" .HostConfig.Ulimits .HostConfig.Ulimits}}',
  ),
  template(
    'durations',
    '{{with .Config.Healthcheck.Interval}}{{.}} {{.Seconds}} {{.Minutes}} {{.Hours}} {{.Milliseconds}} {{.Microseconds}} {{.Nanoseconds}} {{.String}}{{end}}',
  ),
  template('a method that is none', '{{.HostConfig.NetworkMode.Nope}}'),
  template('a method takes no argument', '{{.HostConfig.NetworkMode.IsHost 3}}'),
  template('methods are not in the document', '{{json .HostConfig.RestartPolicy}}'),
])
