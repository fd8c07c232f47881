import { sh, topic } from '../suite.ts'

const template = (name: string, text: string) => ({
  name,
  script: `docker create --name px -l a=1 -l b.c=2 -e X=1 --expose 80 --tmpfs /t busybox echo 'a <b>' >/dev/null\ndocker inspect --format '${text}' px`,
})

export default topic(
  'templates',
  [
    template('fields', '{{.Name}} {{.State.Status}} {{.Config.Image}}'),
    template('no value', '{{.Config.Labels.nosuch}}|{{.Config.Entrypoint}}|{{.Config.Volumes}}'),
    template('a field that is none', '{{.Nosuch}}'),
    template('a deep field that is none', '{{.State.Nosuch.Deep}}'),
    template('lists and maps', '{{.Config.Cmd}} {{.Config.Labels}} {{.Config.Env}}'),
    template(
      'json',
      '{{json .Config.Cmd}} {{json .Config.Labels}} {{json .State.Running}} {{json .HostConfig.Dns}}',
    ),
    template('index', '{{index .Config.Labels "b.c"}} {{index .Config.Cmd 1}}'),
    template('index out of range', '{{index .Config.Cmd 9}}'),
    template('range with an index', '{{range $i, $v := .Config.Cmd}}{{$i}}={{$v}};{{end}}'),
    template(
      'range over a map is sorted',
      '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}',
    ),
    template('range with else', '{{range .HostConfig.Dns}}x{{else}}none{{end}}'),
    template(
      'with',
      '{{with .Config.Labels}}{{.a}}{{end}}{{with .HostConfig.Binds}}x{{else}}-{{end}}',
    ),
    template('else if', '{{if .State.Running}}a{{else if .State.Paused}}b{{else}}c{{end}}'),
    template('variables', '{{$n := .Name}}{{$n}}{{$n = "z"}}{{$n}}'),
    template('pipelines', '{{.Name | printf "%s-%q" "x"}} {{.Config.Cmd | len}}'),
    template(
      'comparisons',
      '{{eq .Name "/px"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 1 2}} {{eq 1 2 1}}',
    ),
    template('and, or, not', '{{and true .Name}} {{or "" "x"}} {{not .State.Running}}'),
    template('printf', '{{printf "%5d|%-5s|%05.1f|%x|%v|%t|%%" 3 "a" 2.5 255 .Config.Cmd true}}'),
    template('slice', '{{slice .Id 0 0}}{{slice .Config.Cmd 1}}{{slice "abcdef" 1 3}}'),
    template('print and println', '{{print 1 2 "a" "b" 3}}{{println "x" 1}}'),
    template('html, js, urlquery', '{{html "<a>"}} {{js "a<b"}} {{urlquery "a b&c"}}'),
    template(
      'docker functions',
      '{{join .Config.Cmd ","}} {{upper "a"}} {{lower "A"}} {{title "ab cd"}} {{split "a-b" "-"}} {{pad "x" 1 1}}| {{truncate "abc" 2}}',
    ),
    template('trim markers', 'a  {{- .Name -}}   b {{- /* comment */ -}} c'),
    template('comments', '{{/* nothing */}}x'),
    template('define and template', '{{define "T"}}[{{.}}]{{end}}{{template "T" .Name}}'),
    template('block', '{{block "B" .Name}}<{{.}}>{{end}}'),
    template(
      'break and continue',
      '{{range $i, $v := .Config.Cmd}}{{if eq $i 1}}{{break}}{{end}}{{$v}}{{end}}',
    ),
    template(
      'numbers and booleans',
      '{{.State.ExitCode}} {{.State.Dead}} {{.HostConfig.ShmSize}} {{.HostConfig.CpuShares}} {{.HostConfig.OomKillDisable}}',
    ),
    template('structures', '{{.HostConfig.RestartPolicy}} {{.State.Health}}'),
    template('the root variable', '{{with .State}}{{$.Name}}{{end}}'),
    template('raw strings and characters', '{{print `raw\\n` "q\\t"}}|{{printf "%c" 65}}'),
    template('an action that does not end', '{{.Name'),
    template('an unknown function', '{{nosuch 1}}'),
    template('a missing end', '{{if true}}x'),
    template('an unexpected end', '{{end}}'),
    template('wrong number of arguments', '{{len}}'),
    template('a comparison of other types', '{{eq 1 "a"}}'),
    template('range over a number', '{{range .State.Pid}}x{{end}}'),
    template('len of a number', '{{len .State.Pid}}'),
    template('the json format', 'json'),
    template('an empty template is the document', ''),
    template('table is only a word here', 'table {{.Name}}'),
    {
      name: 'several objects are several lines',
      script: sh`docker create --name px1 busybox >/dev/null; docker create --name px2 busybox >/dev/null; docker inspect -f '{{.Name}}' px1 nosuch px2`,
    },
  ].map((peer) =>
    peer.name.includes('json format') || peer.name.includes('empty template')
      ? { ...peer, script: `${peer.script} | cut -c1-8 | head -3` }
      : peer,
  ),
)
