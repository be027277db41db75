// Who is signed in, by the session cookie, which scripts cannot read.
import { ask } from "./api";

export interface Me {
  email: string;
  name: string;
  role: string;
}

const ME = "email name role";

/** Who the server takes us for; null: nobody. */
export async function whoami(): Promise<Me | null> {
  return (await ask<{ me: Me | null }>(`query WhoAmI { me { ${ME} } }`)).me;
}

/** Begin a session. Throws an Error that says why it was refused. */
export async function signIn(email: string, password: string): Promise<Me> {
  const { signIn: answer } = await ask<{
    signIn: { me: Me | null; userErrors: { message: string }[] };
  }>(
    `mutation SignIn($input: SignInInput!) {
      signIn(input: $input) { me { ${ME} } userErrors { message } }
    }`,
    { input: { email, password } },
  );
  if (!answer.me) throw new Error(answer.userErrors[0]?.message ?? "That was refused.");
  return answer.me;
}

/** End the session of this browser. */
export async function signOut(): Promise<void> {
  await ask("mutation SignOut { signOut(input: {}) { userErrors { message } } }");
}
