// The one way in which this page speaks to its server over HTTP.

/** GraphQL lies beside this page, whatever path a proxy puts in front. */
export const ADDRESS = new URL("graphql", location.href.split("?")[0]);

/** What proves that a page of this server asks, not another site that made the browser do so. */
export const CSRF = { "X-Labelgraph-Csrf": "1" };

/** The data of an operation; throws an Error with what the server said. */
export async function ask<Data>(query: string, variables: object = {}): Promise<Data> {
  const response = await fetch(ADDRESS, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...CSRF },
    body: JSON.stringify({ query, variables }),
  });
  const answer = await response.json().catch(() => ({ errors: [{ message: response.statusText }] }));
  if (answer.errors?.length) throw new Error(answer.errors[0].message);
  return answer.data;
}
