import { decimalOf, roundTo } from './money.js';

const CENTAVO = 10_000n;

/** The check sum of a BR Code: CRC-16 with the polynomial 0x1021, starting from 0xFFFF. */
export function crc16(text: string): string {
  let crc = 0xffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc.toString(16).toUpperCase().padStart(4, '0');
}

/** One field of a BR Code: its number, the length of its value, and the value. */
function field(id: number, value: string): string {
  return `${id.toString().padStart(2, '0')}${value.length.toString().padStart(2, '0')}${value}`;
}

/** Bank apps accept only plain letters in names. */
function plain(text: string, most: number): string {
  const letters = text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[^A-Za-z0-9 ]/g, ' ');
  return letters.replace(/ +/g, ' ').trim().slice(0, most).trim();
}

export interface PixCharge {
  readonly key: string;
  readonly name: string;
  readonly city: string;
  readonly micros: bigint;
  /** Up to 25 letters and digits with which the payment is found again. */
  readonly reference: string;
}

/** The "copia e cola" text of a Pix charge: what the QR code contains. */
export function brCode({ key, name, city, micros, reference }: PixCharge): string {
  const [whole = '0', fraction = ''] = decimalOf(roundTo(micros, CENTAVO)).split('.');
  const account = field(26, field(0, 'br.gov.bcb.pix') + field(1, key));
  const txid = reference.replace(/[^A-Za-z0-9]/g, '').slice(-25) || '***';
  const text = [
    field(0, '01'),
    account,
    field(52, '0000'),
    field(53, '986'),
    field(54, `${whole}.${fraction.padEnd(2, '0')}`),
    field(58, 'BR'),
    field(59, plain(name, 25) || 'CALLSHOP'),
    field(60, plain(city, 15) || 'BRASIL'),
    field(62, field(5, txid)),
    '6304',
  ].join('');
  return text + crc16(text);
}
