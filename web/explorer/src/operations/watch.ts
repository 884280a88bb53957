import { want, type Ready } from './ready';

const group = 'Watch';
const callshopId = want('callshop');

export const WATCH: readonly Ready[] = [
  {
    group,
    title: 'The board: cabins and live calls',
    variables: { callshopId },
    document: `query Board($callshopId: ID!) {
  callshop(id: $callshopId) { name currency suspendedAt }
  currentRegister(callshopId: $callshopId) { number openedAt }
  cabins(callshopId: $callshopId, first: 50) {
    nodes {
      id
      number
      label
      state
      phoneOnline
      currentSession { id customer openedAt spendingLimit { amount } }
    }
  }
  liveCalls(callshopId: $callshopId) {
    id
    cabinId
    numberFormatted
    destination
    state
    elapsedSeconds
    cost { amount currency }
  }
}
`,
  },
  {
    group,
    title: 'Live calls, every second',
    variables: { callshopId, everySeconds: 1 },
    document: `subscription LiveCalls($callshopId: ID!, $everySeconds: Int! = 1) {
  liveCalls(callshopId: $callshopId, everySeconds: $everySeconds) {
    asOf
    calls {
      id
      cabinId
      numberFormatted
      destination
      state
      elapsedSeconds
      cost { amount currency }
    }
  }
}
`,
  },
  {
    group,
    title: 'Everything that happens in the shop',
    variables: { callshopId, after: null },
    document: `# Pass a message's cursor as "after" to resume there.
subscription ShopActivity($callshopId: ID!, $after: String) {
  callshopActivity(callshopId: $callshopId, after: $after) {
    cursor
    cursorExpired
    snapshot {
      asOf
      cabins { id number state }
      liveCalls { id cabinId number destination }
    }
    event {
      seq
      at
      kind
      cabinId
      sessionId
      call { id numberFormatted destination state elapsedSeconds cost { amount currency } }
    }
  }
}
`,
  },
  {
    group,
    title: 'Everything that happens in one cabin',
    variables: { cabinId: want('occupiedCabin'), after: null },
    document: `subscription OneCabin($cabinId: ID!, $after: String) {
  cabinActivity(cabinId: $cabinId, after: $after) {
    cursor
    snapshot { asOf cabin { id number state } liveCalls { id number destination } }
    event { at kind call { id numberFormatted state elapsedSeconds cost { amount currency } } }
  }
}
`,
  },
  {
    group,
    title: 'Credit, whenever it changes',
    variables: { accountId: want('account'), everySeconds: 2 },
    document: `subscription Credit($accountId: ID!, $everySeconds: Int! = 2) {
  balance(accountId: $accountId, everySeconds: $everySeconds) {
    balance { amount currency }
    held { amount }
    available { amount }
    low
  }
}
`,
  },
  {
    group,
    title: 'Problems that need a person',
    variables: { accountId: want('account') },
    document: `query Problems($accountId: ID!) {
  problems(accountId: $accountId) {
    kind
    problems { since text callshop objectId }
    more
  }
}
`,
  },
];
