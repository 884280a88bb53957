import jsQR from 'jsqr';
import type { Browser } from 'playwright-core';

/** Reads the QR code in a picture, as a phone's camera would. */
export async function readQr(browser: Browser, png: Buffer): Promise<string | null> {
  // decode the picture in a separate page, because the console's policy would forbid it
  const page = await browser.newPage();
  const { width, height, pixels } = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    if (context === null) throw new Error('There is no canvas.');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return { width: bitmap.width, height: bitmap.height, pixels: Array.from(data) };
  }, png.toString('base64'));
  await page.close();
  return jsQR(Uint8ClampedArray.from(pixels), width, height)?.data ?? null;
}

/** The checksum of a Pix code: CRC-16 with the polynomial 0x1021, starting from 0xFFFF. */
function crc16(text: string): string {
  let crc = 0xffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc.toString(16).toUpperCase().padStart(4, '0');
}

/** The fields of a Pix code by their number. Fails if the checksum is wrong. */
export function pixFields(code: string): ReadonlyMap<string, string> {
  const sum = crc16(code.slice(0, -4));
  if (sum !== code.slice(-4)) throw new Error(`The check sum is ${sum}, not ${code.slice(-4)}.`);
  const fields = new Map<string, string>();
  for (let at = 0; at < code.length; ) {
    const length = Number(code.slice(at + 2, at + 4));
    fields.set(code.slice(at, at + 2), code.slice(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}
