// Calling codes with the countries that use them. The longest matching prefix wins. Within +1, +7 and +44, only the areas that are not
// the main country are listed.
const CODES =
  '1US 1204CA 1226CA 1236CA 1242BS 1246BB 1249CA 1250CA 1263CA 1264AI 1268AG 1284VG 1289CA 1306CA 1340VI 1343CA 1345KY 1354CA ' +
  '1365CA 1367CA 1368CA 1382CA 1387CA 1403CA 1416CA 1418CA 1431CA 1437CA 1438CA 1441BM 1450CA 1468CA 1473GD 1474CA 1506CA 1514CA ' +
  '1519CA 1548CA 1579CA 1581CA 1584CA 1587CA 1604CA 1613CA 1639CA 1647CA 1649TC 1658JM 1664MS 1670MP 1671GU 1672CA 1683CA 1684AS ' +
  '1705CA 1709CA 1721SX 1742CA 1753CA 1758LC 1767DM 1778CA 1780CA 1782CA 1784VC 1787PR 1807CA 1809DO 1819CA 1825CA 1829DO 1849DO ' +
  '1867CA 1868TT 1869KN 1873CA 1876JM 1879CA 1902CA 1905CA 1939PR 20EG 211SS 212MA 213DZ 216TN 218LY 220GM 221SN 222MR 223ML 224GN ' +
  '225CI 226BF 227NE 228TG 229BJ 230MU 231LR 232SL 233GH 234NG 235TD 236CF 237CM 238CV 239ST 240GQ 241GA 242CG 243CD 244AO 245GW ' +
  '246IO 247AC 248SC 249SD 250RW 251ET 252SO 253DJ 254KE 255TZ 256UG 257BI 258MZ 260ZM 261MG 262RE 263ZW 264NA 265MW 266LS 267BW ' +
  '268SZ 269KM 27ZA 290SH 291ER 297AW 298FO 299GL 30GR 31NL 32BE 33FR 34ES 350GI 351PT 352LU 353IE 354IS 355AL 356MT 357CY 358FI ' +
  '359BG 36HU 370LT 371LV 372EE 373MD 374AM 375BY 376AD 377MC 378SM 380UA 381RS 382ME 383XK 385HR 386SI 387BA 389MK 39IT 40RO 41CH ' +
  '420CZ 421SK 423LI 43AT 44GB 441481GG 441534JE 441624IM 45DK 46SE 47NO 48PL 49DE 500FK 501BZ 502GT 503SV 504HN 505NI 506CR 507PA ' +
  '508PM 509HT 51PE 52MX 53CU 54AR 55BR 56CL 57CO 58VE 590GP 591BO 592GY 593EC 594GF 595PY 596MQ 597SR 598UY 599CW 60MY 61AU 62ID ' +
  '63PH 64NZ 65SG 66TH 670TL 672NF 673BN 674NR 675PG 676TO 677SB 678VU 679FJ 680PW 681WF 682CK 683NU 685WS 686KI 687NC 688TV 689PF ' +
  '690TK 691FM 692MH 7RU 76KZ 77KZ 81JP 82KR 84VN 850KP 852HK 853MO 855KH 856LA 86CN 880BD 886TW 90TR 91IN 92PK 93AF 94LK 95MM ' +
  '960MV 961LB 962JO 963SY 964IQ 965KW 966SA 967YE 968OM 970PS 971AE 972IL 973BH 974QA 975BT 976MN 977NP 98IR 992TJ 993TM 994AZ ' +
  '995GE 996KG 998UZ';

const byPrefix = new Map<string, string>();
for (const entry of CODES.split(' ')) byPrefix.set(entry.slice(0, -2), entry.slice(-2));

const LONGEST_PREFIX = 6;

/** ISO code of the country of an E.164 number; null for short numbers and for codes of no country. */
export function countryOfNumber(number: string): string | null {
  const digits = number.startsWith('+') ? number.slice(1) : '';
  for (let length = Math.min(LONGEST_PREFIX, digits.length); length > 0; length -= 1) {
    const country = byPrefix.get(digits.slice(0, length));
    if (country !== undefined) return country;
  }
  return null;
}

const names = new Map<string, Intl.DisplayNames>();

function countryNames(locale: string): Intl.DisplayNames {
  const known = names.get(locale);
  if (known !== undefined) return known;
  const made = new Intl.DisplayNames(locale, { type: 'region' });
  names.set(locale, made);
  return made;
}

/** English names, longest first, so that "Guinea-Bissau" is not read as "Guinea". */
let english: readonly (readonly [string, string])[] | null = null;

function englishNames(): readonly (readonly [string, string])[] {
  english ??= [...new Set(byPrefix.values())]
    .map((country) => [countryNames('en').of(country) ?? country, country] as const)
    .sort(([left], [right]) => right.length - left.length);
  return english;
}

export interface Destination {
  readonly country: string | null;
  /** The country's name in the reader's language. If the name names no country, it is left as it is. */
  readonly name: string;
  /** Whether the price list says that these are mobile phones. */
  readonly mobile: boolean;
  /** What else follows the country, such as the network. Empty if nothing does. */
  readonly detail: string;
}

/** A price list names destinations in English. This reads the country at the beginning, so that it can be shown in another language. */
export function readDestination(destination: string, number: string, locale: string): Destination {
  const lower = destination.toLowerCase();
  const match = englishNames().find(
    ([name]) => lower.startsWith(name.toLowerCase()) && !/^[\p{L}-]/u.test(destination.slice(name.length)),
  );
  const country = countryOfNumber(number) ?? match?.[1] ?? null;
  if (match === undefined) return { country, name: destination, mobile: false, detail: '' };
  const rest = destination.slice(match[0].length).replace(/^[\s,–-]+/, '');
  const mobile = /^mobile\b/i.test(rest);
  return {
    country,
    name: countryNames(locale).of(match[1]) ?? destination,
    mobile,
    detail: mobile ? rest.slice('mobile'.length).replace(/^[\s,–-]+/, '') : rest,
  };
}

/** The flag as an emoji: two letters of a special alphabet. */
export function flagOf(country: string): string {
  return String.fromCodePoint(...Array.from(country, (letter) => 0x1f1e6 + letter.charCodeAt(0) - 65));
}

function simple(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

/** A country that somebody typed in their own language, as price lists name it: in English. Anything else stays as it is. */
export function englishDestination(typed: string, locale: string): string {
  const wanted = simple(typed.trim());
  if (wanted === '') return typed;
  const match = englishNames().find(([, country]) => simple(countryNames(locale).of(country) ?? '').startsWith(wanted));
  return match?.[0] ?? typed;
}
