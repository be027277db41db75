// graphql-sse in its distinct mode, and the resuming that is plain HTTP's.
import { createClient } from 'graphql-sse'
import { CANCEL, cancelling, given, headers, run, UPLOAD_PROGRESS, url } from './ground.mjs'

const client = createClient({ url, headers, singleConnection: false, retryAttempts: 0 })
const progress = () => ({ query: UPLOAD_PROGRESS, variables: { jobId: given.jobId } })
const all = (payload) => Array.fromAsync(client.iterate(payload))
const cancel = () => all({ query: CANCEL, variables: cancelling() })

// The fields of each event of a stream, as they arrive: [{ event, id, data }, …] one by one.
async function* stream(more = {}) {
  const accept = { accept: 'text/event-stream', 'content-type': 'application/json' }
  const body = JSON.stringify(progress())
  const response = await fetch(url, { method: 'POST', headers: { ...headers, ...accept, ...more }, body })
  let text = ''
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (text + piece).split('\n\n')
    text = events.pop()
    for (const event of events) {
      const lines = event.split('\n').filter((line) => !line.startsWith(':'))
      if (lines.length) yield Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s)))
    }
  }
}

const cases = {
  query: () => all({ query: '{ me { id } }' }),

  mistake: () => all({ query: '{ me { nothing } }' }),

  mutation: () => all({ query: CANCEL, variables: cancelling() }),

  async subscription() {
    const events = client.iterate(progress())
    const first = await events.next()
    await cancel()
    return [first.value, ...(await Array.fromAsync(events))]
  },

  // Reads one event, goes away, comes back with its id, and only then does something happen.
  async resume() {
    const before = await stream().next()
    const events = stream({ 'last-event-id': before.value.id })
    const next = events.next()
    const quiet = await Promise.race([next, new Promise((done) => setTimeout(done, 500, 'quiet'))])
    await cancel()
    const after = [(await next).value, ...(await Array.fromAsync(events))]
    return { before: before.value, quiet, after }
  },
}

await run(cases)
