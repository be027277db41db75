// node changes.mjs OLD NEW: what differs between two schemas; ends with 1 if that breaks a client.
import { readFileSync } from 'node:fs'
import { CriticalityLevel, diff } from '@graphql-inspector/core'
import { buildSchema } from 'graphql'

const [before, after] = process.argv.slice(2).map((path) => buildSchema(readFileSync(path, 'utf8')))
const changes = await diff(before, after)
for (const { criticality, message } of changes) console.log(`${criticality.level}: ${message}`)
process.exitCode = changes.some((one) => one.criticality.level === CriticalityLevel.Breaking) ? 1 : 0
