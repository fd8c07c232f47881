import { sh, topic } from '../suite.ts'

export default topic('health', [
  {
    name: 'healthy',
    script: sh`box px --health-cmd true --health-interval 200ms; until_says healthy docker inspect -f '{{.State.Health.Status}}' px; docker ps --format '{{.Status}}'; docker inspect px | jq -c '.[0].State.Health | .Status, .FailingStreak, .Log[0].ExitCode, (.Log[0] | keys_unsorted)'`,
  },
  {
    name: 'unhealthy after its retries',
    script: sh`box px --health-cmd 'echo broken; exit 1' --health-interval 200ms --health-retries 2; until_says unhealthy docker inspect -f '{{.State.Health.Status}}' px; docker ps --format '{{.Status}}'; docker inspect px | jq -c '.[0].State.Health | .Status, .Log[0].ExitCode, .Log[0].Output'`,
  },
  {
    name: 'starting',
    script: sh`box px --health-cmd true --health-interval 1h; docker ps --format '{{.Status}}'; docker inspect -f '{{json .State.Health}}' px`,
  },
  {
    name: 'no check',
    script: sh`box px; docker inspect -f '{{json .State.Health}}' px; docker ps --format '{{.Status}}'`,
  },
  {
    name: 'a check that takes too long',
    script: sh`box px --health-cmd 'sleep 10' --health-interval 200ms --health-timeout 300ms --health-retries 1; until_says unhealthy docker inspect -f '{{.State.Health.Status}}' px; docker inspect px | jq -c '.[0].State.Health.Log[0] | .ExitCode, .Output'`,
  },
  {
    name: 'the filter',
    script: sh`box px --health-cmd true --health-interval 200ms; until_says healthy docker inspect -f '{{.State.Health.Status}}' px; docker ps -f health=healthy --format '{{.Names}}'; docker ps -f health=starting --format '{{.Names}}'`,
  },
  {
    name: 'five results are kept',
    script: sh`box px --health-cmd 'echo >>/checks' --health-interval 100ms; docker exec px sh -c 'until [ "$(wc -l 2>/dev/null </checks)" -gt 6 ]; do sleep 0.1; done' 2>/dev/null; docker inspect px | jq '.[0].State.Health.Log | length'`,
  },
])
