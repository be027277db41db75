// node served.mjs SCHEMA URL: what differs between a schema and what a server tells of itself; ends with 1 if any.
import { readFileSync } from 'node:fs'
import { diff } from '@graphql-inspector/core'
import { buildClientSchema, buildSchema, getIntrospectionQuery, printSchema } from 'graphql'

const [path, url] = process.argv.slice(2)
const query = getIntrospectionQuery({
  directiveIsRepeatable: true,
  inputValueDeprecation: true,
  oneOf: true,
  schemaDescription: true,
  specifiedByUrl: true,
})
const headers = { 'content-type': 'application/json' }
const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) })
const { data, errors } = await response.json()
if (errors) throw new Error(JSON.stringify(errors))
const served = printSchema(buildClientSchema(data))
const changes = await diff(buildSchema(readFileSync(path, 'utf8')), buildSchema(served))
for (const { message } of changes) console.log(message)
process.exitCode = changes.length ? 1 : 0
