// The board query answered by Mercurius with JIT: the same tables, the same query, and the same answer except for the format of ids.
// Two SQL statements per query: the cabins with their sessions, and the last calls of all sessions.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

const [url, currency] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, max: 16 })

const schema = `
  scalar DateTime
  scalar Decimal
  type Money { amount: Decimal! currency: String! }
  type Call {
    id: ID! number: String! destination: String! state: String! answeredAt: DateTime endedAt: DateTime
    elapsedSeconds: Int! cost: Money!
  }
  type Calls { nodes: [Call!]! }
  type Session { id: ID! state: String! openedAt: DateTime! customer: String! calls(first: Int!): Calls! }
  type Cabin { id: ID! number: Int! label: String! state: String! phoneOnline: Boolean currentSession: Session }
  type Cabins { nodes: [Cabin!]! }
  type Query { cabins(callshopId: ID!, first: Int!): Cabins! }
`

const cabins = {
  name: 'cabins',
  text: `SELECT cabin.id, cabin.number, cabin.label, cabin.out_of_service, phone.online, session.id AS session_id, session.state,
    session.opened_at, session.customer,
    (SELECT count(*) FROM call WHERE call.session_id = session.id AND call.state IN ('AUTHORIZED', 'RINGING', 'ANSWERED')) AS live
    FROM cabin LEFT JOIN phone ON phone.id = cabin.phone_id
    LEFT JOIN cabin_session AS session ON session.cabin_id = cabin.id AND session.state IN ('OPEN', 'CLOSING')
    WHERE cabin.callshop_id = $1 AND cabin.retired_at IS NULL ORDER BY cabin.id LIMIT $2`
}

const calls = {
  name: 'calls',
  text: `SELECT last.* FROM unnest($1::uuid[]) AS owner (id) CROSS JOIN LATERAL
    (SELECT id, session_id, number, destination, state, answered_at, ended_at, talk_seconds, charge FROM call
    WHERE session_id = owner.id ORDER BY id DESC LIMIT $2) AS last`
}

const money = micros => ({ amount: (Number(micros) / 1e6).toString(), currency })
const state = row => (Number(row.live) > 0 ? 'IN_CALL' : row.session_id ? 'OPEN' : row.out_of_service ? 'OUT_OF_SERVICE' : 'CLOSED')

const resolvers = {
  DateTime: new (await import('graphql')).GraphQLScalarType({ name: 'DateTime', serialize: at => at.toISOString() }),
  Query: {
    cabins: async (_, { callshopId, first }) => {
      const { rows } = await pool.query({ ...cabins, values: [callshopId, first] })
      const session = row => row.session_id && { id: row.session_id, state: row.state, openedAt: row.opened_at, customer: row.customer }
      return {
        nodes: rows.map(row => ({
          id: row.id, number: row.number, label: row.label, state: state(row), phoneOnline: row.online, currentSession: session(row)
        }))
      }
    }
  }
}

const loaders = {
  Session: {
    calls: async queries => {
      const { rows } = await pool.query({ ...calls, values: [queries.map(({ obj }) => obj.id), queries[0].params.first] })
      const bySession = new Map(queries.map(({ obj }) => [obj.id, { nodes: [] }]))
      for (const row of rows) {
        bySession.get(row.session_id).nodes.push({
          id: row.id, number: `+${row.number}`, destination: row.destination, state: row.state, answeredAt: row.answered_at,
          endedAt: row.ended_at, elapsedSeconds: row.talk_seconds, cost: money(row.charge)
        })
      }
      return queries.map(({ obj }) => bySession.get(obj.id))
    }
  }
}

const app = Fastify()
app.register(mercurius, { schema, resolvers, loaders, jit: 1 })
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
