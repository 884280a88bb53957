import { chromium, type Browser, type Page } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
}

export interface PageOptions {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  /** Origins to which the page may send requests. A request to any other origin counts as a fault. */
  readonly origins: readonly string[];
}

export interface Watched {
  readonly page: Page;
  /** Errors of scripts, violations of the policy, and requests to other origins. */
  readonly faults: string[];
  close(): Promise<void>;
}

const HEIGHTS: Readonly<Record<number, number>> = { 390: 844 };

/** Opens a page with its own storage, and records its faults. */
export async function openPage(browser: Browser, { width = 1280, scheme = 'light', origins }: PageOptions): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width, height: HEIGHTS[width] ?? 800 },
    colorScheme: scheme,
  });
  // a long timeout, because a slow machine is not a fault of the page
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const { url } = message.location();
    // ignore the default icon, which the browser requests for files such as schema.graphql
    const isIcon = url.endsWith('/favicon.ico');
    if (!isIcon && (message.type() === 'error' || message.type() === 'warning')) {
      faults.push(`${message.type()}: ${message.text()} ${url}`);
    }
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && !origins.includes(origin)) {
      faults.push(`request to ${request.url()}`);
    }
  });
  return { page, faults, close: () => context.close() };
}
