// The saved operations of web/examples, and values for their variables from the server's own data.
import { ask } from "./api";
import lookups from "../examples/lookups.json";

export interface Example {
  title: string;
  document: string;
}

interface Lookup {
  query: string;
  /** Where in the answer the value may stand; the first place that has one counts. */
  paths: (string | number)[][];
}

const files = import.meta.glob<string>("../examples/*.graphql", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** In the order of their file names; the first line of each is a comment with its title. */
export const EXAMPLES: Example[] = Object.keys(files)
  .sort()
  .map((name) => files[name]!)
  .map((document) => ({ title: document.split("\n")[0]!.replace(/^#\s*/, ""), document }));

/** Variables with which the example runs, as JSON; "" if it has none. Null stands where there are no data yet. */
export async function variablesOf(example: Example): Promise<string> {
  const names = Object.keys(lookups).filter((name) => example.document.includes(`$${name}:`));
  if (names.length === 0) return "";
  const values = await Promise.all(names.map((name) => lookedUp(lookups[name as keyof typeof lookups])));
  return JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i]])), null, 2);
}

async function lookedUp({ query, paths }: Lookup): Promise<unknown> {
  const data = await ask<unknown>(query).catch(() => null);
  const found = paths.map((path) => path.reduce<any>((value, step) => value?.[step], data));
  return found.find((value) => value != null) ?? null;
}
