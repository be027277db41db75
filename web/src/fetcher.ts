// Sends what is in the editor: subscriptions over WebSocket, all else over HTTP.
import { createGraphiQLFetcher, isAsyncIterable, type Fetcher, type FetcherParams } from "@graphiql/toolkit";
import { getOperationAST, parse, type ExecutionResult, type OperationDefinitionNode } from "graphql";
import { createClient, type Client } from "graphql-ws";
import { ADDRESS, CSRF } from "./api";

type Values = Record<string, unknown>;
type Result = ExecutionResult<Values, Values>;

/** The server closes a socket with this code when the credentials do not hold, or hold no longer. */
const FORBIDDEN = 4403;
const ATTEMPTS = 10;

/** A fetcher that calls `onRefused` when the server does not know, or no longer, who we are. */
export function fetcherFor(onRefused: () => void): Fetcher {
  const byHttp = createGraphiQLFetcher({ url: ADDRESS.href, headers: CSRF });
  return async (given, options) => {
    const operation = operationOf(given);
    const params = operation ? { ...given, operationName: operation.name?.value } : given;
    const results =
      operation?.operation === "subscription"
        ? events(params, options?.headers ?? {}, onRefused)
        : await byHttp(params, options);
    return isAsyncIterable(results) ? watched(results as AsyncIterable<Result>, onRefused) : results;
  };
}

/**
 * The operation that is meant; undefined if nobody can say. GraphiQL takes a moment to note a change of the
 * editor, so the name and the parsed document that it hands over can be those of the text before.
 */
function operationOf({ query, operationName }: FetcherParams): OperationDefinitionNode | undefined {
  try {
    const document = parse(query);
    return getOperationAST(document, operationName) ?? getOperationAST(document) ?? undefined;
  } catch {
    return undefined; // the server says what is wrong with it
  }
}

async function* watched(results: AsyncIterable<Result>, onRefused: () => void) {
  for await (const result of results) {
    if (result.errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED")) onRefused();
    yield result;
  }
}

/** The results of a subscription, on a socket of its own: by the token in the headers, or else the cookie. */
async function* events(params: FetcherParams, headers: Values, onRefused: () => void) {
  const client = createClient({
    url: ADDRESS.href.replace(/^http/, "ws"),
    connectionParams: headers,
    retryAttempts: ATTEMPTS,
    shouldRetry: (end) => end instanceof CloseEvent && end.code !== FORBIDDEN,
  });
  try {
    yield* resumed(client, params);
  } catch (error) {
    if (Array.isArray(error)) yield { errors: error } as Result;
    else throw told(error, onRefused);
  } finally {
    await client.dispose();
  }
}

/** After a break of the connection the same operation is sent again, with the last cursor as `$after`. */
async function* resumed(client: Client, params: FetcherParams) {
  const variables: Values = { ...params.variables };
  for await (const result of client.iterate<Values>({ ...params, variables })) {
    variables.after = cursorIn(result) ?? variables.after;
    yield result as Result;
  }
}

function cursorIn(result: { data?: Values | null }): string | undefined {
  const [event] = Object.values(result.data ?? {}) as { cursor?: string }[];
  return event?.cursor;
}

/** What ended a subscription, in words. */
function told(error: unknown, onRefused: () => void): unknown {
  if (!(error instanceof CloseEvent)) return error;
  if (error.code !== FORBIDDEN)
    return new Error(`The connection was closed (${error.code}). ${error.reason}`);
  onRefused();
  return new Error(error.reason || "Your credentials do not hold; sign in again.");
}
