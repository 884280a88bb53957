import { afterEach, describe, expect, it } from 'vitest';
import { AccountFeedDocument } from '../src/app/generated.js';
import { DisableWebhookDocument, EnableWebhookDocument, FollowDeliveriesDocument, WebhooksDocument } from '../src/webhooks/generated.js';
import { shopOf } from './fixtures.js';
import { answer, fakeClient, type Fake, type Overrides } from './mock.js';
import { find, language, openAt, soon, submit, type Opened } from './page.js';

const LONG = { timeout: 240_000 };
const ACTIVE: Overrides = { 'Webhook.id': 'webhook', 'Webhook.state': 'ACTIVE', 'Webhook.disabledReason': null, 'WebhookConnection.nodes': [{}] };
const PAUSED: Overrides = { ...ACTIVE, 'Webhook.state': 'DISABLED', 'Webhook.disabledReason': 'PAUSED' };

let fake: Fake;
let opened: Opened | null = null;

afterEach(() => {
  opened?.close();
  opened = null;
});

async function open(overrides: Overrides): Promise<void> {
  fake = fakeClient('RESELLER', shopOf(), { 'WebhookDeliveryConnection.nodes': [{}], ...overrides });
  opened = await openAt(fake, await language('en'), '#/webhooks');
}

const asked = (document: unknown) => fake.requests.filter((request) => request.document === document).map(({ variables }) => variables.input);

describe('a webhook', () => {
  it('is paused with one click', LONG, async () => {
    await open(ACTIVE);
    (await find('[data-testid="webhook"] .line-actions .button')).click();
    await soon(() => {
      expect(asked(DisableWebhookDocument)).toEqual([{ webhookId: 'webhook' }]);
      // the page reads the new state
      expect(asked(WebhooksDocument).length).toBe(2);
    });
  });

  it.each([
    ['delivers', 0, false],
    ['skips', 1, true],
  ] as const)('that was paused %s what it has missed', LONG, async (_name, choice, skipMissed) => {
    await open(PAUSED);
    expect(document.querySelector('.choice .warn')?.textContent).toBe('Paused');
    (await find('[data-testid="webhook"] .button-primary')).click();
    await find('[role="dialog"] .option');
    const radio = document.querySelectorAll<HTMLElement>('[role="dialog"] input[type="radio"]')[choice];
    radio?.click();
    await soon(() => {
      expect(radio?.matches(':checked')).toBe(true);
    });
    submit(await find('[role="dialog"] form'));
    await soon(() => {
      expect(asked(EnableWebhookDocument)).toEqual([{ webhookId: 'webhook', skipMissed }]);
      expect(document.querySelector('[role="dialog"]')).toBeNull();
    });
  });
});

it('a webhook that the page shows causes no notice', LONG, async () => {
  await open(ACTIVE);
  const event = (seq: number, subjectId: string): unknown => ({ accountFeed: { cursor: `c${seq}`, event: { seq, kind: 'WEBHOOK_DISABLED', subjectId } } });
  const notices = () => Array.from(document.querySelectorAll('.warnings [role="status"] p'), (notice) => notice.textContent);
  fake.publish(AccountFeedDocument, event(1, 'webhook'));
  fake.publish(AccountFeedDocument, event(2, 'another'));
  await soon(() => {
    expect(notices()).toEqual(['A webhook of your account was paused or disabled.']);
  });
});

describe('the messages of a webhook', () => {
  async function tell(more: Overrides): Promise<void> {
    const overrides = { 'WebhookDelivery.createdAt': '2026-11-30T12:00:00Z', 'WebhookDelivery.seq': 9, ...more };
    fake.publish(FollowDeliveriesDocument, await answer(FollowDeliveriesDocument, { webhookId: 'webhook' }, overrides));
  }
  const lines = () => Array.from(document.querySelectorAll('.deliveries tbody tr'), (line) => line.textContent);

  it('appear and change by themselves, and a failure may have disabled the webhook', LONG, async () => {
    await open(ACTIVE);
    await find('.deliveries');
    expect(fake.subscriptions(FollowDeliveriesDocument)).toBe(1);
    await tell({ 'WebhookDelivery.deliveryId': 'new', 'WebhookDelivery.status': 'PENDING' });
    await soon(() => {
      expect(lines().length).toBe(2);
      expect(lines()[0]).toContain('Event 9Pending');
    });
    expect(asked(WebhooksDocument).length).toBe(1);
    await tell({ 'WebhookDelivery.deliveryId': 'new', 'WebhookDelivery.status': 'FAILED' });
    await soon(() => {
      expect(lines().length).toBe(2);
      expect(lines()[0]).toContain('Event 9Failed');
      expect(asked(WebhooksDocument).length).toBe(2);
    });
  });
});
