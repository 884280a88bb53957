import { want, type Ready } from './ready';

const group = 'A customer’s visit';
const idempotencyKey = want('key');
const openSession = want('openSession');

/** Operations at the counter, in the order of a customer's visit. */
export const COUNTER: readonly Ready[] = [
  {
    group,
    title: 'Quote a price',
    variables: { callshopId: want('callshop'), number: '+351912345678', amount: '10.00' },
    document: `query QuotePrice($callshopId: ID!, $number: String, $amount: Decimal) {
  quote(callshopId: $callshopId, number: $number, amount: $amount) {
    formattedNumber
    destination
    pricePerMinute { amount currency }
    connectionFee { amount }
    initialIncrement
    increment
    seconds
    userErrors { code message }
  }
}
`,
  },
  {
    group,
    title: 'Open a cabin',
    variables: {
      input: { cabinId: want('freeCabin'), customer: 'Dona Maria', spendingLimit: '20.00', idempotencyKey },
    },
    document: `mutation OpenCabin($input: OpenCabinInput!) {
  openCabin(input: $input) {
    session { id state mode customer spendingLimit { amount currency } cabin { id number state } }
    userErrors { code field message }
  }
}
`,
  },
  {
    group,
    title: 'Change a customer’s limits',
    variables: { input: { sessionId: openSession, spendingLimit: '30.00', timeLimitSeconds: 3600 } },
    document: `mutation ChangeLimits($input: UpdateSessionLimitsInput!) {
  updateSessionLimits(input: $input) {
    session { id spendingLimit { amount } timeLimitSeconds }
    userErrors { code field message }
  }
}
`,
  },
  {
    group,
    title: 'Add an item to the bill',
    variables: {
      input: { sessionId: openSession, description: 'Coffee', quantity: 1, unitPrice: '4.50', idempotencyKey },
    },
    document: `mutation AddItem($input: AddSessionItemInput!) {
  addSessionItem(input: $input) {
    session { id items { itemId description quantity amount { amount } } }
    userErrors { code field message }
  }
}
`,
  },
  {
    group,
    title: 'Give a discount',
    variables: { input: { sessionId: openSession, amount: '0.50', reason: 'regular customer', idempotencyKey } },
    document: `mutation GiveDiscount($input: ApplyDiscountInput!) {
  applyDiscount(input: $input) {
    session { id discounts { itemId description amount { amount } } }
    userErrors { code field message }
  }
}
`,
  },
  {
    group,
    title: 'Hang up a call',
    variables: { input: { callId: want('liveCall') } },
    document: `mutation HangUp($input: HangUpCallInput!) {
  hangUpCall(input: $input) {
    call { id state endedBy }
    userErrors { code message }
  }
}
`,
  },
  {
    group,
    title: 'Move a customer to another cabin',
    variables: { input: { sessionId: want('unusedSession'), cabinId: want('otherFreeCabin') } },
    document: `mutation MoveCustomer($input: MoveSessionInput!) {
  moveSession(input: $input) {
    session { id cabin { id number state } }
    userErrors { code message }
  }
}
`,
  },
  {
    group,
    title: 'Close a cabin',
    variables: { input: { cabinId: want('occupiedCabin') } },
    document: `mutation CloseCabin($input: CloseCabinInput!) {
  closeCabin(input: $input) {
    session { id state total { amount currency } amountDue { amount } }
    userErrors { code message }
  }
}
`,
  },
  {
    group,
    title: 'The statement: what a customer pays for',
    variables: { sessionId: want('billedSession') },
    document: `query SessionStatement($sessionId: ID!) {
  statement(sessionId: $sessionId) {
    calls { number destination startedAt talkSeconds billedSeconds amount { amount } }
    totalsByDestination { destination calls billedSeconds amount { amount } }
    items { description quantity amount { amount } }
    discounts { description amount { amount } }
    rounding { amount }
    total { amount currency }
    deposit { amount }
    amountDue { amount }
    refundDue { amount }
  }
}
`,
  },
  {
    group,
    title: 'Settle: take the payment',
    variables: {
      input: {
        sessionId: want('closedSession'),
        payments: [{ method: 'CASH', amount: want('amountDue') }],
        idempotencyKey,
      },
    },
    document: `mutation Settle($input: SettleSessionInput!) {
  settleSession(input: $input) {
    session { id state receiptNumber }
    change { amount currency }
    receipt(format: TEXT_58) { number text }
    userErrors { code field message }
  }
}
`,
  },
  {
    group,
    title: 'Print a receipt again',
    variables: { sessionId: want('settledSession'), format: 'TEXT_58' },
    document: `query ReprintReceipt($sessionId: ID!, $format: ReceiptFormat!) {
  receipt(sessionId: $sessionId, format: $format) { number reprint text }
}
`,
  },
  {
    group,
    title: 'Refund a customer',
    variables: { input: { sessionId: want('settledSession'), amount: '0.10', reason: 'wrong number', idempotencyKey } },
    document: `mutation RefundCustomer($input: RefundSessionInput!) {
  refundSession(input: $input) {
    session { id refunded { amount currency } payments { kind method amount { amount } reason } }
    userErrors { code field message }
  }
}
`,
  },
  {
    group,
    title: 'Open a cabin with a deposit',
    variables: {
      input: { cabinId: want('freeCabin'), mode: 'PREPAID', deposit: { amount: '10.00', method: 'CASH' }, idempotencyKey },
    },
    document: `mutation OpenPrepaidCabin($input: OpenCabinInput!) {
  openCabin(input: $input) {
    session { id state mode deposit { amount currency } cabin { id number } }
    userErrors { code field message }
  }
}
`,
  },
  {
    group,
    title: 'Void a session opened by mistake',
    variables: { input: { sessionId: want('unusedSession'), idempotencyKey } },
    document: `mutation VoidSession($input: VoidSessionInput!) {
  voidSession(input: $input) {
    session { id state }
    userErrors { code message }
  }
}
`,
  },
];
