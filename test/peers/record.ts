/** `npm run peers:record [-- TOPIC…]`: asks the real Docker Engine all cases and builds (`build`, or `build/TOPIC`) and keeps its answers. */
import { recordBuilds } from './build/record.ts'
import { missingPhrases } from './compare.ts'
import { Engine } from './engine.ts'
import { type Recording, writeRecording } from './recorded.ts'
import { loadTopics } from './topics.ts'

const wanted = process.argv.slice(2)
const isWanted = (name: string) =>
  wanted.length === 0 || wanted.includes(name) || wanted.includes(name.split('/')[0] ?? '')
const engine = new Engine('docker')
engine.refuseIfInUse()
const version = engine.say('docker version --format "{{.Server.Version}}"')
for (const topic of await loadTopics()) {
  if (!isWanted(topic.name)) continue
  const recording: Recording = { engine: `Docker Engine ${version}`, answers: {} }
  for (const { name, script, phrases = [] } of topic.cases) {
    const answer = engine.ask(`${topic.name}: ${name}`, script)
    recording.answers[name] = { script: script.split('\n'), ...answer }
    for (const problem of missingPhrases(phrases, answer.stderr))
      console.error(`${topic.name}: ${name}: ${problem}`)
    if (answer.exitCode === 124) console.error(`${topic.name}: ${name}: did not end in time`)
  }
  writeRecording(topic, recording)
  console.log(`${topic.name}: ${topic.cases.length}`)
}
await recordBuilds(engine, version, isWanted)
