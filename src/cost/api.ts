/** Questions, from the gateway to the bucket, and the page. */
import type { Line } from './bill.ts'
import { guessed } from './bill.ts'
import type { CostLoad } from './load.ts'
import { ASSUMED, DAYS, GB } from './load.ts'

const MILLION = 1e6

export function linesOfApi(load: CostLoad): readonly Line[] {
  const questions = load.questionsPerDay * DAYS
  const { lambdaGb, lambdaS, getsPerQuestion, accessLogBytes } = ASSUMED
  return [
    guessed('requests', 'apiRequest', questions / MILLION),
    guessed('calls of the function', 'lambdaRequest', questions / MILLION),
    guessed('its time', 'lambdaTime', questions * lambdaGb * lambdaS),
    guessed('reading results', 's3Read', (questions * getsPerQuestion) / 1_000),
    guessed('answers to the internet', 'internetTransfer', (questions * load.answerBytes) / GB),
    guessed('access logs', 'logsTaken', (questions * accessLogBytes) / GB),
    ...(load.dashboard ? pageLines(load) : []),
  ]
}

function pageLines({ pageLoadsPerDay }: CostLoad): readonly Line[] {
  const loads = pageLoadsPerDay * DAYS
  return [
    guessed('the page, sent', 'pageTransfer', (loads * ASSUMED.pageBytes) / GB),
    guessed('the page, requests', 'pageRequest', (loads * ASSUMED.requestsPerPage) / 10_000),
  ]
}
