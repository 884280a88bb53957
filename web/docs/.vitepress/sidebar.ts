import type { Listed } from '../scripts/llms';

interface Section {
  readonly text: string;
  readonly items: readonly { readonly text: string; readonly link: string }[];
}

/** Every page of the site, in reading order. */
export const SIDEBAR: readonly Section[] = [
  {
    text: 'Start',
    items: [
      { text: 'What callshop is', link: '/' },
      { text: 'The demo', link: '/start/demo' },
      { text: 'A web page', link: '/start/web' },
      { text: 'A mobile app', link: '/start/mobile' },
      { text: 'A script', link: '/start/script' },
      { text: 'Running a server', link: '/start/operators' },
    ],
  },
  {
    text: 'Guide',
    items: [
      { text: 'Requests and logins', link: '/guide/requests' },
      { text: 'Subscriptions and resume', link: '/guide/subscriptions' },
      { text: 'A day at the counter', link: '/guide/day' },
      { text: 'At the counter', link: '/guide/counter' },
      { text: 'Permissions', link: '/guide/permissions' },
      { text: 'Tokens for programs', link: '/guide/tokens' },
      { text: 'Code generation', link: '/guide/codegen' },
    ],
  },
  {
    text: 'Reference',
    items: [
      { text: 'Schema', link: '/reference/' },
      { text: 'Queries', link: '/reference/queries' },
      { text: 'Mutations', link: '/reference/mutations' },
      { text: 'Subscriptions', link: '/reference/subscriptions' },
      { text: 'Objects', link: '/reference/objects' },
      { text: 'Payloads', link: '/reference/payloads' },
      { text: 'Pages of lists', link: '/reference/pages' },
      { text: 'Interfaces', link: '/reference/interfaces' },
      { text: 'Inputs', link: '/reference/inputs' },
      { text: 'Enums', link: '/reference/enums' },
      { text: 'Scalars', link: '/reference/scalars' },
      { text: 'Errors', link: '/reference/errors' },
      { text: 'Schema changes', link: '/reference/changes' },
    ],
  },
  {
    text: 'Operating',
    items: [
      { text: 'The first shop', link: '/operate/first-shop' },
      { text: 'From a machine to paid calls', link: '/operate/operating' },
      { text: 'Options, logs and metrics', link: '/operate/operations' },
      { text: 'Money', link: '/operate/money' },
      { text: 'Tariffs', link: '/operate/tariffs' },
      { text: 'Rate decks of carriers', link: '/operate/decks' },
      { text: 'Webhooks', link: '/operate/webhooks' },
      { text: 'Exports', link: '/operate/exports' },
      { text: 'Scripts and integrations', link: '/operate/integrators' },
      { text: 'The hook for SIP proxies', link: '/operate/hook' },
      { text: 'Performance', link: '/operate/performance' },
      { text: 'Scaling', link: '/operate/scaling' },
      { text: 'Testing', link: '/operate/testing' },
    ],
  },
];

export const LISTED: readonly Listed[] = SIDEBAR.flatMap(({ text, items }) =>
  items.map((item) => ({ section: text, title: item.text, link: item.link })),
);
