import { URL, fileURLToPath } from 'node:url';
import graphql from '@graphql-eslint/eslint-plugin';

const schema = fileURLToPath(new URL('../schema.graphql', import.meta.url));

/** Messages of subscriptions. A cursor, or `Activity.seq`, gives a message's position. */
const messages = ['AccountActivity', 'AccountFeed', 'Activity', 'CabinActivity', 'CabinSnapshot', 'CallshopActivity', 'CallshopSnapshot', 'CustomerScreen', 'LiveCalls', 'ScreenCall'];
/** Rows of lists. A cursor or a field such as `movementId` identifies a row, because only nodes may have a field `id`. */
const rows = ['AuditChange', 'AuditEntry', 'CashMovement', 'LedgerCounterpart', 'LedgerEntry', 'Price', 'Rate', 'RateChange', 'ReportGroup', 'WebhookDelivery'];
/** Values that are not rows: amounts, settings, and results that are computed for one response. */
const values = [
  'AccountStatement', 'AccountStatementLine', 'AttendantDay', 'AttendantSales', 'Balance', 'BandPrice', 'CabinSales', 'CallCost', 'ChargeExplanation', 'ChargeStep', 'DayFigures', 'DayMethod', 'DaySummary',
  'DeckAnswer', 'DeckGuess', 'DeckProblem', 'DeckQuestion', 'DeckSetAside', 'DestinationSales', 'DestinationTotal', 'DialPlan', 'DrawerAmount', 'LevelCharge', 'MarginGuard', 'MarginWarning', 'MethodReport', 'Money', 'OpenItem',
  'MessageParam', 'PageInfo', 'Payment', 'PaymentReference', 'PhoneSecret', 'PixCode', 'PrintedBill', 'Problem', 'ProblemGroup', 'Quote', 'RateChanges', 'Receipt', 'RegisterReport', 'Report',
  'ReportFigures', 'Screen', 'SessionItem', 'Statement', 'StatementCall', 'StatementLine', 'TariffDerivation', 'TariffImpact', 'TariffImportChanges', 'TimeBand', 'UserError',
];

/** Lints `schema.graphql`. Run it in the repository's root, since ESLint ignores files above its own folder. */
export default [
  {
    files: ['schema.graphql'],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema } } },
    plugins: { '@graphql-eslint': graphql },
    rules: {
      ...graphql.configs['flat/schema-recommended'].rules,
      ...graphql.configs['flat/schema-relay'].rules,
      '@graphql-eslint/strict-id-in-types': ['error', { exceptions: { suffixes: ['Connection', 'Edge', 'Payload'], types: [...messages, ...rows, ...values] } }],
      // Short lists with a fixed limit, such as a cabin's live calls, need no pages. The rows of some lists are not nodes (see above).
      '@graphql-eslint/relay-edge-types': ['error', { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false }],
      // The rule reports `Call.callshop` as a repetition of "call", and `Price.pricePerMinute`, whose name is the same as in `Call`.
      '@graphql-eslint/no-typename-prefix': 'off',
    },
  },
];
