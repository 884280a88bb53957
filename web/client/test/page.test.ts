// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createClient } from '../src/index.js';
import { browserPage } from '../src/waiting.js';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('in a browser', () => {
  it('knows whether there is a network', () => {
    expect(browserPage.isOnline()).toBe(true);
    vi.spyOn(navigator, 'onLine', 'get').mockReturnValue(false);
    expect(browserPage.isOnline()).toBe(false);
  });

  it('wakes when the network is back, and when a hidden page is seen again', () => {
    const woken = vi.fn();
    const stop = browserPage.onWake(woken);
    window.dispatchEvent(new Event('online'));
    expect(woken).toHaveBeenCalledTimes(1);
    const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toHaveBeenCalledTimes(1);
    visibility.mockReturnValue('visible');
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toHaveBeenCalledTimes(2);
    stop();
    window.dispatchEvent(new Event('online'));
    document.dispatchEvent(new Event('visibilitychange'));
    expect(woken).toHaveBeenCalledTimes(2);
  });

  it('hears when the network goes', () => {
    const gone = vi.fn();
    const stop = browserPage.onOffline(gone);
    window.dispatchEvent(new Event('offline'));
    stop();
    window.dispatchEvent(new Event('offline'));
    expect(gone).toHaveBeenCalledTimes(1);
  });

  it('takes the address of the page for a relative one', () => {
    // a client whose WebSocket address cannot be derived would throw here
    expect(createClient({ url: '/graphql' }).connection.get().state).toBe('idle');
  });
});
