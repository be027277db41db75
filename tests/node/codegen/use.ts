// Uses the generated types as an app would; `tsc` refuses this file if a type says something else.
import type { ResultOf, VariablesOf } from '@graphql-typed-document-node/core'
import {
  CreateTagDocument,
  FileCardFragmentDoc,
  FolderFilesDocument,
  NodesDocument,
  UploadProgressDocument,
} from './build/graphql'
import { useFragment } from './build'

export function sizes(page: ResultOf<typeof FolderFilesDocument>): number[] {
  const files = useFragment(FileCardFragmentDoc, page.folder?.files.nodes ?? [])
  return files.map((file) => file.byteSize ?? 0)
}

export function share(event: ResultOf<typeof UploadProgressDocument>): number {
  const { doneCount, unitCount } = event.uploadProgress.job
  return doneCount / unitCount
}

export const resumed = (jobId: string, after: string): VariablesOf<typeof UploadProgressDocument> => ({ jobId, after })

export const filtered: VariablesOf<typeof FolderFilesDocument> = {
  id: 'folder_1',
  filter: { or: [{ name: { contains: 'cat' } }, { byteSize: { gt: 1_000 } }] },
  sort: [{ by: { field: 'NAME' }, direction: 'DESC' }],
}

export const source: VariablesOf<typeof CreateTagDocument> = { input: { name: 'urgent' } }

export function missing(found: ResultOf<typeof NodesDocument>): number {
  return (found.nodes ?? []).filter((node) => node === null).length
}

// @ts-expect-error  a tag needs a name
export const nameless: VariablesOf<typeof CreateTagDocument> = { input: {} }

// @ts-expect-error  a byte size is a number
export const textual: VariablesOf<typeof FolderFilesDocument> = { id: 'folder_1', filter: { byteSize: { gt: '1' } } }
