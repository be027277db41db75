// PostGraphile 5 in production: its library on node's own server, one process, no GraphiQL, no explaining.
// A request with a token is signed in by one indexed statement, as the floor does it; one without is answered
// for the member whom the environment names, which makes it cheaper than what it stands beside.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { Pool } from "pg";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { DATABASE_URL, LABELGRAPH_HOME, ORGANISATION_ID, USER_ID, PORT } = process.env;
const POOL_SIZE = 10;
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TOKEN = /^Bearer (lg_([0-9A-Za-z]{22})_[0-9A-Za-z]{43})_[0-9A-Za-z]{6}$/;
const WHO = `
select t.organisation_id, t.user_id, t.digest, t.scopes, t.expires_at, t.revoked_at, u.is_disabled
from api_token t
join app_user u on u.id = t.user_id
join member m on m.organisation_id = t.organisation_id and m.user_id = t.user_id
where t.id = $1`;

const pepper = readFileSync(`${LABELGRAPH_HOME}/secret`);
const system = new Pool({ connectionString: DATABASE_URL, max: 4, options: "-c role=labelgraph_relay" });

/** The owner of a token. Throws if it does not hold. */
async function signIn(authorization) {
  const [, body, identity] = TOKEN.exec(authorization) ?? [];
  if (!body) throw new Error("this is no token");
  const digest = createHmac("sha256", pepper).update(body).digest();
  const { rows } = await system.query({ name: "who", text: WHO, values: [uuid(identity)] });
  const [row] = rows;
  const isOver = row?.revoked_at || row?.is_disabled || (row?.expires_at && row.expires_at <= new Date());
  if (!row || isOver || !timingSafeEqual(row.digest, digest) || !row.scopes.includes("READ"))
    throw new Error("this token does not hold");
  return claims(row.organisation_id, row.user_id);
}

/** A UUID from 22 digits of base 62. */
function uuid(digits) {
  let number = 0n;
  for (const digit of digits) number = number * 62n + BigInt(ALPHABET.indexOf(digit));
  return number.toString(16).padStart(32, "0");
}

/** What is set for each transaction. */
function claims(organisationId, userId) {
  return {
    pgSettings: {
      role: "labelgraph_app",
      "app.organisation_id": organisationId,
      "app.user_id": userId,
    },
  };
}

const told = claims(ORGANISATION_ID, USER_ID);

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      connectionString: DATABASE_URL,
      poolConfig: { max: POOL_SIZE },
      schemas: ["bench"],
      pubsub: false,
    }),
  ],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
  grafast: {
    explain: false,
    context: ({ node }) => {
      const { authorization } = node.req.headers;
      return authorization ? signIn(authorization) : told;
    },
  },
  schema: { defaultBehavior: "-insert -update -delete" },
});

const server = createServer();
server.keepAliveTimeout = 60_000;
await instance.createServ(grafserv).addTo(server);
server.listen(Number(PORT), "127.0.0.1");
