// Runs graphql-http's audit suite against a GraphQL endpoint: node audit.mjs URL
import { serverAudits } from 'graphql-http';

const url = process.argv[2];
const results = await Promise.all(serverAudits({ url }).map((audit) => audit.fn()));
const failed = results.filter((result) => result.status !== 'ok');
for (const { id, name, reason } of failed) console.error(`${id} ${name}: ${reason}`);
console.log(`${results.length - failed.length} of ${results.length} audits passed`);
process.exit(failed.length > 0 || results.length < 61 ? 1 : 0);
