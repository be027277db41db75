// graphql-ws, over the WebSocket of Node.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'graphql-ws'
import { CANCEL, cancelling, given, headers, run, say, socketUrl, UPLOAD_PROGRESS } from './ground.mjs'

const ME = { query: '{ me { id } }' }
const TAG = {
  query: 'mutation Tag($input: CreateTagInput!) { createTag(input: $input) { tag { name } } }',
  variables: { input: { name: 'urgent' } },
}
const progress = () => ({ query: UPLOAD_PROGRESS, variables: { jobId: given.jobId } })
const cancel = () => ({ query: CANCEL, variables: cancelling() })

// A client, and what became of its sockets.
function connected(options) {
  const log = []
  const on = Object.fromEntries(
    ['opened', 'connected', 'closed'].map((event) => [event, () => log.push(event)]),
  )
  const client = createClient({ url: socketUrl, connectionParams: headers, on, ...options })
  return { client, log }
}

async function only(client, payload) {
  const [result] = await Array.fromAsync(client.iterate(payload))
  return result
}

const refused = (client, payload) => only(client, payload).catch((errors) => errors)

const cases = {
  async oneSocket() {
    const { client, log } = connected({ lazyCloseTimeout: 5_000 })
    const events = client.iterate(progress())
    const first = await events.next()
    const [me, tag] = await Promise.all([only(client, ME), only(client, TAG)])
    await only(client, cancel())
    return { me, tag, events: [first.value, ...(await Array.fromAsync(events))], log }
  },

  async mistakes() {
    const { client, log } = connected()
    const events = client.iterate(progress())
    const first = await events.next()
    const errors = [
      await refused(client, { query: '{ me { id }' }),
      await refused(client, { query: '{ me { nothing } }' }),
      await refused(client, { query: 'query One { me { id } }', operationName: 'Other' }),
      await refused(client, { query: UPLOAD_PROGRESS, variables: {} }),
    ]
    await only(client, cancel())
    return { errors, events: [first.value, ...(await Array.fromAsync(events))], log }
  },

  async lazy() {
    const { client, log } = connected()
    await sleep(100)
    const before = [...log]
    await only(client, ME)
    while (!log.includes('closed')) await sleep(10)
    return { before, log }
  },

  async pings() {
    const { client } = connected({ keepAlive: 50, lazy: false })
    let pongs = 0
    await new Promise((enough) => client.on('pong', (received) => received && ++pongs === 3 && enough()))
    return { pongs }
  },

  async refusedCredentials() {
    const { client } = connected({ connectionParams: { authorization: 'Bearer lg_wrong' }, retryAttempts: 0 })
    const closed = await refused(client, ME)
    return { code: closed.code }
  },

  // Speaks while it runs: each event, and each time the socket is open again.
  async resume() {
    const { client } = connected({ retryAttempts: 50, retryWait: () => sleep(50), shouldRetry: () => true })
    client.on('connected', () => say('connected'))
    const { query, variables } = progress()
    for await (const { data } of client.iterate({ query, variables })) {
      const { cursor, job } = data.uploadProgress
      variables.after = cursor // the client sends these variables when it subscribes again
      say(job.status)
    }
    return 'complete'
  },
}

await run(cases)
