import { Button, useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { createContext, useContext, useEffect, useState } from "react";
import { signOut, whoami, type Me } from "./account";
import { SignInDialog } from "./sign-in";

const REFUSED = "The server does not know you, or no longer.";

/** Who is signed in, and what can be done about it. `notice` is not null while we ask to sign in. */
export interface AccountState {
  me: Me | null;
  notice: string | null;
  refused: () => void;
  ask: (notice: string) => void;
  settle: (me: Me | null) => void;
}

export const Account = createContext<AccountState | null>(null);

/** The state of the account, for the whole page. */
export function useAccount(): AccountState {
  const [me, setMe] = useState<Me | null>(null);
  const [notice, ask] = useState<string | null>(null);
  useEffect(() => {
    whoami().then(setMe, () => setMe(null));
  }, []);
  return {
    me,
    notice,
    ask,
    refused: () => {
      ask(REFUSED);
      whoami().then(setMe, () => setMe(null));
    },
    settle: (found) => {
      setMe(found);
      ask(null);
    },
  };
}

/** In the corner: who is signed in, with a button to change that. */
export function AccountBar() {
  const { me, notice, ask, settle } = useContext(Account)!;
  const schema = useGraphiQL((state) => state.schema);
  const { introspect } = useGraphiQLActions();
  useEffect(() => {
    if (me && !schema) void introspect();
  }, [me]);
  return (
    <div className="account">
      {me && <span title={`${me.name}, ${me.role}`}>{me.email}</span>}
      {me ? (
        <Button onClick={() => signOut().then(() => settle(null), (error) => ask(error.message))}>
          Sign out
        </Button>
      ) : (
        <Button onClick={() => ask("")}>Sign in</Button>
      )}
      {notice !== null && <SignInDialog notice={notice} onEnd={settle} me={me} />}
    </div>
  );
}
