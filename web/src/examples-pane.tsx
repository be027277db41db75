import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { useContext } from "react";
import { Account } from "./account-bar";
import { EXAMPLES, variablesOf, type Example } from "./examples";

/** A list of operations; each opens in a tab, with variables that fit the data of this server. */
export function ExamplesPane() {
  const { me, ask } = useContext(Account)!;
  const open = useOpen();
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>Each opens in a new tab, ready to be run.</p>
      <ul>
        {EXAMPLES.map((example) => (
          <li key={example.title}>
            <button
              type="button"
              onClick={() => (me ? open(example) : ask("The examples show your data: sign in first."))}
            >
              {example.title}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function useOpen() {
  const { addTab } = useGraphiQLActions();
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  return async (example: Example) => {
    const variables = await variablesOf(example);
    if (queryEditor?.getValue().trim()) addTab();
    queryEditor?.setValue(example.document);
    variableEditor?.setValue(variables);
  };
}

/** A page with lines on it. */
export function ExamplesIcon() {
  return (
    <svg viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" aria-hidden="true">
      <path d="M4 2.75h8l4 4v10.5H4z M12 2.75v4h4 M7 10h6 M7 13.5h6" strokeLinejoin="round" />
    </svg>
  );
}
