// node documents.mjs SCHEMA DOCUMENT…: ends with 1 if a document is not valid, or uses what is deprecated.
import { readFileSync } from 'node:fs'
import { validate } from '@graphql-inspector/core'
import { buildSchema, Source } from 'graphql'

const [sdl, ...paths] = process.argv.slice(2)
const sources = paths.map((path) => new Source(readFileSync(path, 'utf8'), path))
const schema = buildSchema(readFileSync(sdl, 'utf8'))
const found = validate(schema, sources, { maxDepth: 12, strictDeprecated: true })
for (const { source, errors, deprecated } of found) {
  for (const { message } of [...errors, ...deprecated]) console.log(`${source.name}: ${message}`)
}
process.exitCode = found.length ? 1 : 0
