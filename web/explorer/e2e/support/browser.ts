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
  /** Origins that the page may ask. Any other request is a fault of the page. */
  readonly origins: readonly string[];
}

export interface Watched {
  readonly page: Page;
  /** Errors of scripts, violations of the policy, and requests to other origins. */
  readonly faults: string[];
  close(): Promise<void>;
}

const HEIGHTS: Readonly<Record<number, number>> = { 390: 844 };

/** Opens a page of its own, with its own storage, and notes everything that goes wrong in it. */
export async function openPage(browser: Browser, { width = 1280, scheme = 'light', origins }: PageOptions): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width, height: HEIGHTS[width] ?? 800 },
    colorScheme: scheme,
  });
  // a busy machine is no fault of the page
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const { url } = message.location();
    // a file such as schema.graphql names no icon, so the browser sometimes asks for this one
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
