// urql's core, with the exchanges that an app would put in.
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { persistedExchange } from '@urql/exchange-persisted'
import { createClient } from 'graphql-ws'
import {
  CANCEL,
  cancelling,
  document,
  given,
  headers,
  run,
  socketUrl,
  UPLOAD_PROGRESS,
  url,
  watched,
} from './ground.mjs'

const { fetch, seen } = watched()
const FILES = document('folder-files')
const folder = () => ({ id: given.folderId })

const client = (exchanges, options) =>
  new Client({ url, exchanges, fetch, fetchOptions: { headers }, ...options })

const told = ({ data, error }) => ({ data, error: error?.message })

// The results of a subscription until the job has ended; it is cancelled after the first.
function events(one) {
  const found = []
  return new Promise((ended) => {
    one.subscription(UPLOAD_PROGRESS, { jobId: given.jobId }).subscribe((result) => {
      found.push(told(result))
      if (result.error || result.data.uploadProgress.job.status !== 'PENDING') ended(found)
      else if (found.length === 1) one.mutation(CANCEL, cancelling()).toPromise()
    })
  })
}

const overSocket = () => {
  const socket = createClient({ url: socketUrl, connectionParams: headers })
  return subscriptionExchange({
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
    }),
  })
}

async function query(options, exchanges = [fetchExchange], files = FILES) {
  const result = await client(exchanges, options).query(files, folder()).toPromise()
  return { ...told(result), seen }
}

const cases = {
  query: () => query({ preferGetMethod: false }),

  queryByGet: () => query({ preferGetMethod: 'force' }),

  queryBesideStreams: () => query({ preferGetMethod: false, fetchSubscriptions: true }),

  async mistake() {
    return told(await client([fetchExchange]).query('{ me { nothing } }', {}).toPromise())
  },

  // The second client knows nothing of the first, but the server does; nobody has sent this document before.
  async persisted() {
    const files = FILES.replace('FolderFiles', given.folderId)
    const exchanges = () => [persistedExchange({ preferGetForPersistedQueries: true }), fetchExchange]
    const first = await query({}, exchanges(), files)
    const second = await query({}, exchanges(), files)
    return { first: first.data, second: second.data, error: first.error ?? second.error, seen }
  },

  async socketEvents() {
    return { events: await events(client([fetchExchange, overSocket()])), seen }
  },

  async streamedEvents() {
    return { events: await events(client([fetchExchange], { fetchSubscriptions: true })), seen }
  },
}

await run(cases)
