// What a page of an app would ask: lists that grow and are refetched through `node`, a part that may come late,
// a change that adds to a list, and events.
import { graphql } from 'relay-runtime'

export const file = graphql`
  fragment FolderPage_file on File {
    name
    type
    byteSize
    updatedAt
    metadata
  }
`

export const files = graphql`
  fragment FolderPage_files on Folder
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "String" }
    filter: { type: "FileFilter" }
  )
  @refetchable(queryName: "FolderPageFilesQuery") {
    files(first: $count, after: $cursor, filter: $filter)
      @connection(key: "FolderPage_files", filters: ["filter"]) {
      edges {
        node {
          id
          ...FolderPage_file
        }
      }
    }
  }
`

export const subfolders = graphql`
  fragment FolderPage_subfolders on Folder
  @argumentDefinitions(
    first: { type: "Int", defaultValue: 20 }
    after: { type: "String" }
    last: { type: "Int" }
    before: { type: "String" }
  )
  @refetchable(queryName: "FolderPageSubfoldersQuery") {
    subfolders(first: $first, after: $after, last: $last, before: $before)
      @connection(key: "FolderPage_subfolders") {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`

export const summary = graphql`
  fragment FolderPage_summary on Folder {
    summary {
      fileCount
      byteSize
    }
  }
`

export const page = graphql`
  query FolderPageQuery($id: ID!, $filter: FileFilter) {
    folder(id: $id) {
      name
      userRole
      ...FolderPage_files @arguments(filter: $filter)
      ...FolderPage_subfolders
      ...FolderPage_summary @defer(label: "summary")
    }
  }
`

export const tag = graphql`
  mutation FolderPageTagMutation($input: CreateTagInput!, $connections: [ID!]!) {
    createTag(input: $input) {
      tag @prependNode(connections: $connections, edgeTypeName: "TagEdge") {
        id
        name
      }
      userErrors {
        code
        message
        field
      }
    }
  }
`

export const progress = graphql`
  subscription FolderPageSubscription($jobId: ID!, $after: EventCursor) {
    uploadProgress(jobId: $jobId, after: $after) {
      cursor
      job {
        status
        doneCount
        unitCount
        finishedAt
      }
    }
  }
`
