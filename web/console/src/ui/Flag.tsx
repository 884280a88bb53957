import type { ReactElement } from 'react';
import { flagOf } from '../lib/country.js';

let supported: boolean | null = null;

/** Whether the system draws flags. Windows, and Linux without an emoji font, draw the two letters side by side, which is wider than a flag. */
function drawsFlags(): boolean {
  if (supported !== null) return supported;
  const context = document.createElement('canvas').getContext('2d');
  if (context === null) return false;
  context.font = '24px sans-serif';
  const [flag, letter] = ['\u{1F1E7}\u{1F1F7}', '\u{1F1E7}'].map((text) => context.measureText(text).width);
  supported = flag !== undefined && letter !== undefined && flag < letter * 1.6;
  return supported;
}

/** The country as a flag, or as its code where the system draws no flags. The destination's name beside it says the same. */
export function Flag({ country }: { readonly country: string | null }): ReactElement | null {
  if (country === null) return null;
  return (
    <span className="flag" aria-hidden="true" data-code={country}>
      {drawsFlags() ? flagOf(country) : country}
    </span>
  );
}
