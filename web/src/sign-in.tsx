import { Button, Dialog } from "@graphiql/react";
import { useState, type FormEvent } from "react";
import { signIn, type Me } from "./account";

interface Props {
  notice: string;
  me: Me | null;
  onEnd: (me: Me | null) => void;
}

/** Asks for e-mail and password until they hold or nobody wants to go on. */
export function SignInDialog({ notice, me, onEnd }: Props) {
  const [fault, setFault] = useState("");
  const [isBusy, setIsBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setIsBusy(true);
    try {
      onEnd(await signIn(String(form.get("email")), String(form.get("password"))));
    } catch (error) {
      setFault((error as Error).message);
      setIsBusy(false);
    }
  }

  return (
    <Dialog open onOpenChange={(isOpen) => isOpen || onEnd(me)}>
      <form className="sign-in" onSubmit={submit}>
        <div className="sign-in-head">
          <Dialog.Title>Sign in</Dialog.Title>
          <Dialog.Close type="button" />
        </div>
        <Dialog.Description>{notice || "With the account that you have on this server."}</Dialog.Description>
        <label>
          E-mail
          <input name="email" type="email" autoComplete="username" required autoFocus />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required />
        </label>
        {fault && <p role="alert">{fault}</p>}
        <Button type="submit" disabled={isBusy}>
          Sign in
        </Button>
        <p className="hint">
          With an API token instead, write <code>{'{"Authorization": "Bearer lg_…"}'}</code> under Headers.
        </p>
      </form>
    </Dialog>
  );
}
