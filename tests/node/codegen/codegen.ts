// Typed documents for a browser's client, with a type of TypeScript for each scalar of ours.
import type { CodegenConfig } from '@graphql-codegen/cli'

const config: CodegenConfig = {
  schema: '../../../schema/schema.graphql',
  documents: ['../operations/*.graphql'],
  generates: {
    './build/': {
      preset: 'client',
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' } },
      config: {
        strictScalars: true,
        scalars: {
          DateTime: 'string',
          EventCursor: 'string',
          JSON: { input: 'unknown', output: 'unknown' },
          SafeInt: 'number',
          URL: 'string',
          Vector: { input: 'string | number[]', output: 'string' },
        },
        useTypeImports: true,
      },
    },
  },
}

export default config
