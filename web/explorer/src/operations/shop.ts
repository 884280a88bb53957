import { want, type Ready } from './ready';

const callshopId = want('callshop');
const idempotencyKey = want('key');

const register = 'The register';
const history = 'Calls and sessions';
const office = 'The shop';

export const SHOP: readonly Ready[] = [
  {
    group: register,
    title: 'Open the register',
    variables: { input: { callshopId, float: '100.00', idempotencyKey } },
    document: `mutation OpenRegister($input: OpenRegisterInput!) {
  openRegister(input: $input) {
    shift { id number openedAt }
    cabins { id number state }
    userErrors { code message }
  }
}
`,
  },
  {
    group: register,
    title: 'Put cash in, or take it out',
    variables: { input: { callshopId, kind: 'PAY_IN', amount: '50.00', reason: 'change', idempotencyKey } },
    document: `mutation MoveCash($input: RecordCashMovementInput!) {
  recordCashMovement(input: $input) {
    movement { kind amount { amount } reason at }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: register,
    title: 'X report: the shift so far',
    variables: { callshopId },
    document: `query ShiftSoFar($callshopId: ID!) {
  xReport(callshopId: $callshopId) {
    shiftNumber
    at
    methods { method float { amount } sales { amount } refunds { amount } expected { amount } }
    salesTotal { amount currency }
    salesByDestination { destination calls amount { amount } }
    openItems { cabinNumber state customer total { amount } }
  }
}
`,
  },
  {
    group: register,
    title: 'Close the register',
    variables: {
      input: {
        callshopId,
        counts: [{ method: 'CASH', amount: '150.00' }],
        carryOver: want('unpaidSessions'),
        idempotencyKey,
      },
    },
    document: `# Every cabin must be closed. Unpaid sessions are carried over to the next shift.
mutation CloseRegister($input: CloseRegisterInput!) {
  closeRegister(input: $input) {
    shift {
      id
      number
      zReport { salesTotal { amount currency } methods { method expected { amount } counted { amount } variance { amount } } }
    }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: register,
    title: 'Shifts and their Z reports',
    variables: { callshopId },
    document: `query Shifts($callshopId: ID!) {
  registerShifts(callshopId: $callshopId, first: 10) {
    nodes {
      id
      number
      openedAt
      closedAt
      zReport { salesTotal { amount currency } methods { method expected { amount } counted { amount } variance { amount } } }
    }
  }
}
`,
  },
  {
    group: history,
    title: 'The latest calls',
    variables: { callshopId, first: 20 },
    document: `query LatestCalls($callshopId: ID!, $first: Int) {
  calls(callshopId: $callshopId, first: $first) {
    nodes {
      id
      numberFormatted
      destination
      state
      answeredAt
      elapsedSeconds
      billedSeconds
      cost { amount currency }
      refusal
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    group: history,
    title: 'Unpaid sessions',
    variables: { callshopId, states: ['CLOSING', 'CLOSED'] },
    document: `query UnpaidSessions($callshopId: ID!, $states: [SessionState!]) {
  sessions(callshopId: $callshopId, filter: { states: $states }, first: 20) {
    nodes { id state customer closedAt amountDue { amount currency } cabin { id number } }
  }
}
`,
  },
  {
    group: history,
    title: 'Explain a charge',
    variables: { callId: want('endedCall') },
    document: `query ExplainCharge($callId: ID!) {
  explainCharge(callId: $callId) {
    measuredSeconds
    levels { account tariff destination billedSeconds charge { amount currency } steps { text } }
  }
}
`,
  },
  {
    group: office,
    title: 'Prices: a page of the list',
    variables: { callshopId, search: { destination: 'Portugal' } },
    document: `query PricePage($callshopId: ID!, $search: RateSearchInput) {
  priceList(callshopId: $callshopId, search: $search, first: 20) {
    nodes { prefix destination pricePerMinute { amount currency } connectionFee { amount } increment blocked }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  },
  {
    group: office,
    title: 'Report by day and destination',
    variables: { accountId: want('account'), from: want('weekAgo'), to: want('today'), groupBy: ['DAY', 'DESTINATION'] },
    document: `query WeekReport($accountId: ID!, $from: NaiveDate!, $to: NaiveDate!, $groupBy: [ReportDimension!]!) {
  report(accountId: $accountId, from: $from, to: $to, groupBy: $groupBy) {
    currency
    total { attempts answered asr acdSeconds billedSeconds revenue { amount } cost { amount } margin { amount } }
    groups(first: 20) {
      nodes { day destination figures { answered billedSeconds revenue { amount } margin { amount } } }
    }
  }
}
`,
  },
  {
    group: office,
    title: 'Create a login for an attendant',
    variables: {
      input: {
        accountId: callshopId,
        role: 'ATTENDANT',
        user: { name: want('name'), displayName: 'Bia', password: want('password') },
      },
    },
    document: `mutation CreateAttendant($input: CreateUserInput!) {
  createUser(input: $input) {
    user { id login role }
    userErrors { code field message }
  }
}
`,
  },
  {
    group: office,
    title: 'Settings of the shop',
    variables: { input: { callshopId, receiptFooter: 'Thank you!', attendantMaxDiscount: '5.00', attendantMaxRefund: '5.00' } },
    document: `mutation ChangeSettings($input: UpdateCallshopSettingsInput!) {
  updateCallshopSettings(input: $input) {
    callshop { id receiptFooter attendantMaxDiscount { amount } attendantMaxRefund { amount } cashStep { amount } }
    userErrors { code field message }
  }
}
`,
  },
];
