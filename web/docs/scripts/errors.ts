import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TOP_LEVEL, USER_ERRORS, type Retry } from './errorGuide';
import { page, prose, table } from './markdown';
import { REPOSITORY } from './paths';

/** A code of `userErrors`, with its meaning. */
export interface ErrorCode {
  readonly code: string;
  readonly meaning: string;
}

/** Words in capital letters in the transports that are not error codes, such as HTTP methods and labels of metrics. */
const OTHER_WORDS = new Set(['GET', 'POST', 'PUT', 'ID', 'NONE', 'OTHER']);
const RETRIES: Readonly<Record<Retry, string>> = {
  no: 'no',
  wait: 'after a pause',
  login: 'with a new token',
  network: 'yes',
};

/** The codes of `userErrors`, from the list that defines the server's enum. */
export async function userErrorCodes(): Promise<readonly ErrorCode[]> {
  const source = await readFile(join(REPOSITORY, 'base/src/error.rs'), 'utf8');
  const list = source.slice(source.indexOf('macro_rules! for_each_error_code'));
  return [...list.matchAll(/((?:^\s*\/\/\/.*\n)+)\s*\w+ = "([A-Z_]+)",/gm)].map(([, comment = '', code = '']) => ({
    code,
    meaning: comment.replaceAll(/^\s*\/\/\/ ?/gm, '').trim(),
  }));
}

/** The codes that `extensions.code` of a top-level error may have, apart from those of `userErrors`. */
export async function topLevelCodes(): Promise<readonly string[]> {
  const codes = new Set<string>();
  for (const file of await rustFiles(join(REPOSITORY, 'transport/src'))) {
    const source = (await readFile(file, 'utf8')).split('#[cfg(test)]')[0] ?? '';
    const code = source.replaceAll(/^\s*\/\/.*$/gm, '').replaceAll(/env!\("\w+"\)/g, '');
    for (const [, word = ''] of code.matchAll(/"([A-Z]+(?:_[A-Z]+)*)"/g)) {
      codes.add(word);
    }
  }
  const payload = await readFile(join(REPOSITORY, 'graphql/src/payload.rs'), 'utf8');
  for (const [, word = ''] of payload.matchAll(/\("([A-Z_]+)", /g)) {
    codes.add(word);
  }
  return [...codes].filter((code) => !OTHER_WORDS.has(code)).sort();
}

async function rustFiles(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.rs')).map((name) => join(folder, name)).sort();
}

/** The page of all error codes. Fails if a code has no advice, or if advice has no code. */
export async function errorPage(): Promise<string> {
  const userErrors = await userErrorCodes();
  const topLevel = await topLevelCodes();
  compare('base/src/error.rs', userErrors.map(({ code }) => code), Object.keys(USER_ERRORS));
  compare('the transports and graphql/src/payload.rs', topLevel, Object.keys(TOP_LEVEL));
  const userRows = userErrors.flatMap(({ code, meaning }) => {
    const advice = USER_ERRORS[code];
    return advice === undefined ? [] : [[`\`${code}\``, prose(meaning), advice.remedy, RETRIES[advice.retry]]];
  });
  const topRows = Object.entries(TOP_LEVEL).map(([code, { meaning, status, remedy, retry }]) => [
    `\`${code}\``,
    meaning,
    status,
    remedy,
    RETRIES[retry],
  ]);
  const description = 'Every error code: what it means, what to do, and whether to send the request again.';
  const front = { title: 'Errors', description, isWide: true };
  return page(front, [
    INTRODUCTION,
    '## In `userErrors` {#user-errors}',
    USER_INTRODUCTION,
    table(['Code', 'Meaning', 'What to do', 'Retry'], userRows),
    '## In `errors` {#top-level}',
    TOP_INTRODUCTION,
    table(['Code', 'Meaning', 'HTTP status', 'What to do', 'Retry'], topRows),
    '## Close codes of a WebSocket {#close-codes}',
    'These are on the page about [subscriptions](../guide/subscriptions.md#close-codes).',
  ]);
}

const INTRODUCTION = `There are two kinds of errors. If a mutation cannot do what the user wants, its own field \`userErrors\` says why: nothing was
changed, and the user can correct the cause. Everything else is in the response's \`errors\`, with a code in \`extensions.code\`.

Branch on codes, never on messages. New codes may be added, so treat an unknown code like \`INTERNAL\`.`;

const USER_INTRODUCTION = `Each entry has \`code\`, \`message\` in the [reader's language](../guide/requests.md#languages), \`params\` with the values in the
message, and \`field\`: the path of the input field at fault, outermost name first, empty if the whole input is at fault. The query \`quote\` has \`userErrors\`, too: the reasons why the call would be refused.`;

const TOP_INTRODUCTION = `An error that is found before anything runs gives a response without \`data\`. Its HTTP status depends on the \`Accept\` header: a client that
accepts only \`application/json\` gets 200 for errors in the document and its variables, as the specification of GraphQL over HTTP demands. An error
that a field raises while the operation runs comes with status 200, and its \`path\` names the field.

Queries also give the codes of \`userErrors\` here, for example \`ILLEGAL_STATE\` from \`receipt\`. \`extensions.params\` has the values in the message,
like \`params\` of \`userErrors\`.`;

function compare(place: string, found: readonly string[], described: readonly string[]): void {
  const missing = found.filter((code) => !described.includes(code));
  const extra = described.filter((code) => !found.includes(code));
  if (missing.length > 0 || extra.length > 0) {
    throw new Error(`scripts/errorGuide.ts and ${place} differ. Not described: ${missing.join(', ')}. Not there: ${extra.join(', ')}.`);
  }
}
