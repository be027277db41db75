// What the scripts share. `node CLIENT.mjs '{"case": …, "url": …, "token": …, …}'` runs one case and prints JSON.
import { readFileSync } from 'node:fs'

export const { case: name, ...given } = JSON.parse(process.argv[2])
export const url = `${given.server}/graphql`
export const socketUrl = url.replace('http', 'ws')
export const headers = { authorization: `Bearer ${given.token}` }

export const say = (line) => console.log(JSON.stringify(line))

// Runs the case that was asked for; nothing that a client leaves open keeps the script alive.
export async function run(cases) {
  say((await cases[name]()) ?? null)
  process.exit()
}

// One of the documents in ../operations.
export const document = (file) =>
  readFileSync(new URL(`../operations/${file}.graphql`, import.meta.url), 'utf8')

export const UPLOAD_PROGRESS = document('upload-progress')
export const CANCEL = `mutation Cancel($input: CancelUploadJobInput!) {
  cancelUploadJob(input: $input) { job { id status } userErrors { message } }
}`
export const cancelling = () => ({ input: { id: given.jobId } })

// `fetch`, and what went through it.
export function watched() {
  const seen = []
  const fetch = async (address, options = {}) => {
    const response = await globalThis.fetch(address, options)
    seen.push({
      method: options.method ?? 'GET',
      status: response.status,
      type: response.headers.get('content-type').split(';')[0],
      hasDocument: `${address}${options.body}`.includes('folder'),
    })
    return response
  }
  return { fetch, seen }
}
