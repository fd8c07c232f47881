import { type Prepared, send } from './asker.ts'

/** Containers with ids that begin with the same digit are wanted: after so many there must be two. */
const MAX_CONTAINERS = 17

/** Makes what the cases ask for, in an engine with the image `busybox:latest` and nothing else. Throws where something is not made. */
export async function prepare(socket: string): Promise<Prepared> {
  await must(socket, 'POST /networks/create', {
    Name: 'api-lan',
    IPAM: { Config: [{ Subnet: '10.77.1.0/24', Gateway: '10.77.1.1' }] },
  })
  await must(socket, 'POST /networks/create', { Name: 'api-other' })
  await must(socket, 'POST /volumes/create', { Name: 'api-kept' })
  await must(socket, 'POST /volumes/create', { Name: 'api-free' })
  const ids: string[] = []
  const make = async (name: string, document: object) => {
    const text = await must(socket, `POST /containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: ['sleep', '1000'],
      ...document,
    })
    ids.push(JSON.parse(text).Id)
  }
  await make('api-up', {
    NetworkingConfig: { EndpointsConfig: { 'api-lan': {} } },
    HostConfig: { NetworkMode: 'api-lan', Binds: ['api-kept:/kept'] },
  })
  await make('api-held', {})
  await make('api-over', { Cmd: ['true'] })
  await make('api-made', {})
  // For networks, which it keeps.
  await make('api-spare', {})
  for (const name of ['api-up', 'api-held', 'api-over'])
    await must(socket, `POST /containers/${name}/start`)
  await must(socket, 'POST /containers/api-over/wait')
  await must(socket, 'POST /containers/api-held/pause')
  const made = await must(socket, 'POST /containers/api-up/exec', { Cmd: ['true'] })
  const over = await must(socket, 'POST /containers/api-up/exec', { Cmd: ['true'] })
  await must(socket, `POST /exec/${JSON.parse(over).Id}/start`, { Detach: true })
  while (ambiguous(ids) === undefined && ids.length < MAX_CONTAINERS)
    await make(`api-more-${ids.length}`, {})
  return { ambiguous: ambiguous(ids) ?? '', exec: JSON.parse(made).Id, over: JSON.parse(over).Id }
}

/** A digit that several ids begin with. */
const ambiguous = (ids: readonly string[]): string | undefined =>
  ids.map((id) => id.slice(0, 1)).find((digit, at, all) => all.indexOf(digit) !== at)

/** Removes what was prepared. */
export async function tidy(socket: string): Promise<void> {
  const { text } = await send(socket, 'GET /containers/json?all=1')
  for (const { Id, Names } of JSON.parse(text))
    if (Names.some((name: string) => name.startsWith('/api-')))
      await send(socket, `DELETE /containers/${Id}?force=1&v=1`)
  for (const path of [
    'networks/api-lan',
    'networks/api-other',
    'volumes/api-kept',
    'volumes/api-free',
  ])
    await send(socket, `DELETE /${path}`)
}

async function must(socket: string, ask: string, body?: unknown): Promise<string> {
  const { status, text } = await send(socket, ask, body)
  if (status >= 400) throw new Error(`${ask}: ${status} ${text}`)
  return text
}
