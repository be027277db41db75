import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import type { GraphiQLPlugin } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { useState } from "react";
import { Account, AccountBar, useAccount } from "./account-bar";
import { EXAMPLES } from "./examples";
import { ExamplesIcon, ExamplesPane } from "./examples-pane";
import { fetcherFor } from "./fetcher";

const EXAMPLES_PLUGIN: GraphiQLPlugin = {
  title: "Examples",
  icon: ExamplesIcon,
  content: ExamplesPane,
};
const PLUGINS = [EXAMPLES_PLUGIN, HISTORY_PLUGIN];
const FIRST_TABS = [{ query: EXAMPLES[0]!.document }];

/** What GraphiQL has kept of earlier visits. */
const IS_FIRST_VISIT = localStorage.getItem("graphiql:tabState") === null;
/** An operation that somebody shared as `?query=…&variables=…`; it is shown, not sent. */
const SHARED = new URLSearchParams(location.search);

/** GraphiQL for this server, with its sessions and its examples. */
export function Page() {
  const account = useAccount();
  const [fetcher] = useState(() => fetcherFor(account.refused));
  return (
    <Account value={account}>
      <GraphiQL
        fetcher={fetcher}
        plugins={PLUGINS}
        visiblePlugin={IS_FIRST_VISIT ? EXAMPLES_PLUGIN : undefined}
        defaultTabs={SHARED.has("query") ? undefined : FIRST_TABS}
        initialQuery={SHARED.get("query") ?? undefined}
        initialVariables={SHARED.get("variables") ?? undefined}
        defaultEditorToolsVisibility
        inputValueDeprecation
        showPersistHeadersSettings={false}
      >
        <GraphiQL.Logo>
          <AccountBar />
        </GraphiQL.Logo>
      </GraphiQL>
    </Account>
  );
}
