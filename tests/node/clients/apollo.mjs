// Apollo Client, with the links that an app would put in.
import { createHash } from 'node:crypto'
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client'
import { Defer20220824Handler, GraphQL17Alpha9Handler } from '@apollo/client/incremental'
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries'
import { GraphQLWsLink } from '@apollo/client/link/subscriptions'
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

const FILES = gql(document('folder-files'))
const SUMMARY = gql(document('folder-summary'))
const HANDLERS = { Defer20220824Handler, GraphQL17Alpha9Handler }

const { fetch, seen } = watched()
const http = new HttpLink({ uri: url, headers, fetch })
const client = (link, options) => new ApolloClient({ link, cache: new InMemoryCache(), ...options })
const folder = () => ({ id: given.folderId })

async function query(link, document = FILES, variables = folder()) {
  const { data, error } = await client(link).query({ query: document, variables, errorPolicy: 'all' })
  return { data, error: error?.message, seen }
}

const cases = {
  query: () => query(http),

  mistake: () => query(http, gql('{ me { nothing } }'), {}),

  async mutation() {
    const { data } = await client(http).mutate({ mutation: gql(CANCEL), variables: cancelling() })
    return { data }
  },

  // The second client knows nothing of the first, but the server does; nobody has sent this document before.
  async persisted() {
    const files = gql(document('folder-files').replace('FolderFiles', given.folderId))
    const sha256 = (text) => createHash('sha256').update(text).digest('hex')
    const link = () =>
      ApolloLink.from([new PersistedQueryLink({ sha256, useGETForHashedQueries: true }), http])
    const first = await query(link(), files)
    const second = await query(link(), files)
    return { first: first.data, second: second.data, seen }
  },

  // What the page would show, in order: [{ data, dataState }, …].
  async deferred() {
    const incrementalHandler = new HANDLERS[given.handler]()
    const watch = client(http, { incrementalHandler }).watchQuery({ query: SUMMARY, variables: folder() })
    const shown = []
    await new Promise((done, failed) => {
      watch.subscribe(({ data, dataState, error }) => {
        if (error) failed(error)
        if (data) shown.push({ data, dataState })
        if (dataState === 'complete') done()
      })
    })
    return { shown, seen }
  },

  async events() {
    const link = new GraphQLWsLink(createClient({ url: socketUrl, connectionParams: headers }))
    const one = client(link)
    const shown = []
    await new Promise((complete, error) => {
      const next = ({ data, error: refused }) => {
        if (refused) error(refused)
        shown.push(data)
        if (shown.length === 1) one.mutate({ mutation: gql(CANCEL), variables: cancelling() })
      }
      const variables = { jobId: given.jobId }
      one.subscribe({ query: gql(UPLOAD_PROGRESS), variables }).subscribe({ next, error, complete })
    })
    return { shown }
  },
}

await run(cases)
