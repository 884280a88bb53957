import { parseMoney } from '@callshop/client';
import type { DerivationFieldsFragment, DeriveTariffInput } from './generated.js';
import { decimalOf, parseAmount, typedDecimal } from '../lib/money.js';

/** In the list of sources, the value that stands for the prices that the account itself pays. */
export const OWN_COST = 'own';

export type RoundingChoice = 'exact' | 'toEnding' | 'toStep';

/** What a person has entered about a derivation. An empty text means that the value was omitted. */
export interface DeriveForm {
  readonly name: string;
  readonly source: string;
  readonly percent: string;
  readonly addition: string;
  readonly minimumMargin: string;
  readonly rounding: RoundingChoice;
  readonly roundTo: string;
  readonly automatic: boolean;
}

/** Name of a field that takes a decimal. */
export type DecimalField = 'percent' | 'addition' | 'minimumMargin' | 'roundTo';

/** The form for a derivation that exists, or for a new one. */
export function formOf(derivation: DerivationFieldsFragment | null, locale: string): DeriveForm {
  if (derivation === null) {
    return { name: '', source: OWN_COST, percent: '', addition: '', minimumMargin: '', rounding: 'exact', roundTo: '', automatic: false };
  }
  const { ownCost, source, percent, addition, minimumMargin, priceEnding, priceStep, automatic } = derivation;
  const typed = (value: string | null): string => (value === null ? '' : typedDecimal(value, locale));
  return {
    name: '',
    source: ownCost || source === null ? OWN_COST : source.id,
    percent: typed(percent),
    addition: parseMoney(addition) === 0n ? '' : typed(addition.amount),
    minimumMargin: typed(minimumMargin?.amount ?? null),
    rounding: priceEnding !== null ? 'toEnding' : priceStep === null ? 'exact' : 'toStep',
    roundTo: typed(priceEnding ?? priceStep),
    automatic,
  };
}

type Rule = Omit<DeriveTariffInput, 'tariffId' | 'name' | 'idempotencyKey'>;

/** Converts the form to the input of the API, or names the fields that are not decimals. */
export function ruleOf(form: DeriveForm): Rule | ReadonlySet<DecimalField> {
  const wrong = new Set<DecimalField>();
  const read = (field: DecimalField): string | null => {
    const text = form[field].trim();
    if (text === '') return null;
    const micros = parseAmount(text);
    if (micros === null) wrong.add(field);
    return micros === null ? null : decimalOf(micros);
  };
  const [percent, addition, minimumMargin] = [read('percent'), read('addition'), read('minimumMargin')];
  const roundTo = form.rounding === 'exact' ? null : read('roundTo');
  if (form.rounding !== 'exact' && roundTo === null) wrong.add('roundTo');
  if (wrong.size > 0) return wrong;
  return {
    source: form.source === OWN_COST ? { ownCost: true } : { tariffId: form.source },
    percent,
    addition,
    minimumMargin,
    priceEnding: form.rounding === 'toEnding' ? roundTo : null,
    priceStep: form.rounding === 'toStep' ? roundTo : null,
    automatic: form.automatic,
  };
}

export function isWrong(rule: Rule | ReadonlySet<DecimalField>): rule is ReadonlySet<DecimalField> {
  return rule instanceof Set;
}
