import type { Engine } from '../engine.ts'
import { type Recording, writeRecording } from '../recorded.ts'
import { readAnswer } from './answer.ts'
import {
  asRecorded,
  type BuildAnswer,
  type BuildCase,
  caseDigest,
  type KeptAnswer,
  scriptOf,
} from './suite.ts'
import { loadBuildTopics } from './topics.ts'

function answerOf(engine: Engine, name: string, each: BuildCase): BuildAnswer {
  try {
    // What another case has left in the cache has other times of change.
    const script = `docker builder prune -af >/dev/null 2>&1\n${scriptOf(asRecorded(each))}`
    return readAnswer(engine.askBuild(script))
  } catch (error) {
    throw new Error(name, { cause: error })
  }
}

/** Asks the engine the builds of the topics that are wanted, by name; `build`: all of them. */
export async function recordBuilds(
  engine: Engine,
  version: string,
  isWanted: (name: string) => boolean,
): Promise<void> {
  for (const topic of await loadBuildTopics()) {
    if (!isWanted(topic.name)) continue
    const recording: Recording<KeptAnswer> = { engine: `Docker Engine ${version}`, answers: {} }
    for (const each of topic.cases) {
      const answer = answerOf(engine, `${topic.name}: ${each.name}`, each)
      recording.answers[each.name] = { asked: caseDigest(each), ...answer }
      for (const phrase of each.phrases ?? [])
        if (!answer.error.join('\n').includes(phrase))
          console.error(`${topic.name}: ${each.name}: the error does not say "${phrase}"`)
      if (answer.exitCode === 124) console.error(`${topic.name}: ${each.name}: did not end in time`)
    }
    writeRecording(topic, recording)
    console.log(`${topic.name}: ${topic.cases.length}`)
  }
}
