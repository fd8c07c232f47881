/**
 * `SOCKET=/path/docker.sock npm run peers:record-api [-- TOPIC…]`: asks a real Docker Engine all requests and keeps its answers. The
 * engine has the image `busybox` of `test/fixtures/images.ts`, and nothing else.
 */
import { writeRecording } from '../recorded.ts'
import { askCase, send } from './asker.ts'
import { prepare, tidy } from './prepare.ts'
import { type ApiAnswer, nameOf } from './suite.ts'
import { loadApiTopics } from './topics.ts'

const { SOCKET } = process.env
if (!SOCKET) throw new Error('SOCKET names no socket of an engine')
const wanted = process.argv.slice(2)
const { Version } = JSON.parse((await send(SOCKET, 'GET /version')).text)
await tidy(SOCKET)
const prepared = await prepare(SOCKET)
try {
  for (const topic of await loadApiTopics()) {
    if (wanted.length > 0 && !wanted.includes(topic.name)) continue
    const answers: Record<string, ApiAnswer> = {}
    for (const one of topic.cases) {
      const name = nameOf(one)
      if (name in answers) console.error(`${topic.name}: ${name}: twice`)
      answers[name] = await askCase(SOCKET, prepared, one)
    }
    writeRecording({ name: `api/${topic.name}` }, { engine: `Docker Engine ${Version}`, answers })
    console.log(`${topic.name}: ${topic.cases.length}`)
  }
} finally {
  await tidy(SOCKET)
}
