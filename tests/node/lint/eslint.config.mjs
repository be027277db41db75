// Run from the root of the repository, with --suppressions-location tests/node/lint/suppressions.json. Suppressed are
// `memberships` of `Me` and `memberType` of `Member`: English words, no prefixes, and the rule takes no exceptions.
import graphql from '@graphql-eslint/eslint-plugin'

const SDL = 'schema/schema.graphql'
const OPERATIONS = 'tests/node/operations/*.graphql'

// What has no id: pages, answers, and parts that are found only through what they belong to.
const PAGES_AND_ANSWERS = ['Connection', 'Edge', 'PageInfo', 'Payload', 'Event', 'Result', 'Error']
const PARTS = [
  'CollectedFiles',
  'CollectionPlace',
  'ComputedEmbeddings',
  'EmbeddingEncoder',
  'EmbeddingKey',
  'EmbeddingPlotView',
  'EmbeddingRecall',
  'EmbeddingRecallQuery',
  'EncodedText',
  'FileEmbedding',
  'FileFacet',
  'FileFacetBucket',
  'FileFacetValue',
  'FileFacets',
  'FileMember',
  'FileSearchTypeErrors',
  'FileTypeCount',
  'FileUsage',
  'FilterExplanation',
  'FilterIndex',
  'FilterPresetProblem',
  'FolderSummary',
  'FrameEmbedding',
  'Grant',
  'IntegrationCheck',
  'IntegrationConfiguration',
  'IntegrationFinding',
  'KeyFrame',
  'Membership',
  'MetadataFileCount',
  'MetadataKeyIndex',
  'MetadataSchema',
  'NearDuplicate',
  'NearDuplicateGroup',
  'NearDuplicateSummary',
  'PlotExtent',
  'PlotPoint',
  'PlotTile',
  'RateLimit',
  'Similarity',
  'SkippedImage',
  'TotalCount',
  'UploadHeader',
  'UploadUnit',
  'VectorIndex',
  'WrittenEmbeddings',
]

const bends = {
  '@graphql-eslint/strict-id-in-types': [
    'error',
    { exceptions: { suffixes: PAGES_AND_ANSWERS, types: PARTS } },
  ],
  // A short list may hold things that are not edges, and a page may hold parts.
  '@graphql-eslint/relay-edge-types': [
    'error',
    { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false, withEdgeSuffix: true },
  ],
  // Built into GraphQL; it stands in the SDL for tools that are older than it.
  '@graphql-eslint/require-description': [
    'error',
    {
      ...graphql.configs['flat/schema-recommended'].rules['@graphql-eslint/require-description'][1],
      ignoredSelectors: ['DirectiveDefinition[name.value=oneOf]'],
    },
  ],
}

export default [
  {
    files: ['**/*.graphql'],
    plugins: { '@graphql-eslint': graphql },
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: SDL, documents: OPERATIONS } },
    },
  },
  {
    files: [SDL],
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      ...bends,
    },
  },
  { files: [OPERATIONS], rules: graphql.configs['flat/operations-recommended'].rules },
]
