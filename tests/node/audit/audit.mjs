// The audit of graphql-http against a running server: [{ id, name, status, reason, code }, …], one for each audit.
import { serverAudits } from 'graphql-http'

const { url } = JSON.parse(process.argv[2])
const found = []
for (const audit of serverAudits({ url })) {
  const { status, reason, response } = await audit.fn()
  found.push({ id: audit.id, name: audit.name, status, reason, code: response?.status })
}
console.log(JSON.stringify(found))
