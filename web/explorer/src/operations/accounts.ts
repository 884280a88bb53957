import { want, type Ready } from './ready';

const money = 'Credit and books';
const tree = 'Accounts and shops';
const prices = 'Tariffs';
const login = 'Login';

const CSV = `prefix,destination,rate_per_minute,connection_fee,initial_increment,increment
351,Portugal,0.25,0,60,6
1,United States,0.10,0,60,6
`;

export const ACCOUNTS: readonly Ready[] = [
  {
    group: money,
    title: 'Top up a child’s credit',
    variables: {
      input: {
        accountId: want('child'),
        amount: { amount: '100.00', currency: want('currency') },
        note: 'bank transfer',
        idempotencyKey: want('key'),
      },
    },
    document: `mutation TopUp($input: TopUpInput!) {
  topUp(input: $input) {
    balance { amount currency }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: money,
    title: 'Warn below an amount of credit',
    variables: { input: { accountId: want('child'), amount: '50.00' } },
    document: `mutation WarnBelow($input: SetLowCreditInput!) {
  setLowCredit(input: $input) {
    account { id lowCredit { amount } }
    callshop { id lowCredit { amount } }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: money,
    title: 'The ledger of an account',
    variables: { accountId: want('account'), book: 'CREDIT' },
    document: `query LedgerPage($accountId: ID!, $book: LedgerBook!) {
  ledgerBalances(accountId: $accountId, book: $book) { amount currency }
  ledger(accountId: $accountId, book: $book, first: 20) {
    nodes { at kind amount { amount currency } note counterparts { account book amount { amount } } }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    group: money,
    title: 'Who changed what',
    variables: { accountId: want('account') },
    document: `query AuditPage($accountId: ID!) {
  auditLog(accountId: $accountId, first: 20) {
    nodes { at action objectType user { id displayName } changes { field before after } }
  }
}
`,
  },
  {
    group: tree,
    title: 'Accounts and callshops below me',
    variables: {},
    document: `query BelowMe {
  accounts(first: 50) { nodes { id kind name code balance { amount currency } held { amount } suspendedAt } }
  callshops(first: 50) { nodes { id name code balance { amount currency } held { amount } suspendedAt } }
}
`,
  },
  {
    group: tree,
    title: 'Create a callshop',
    variables: {
      input: {
        name: 'Callshop Luz',
        owner: { name: want('name'), displayName: 'Otto', password: want('password') },
      },
    },
    document: `# A reseller's shop. The platform and distributors also name the reseller, as "parentId".
mutation CreateCallshop($input: CreateCallshopInput!) {
  createCallshop(input: $input) {
    callshop { id name code currency timeZone }
    owner { id login }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: tree,
    title: 'Create phones for a shop',
    variables: { input: { callshopId: want('callshop'), count: 1 } },
    document: `# The secrets are shown only once.
mutation CreatePhones($input: CreatePhonesInput!) {
  createPhones(input: $input) {
    phones { phone { id sipUser realm } secret }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: prices,
    title: 'My tariffs and their versions',
    variables: {},
    document: `query MyTariffs {
  tariffs(first: 20) {
    nodes {
      id
      name
      currency
      activeVersion { id number rateCount activeFrom }
      versions(first: 5) { nodes { id number state rateCount note } }
    }
  }
}
`,
  },
  {
    group: prices,
    title: 'Create a tariff',
    variables: { input: { name: 'Counter 2', currency: want('currency') } },
    document: `mutation CreateTariff($input: CreateTariffInput!) {
  createTariff(input: $input) {
    tariff { id name currency }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: prices,
    title: 'Import a tariff from CSV',
    variables: { input: { tariffId: want('tariff'), csv: CSV, mode: 'MERGE', dryRun: false, note: 'from the explorer' } },
    document: `# Makes a draft. With "dryRun": true it only reports what would change.
mutation ImportTariff($input: ImportTariffInput!) {
  importTariff(input: $input) {
    version { id number state rateCount }
    changes { added raised lowered changed removed unchanged }
    problems { line column severity code message }
    margin { total warnings { prefix destination retailPerMinute costPerMinute } }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: prices,
    title: 'Activate a draft',
    variables: { input: { versionId: want('draftVersion') } },
    document: `mutation ActivateDraft($input: ActivateTariffVersionInput!) {
  activateTariffVersion(input: $input) {
    version { id number state activeFrom }
    margin { total }
    userErrors { code message }
  }
}
`,
  },
  {
    group: login,
    title: 'Who am I?',
    variables: {},
    document: `query WhoAmI {
  viewer { id login displayName role createdAt }
}
`,
  },
  {
    group: login,
    title: 'Log in, as a mutation',
    variables: { input: { login: 'ana@…', password: '' } },
    document: `# “Log in” at the top right does this and sends the token with each request.
mutation LogIn($input: LoginInput!) {
  login(input: $input) {
    accessToken
    accessTokenExpiresAt
    refreshToken
    viewer { id displayName role }
    userErrors { code message }
  }
}
`,
  },
];
